"""`python -m conformance`."""

import os
import sys
from pathlib import Path

if __name__ == "__main__":
    here, ours = Path(sys.path[0] or os.curdir).resolve(), Path(__file__).resolve().parents[1]
    if not sys.flags.safe_path and here == Path.cwd() != ours:
        del sys.path[0]  # `-m` puts the working directory there: what lies in it is judged, and not run

    from conformance.commands.app import main

    main()
