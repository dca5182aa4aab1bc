"""Draws docs/images: the faulty sample's report, and a comparison of three made-up vendors."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from sample import Sample, make

from conformance.commands.compare import compare_folders
from conformance.inputs.options import ChoiceOptions

ROOT = Path(__file__).parent.parent
SAMPLE, IMAGES = ROOT / "reports" / "sample", ROOT / "docs" / "images"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
VENDORS = {
    "vendor-a": (),
    "vendor-b": ("error-flat-envelope", "usage-total-not-sum"),
    "vendor-c": ("stream-done-missing", "finish-reason-end_turn", "error-flat-envelope"),
}
OFFLINE = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic")


def main() -> int:
    """Draw both pictures; 1 where there is no browser."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        print("Chromium was not found; on Debian and Ubuntu: apt install chromium", file=sys.stderr)
        return 1
    IMAGES.mkdir(parents=True, exist_ok=True)
    draw(browser, SAMPLE / "faulty" / "index.html", IMAGES / "report.png", "1280,1120")
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "compare.html")
        for name, faults in VENDORS.items():
            make(Sample(faults, ChoiceOptions(), name), Path(folder, name))
        compare_folders([Path(folder, name) for name in VENDORS], page, quiet=True)
        draw(browser, page, IMAGES / "compare.png", "1280,1120")
    return 0


def draw(browser: str, page: Path, picture: Path, size: str) -> None:
    """A picture of the top of a page."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars", *OFFLINE]
        target = [
            f"--user-data-dir={profile}",
            f"--window-size={size}",
            f"--screenshot={picture}",
            page.as_uri(),
        ]
        subprocess.run([browser, *flags, *target], check=True, capture_output=True, timeout=60)
    print(f"{picture.relative_to(ROOT)}: {picture.stat().st_size // 1024} KB")


if __name__ == "__main__":
    sys.exit(main())
