"""Takes the pictures of the documentation in a browser: `make screenshots`, after `make demo` and its studies."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# The page below build/demo, the picture below docs/images, and the size of the window.
PICTURES = [
    ("reports/report.html", "report.png", (1250, 1700)),
    ("reports/studies.html", "studies.png", (1250, 1620)),
]


def picture(browser: str, page: Path, target: Path, size: tuple[int, int]) -> None:
    """Open a page and save what the window shows.

    Raises:
        FileNotFoundError: the browser has saved nothing.
    """
    with tempfile.TemporaryDirectory() as profile:
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars"]
        quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
        where = [f"--user-data-dir={profile}", f"--screenshot={target}", f"--window-size={size[0]},{size[1]}"]
        target.unlink(missing_ok=True)
        subprocess.run([browser, *flags, *quiet, *where, page.as_uri()], check=True, capture_output=True)
    if not target.exists():
        raise FileNotFoundError(target)


def main() -> None:
    """Take all pictures."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        sys.exit(f"error: no browser: install one of {', '.join(BROWSERS)}")
    for page, name, size in PICTURES:
        path = ROOT / "build/demo" / page
        if not path.exists():
            sys.exit(f"error: {path.relative_to(ROOT)} is missing: make demo, then make studies there")
        picture(browser, path, ROOT / "docs/images" / name, size)
        print(f"docs/images/{name}")


if __name__ == "__main__":
    main()
