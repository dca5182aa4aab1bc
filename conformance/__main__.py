"""`python -m conformance`."""

from conformance.commands.app import main

if __name__ == "__main__":
    main()
