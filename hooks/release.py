"""Cut a release of the template: `make release VERSION=1.2.3`.

Two commits: the first dates the changelog and is tagged, the second notes in `tests/releases.yml` which commit that
was, so that the update tests can begin at it in a clone without tags.
"""

import argparse
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parent.parent
VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
HEADING = re.compile(r"^## \[(?P<name>[^\]]+)\](?: - \S+)?$", re.MULTILINE)


class RefusedError(Exception):
    """Why there is no release now, and what would do."""


def release(root: Path, version: str, today: str) -> str:
    """Date the changelog, commit, tag, and note the commit.

    Args:
        root: the repository of the template.
        version: such as `1.2.3`, above the last one.
        today: the date of the release, such as `2030-01-31`.

    Returns:
        The name of the tag.

    Raises:
        RefusedError: the version, the changelog or the working tree does not allow it; nothing was changed.
    """
    tag = f"v{version}"
    if not VERSION.fullmatch(version):
        raise RefusedError(f"{version!r} is no version: write three numbers, such as 1.2.3")
    if dirty := git(root, "status", "--porcelain"):
        raise RefusedError(f"the working tree has changes: commit or stash them first\n{dirty}")
    if (branch := git(root, "branch", "--show-current")) != "main":
        raise RefusedError(f"this is the branch {branch or '(none)'}: releases are cut on main")
    if git(root, "tag", "--list", tag):
        raise RefusedError(f"the tag {tag} exists: choose the next version")
    changelog, releases = root / "CHANGELOG.md", root / "tests/releases.yml"
    text = changelog.read_text(encoding="utf-8")
    headings = {found["name"]: found for found in HEADING.finditer(text)}
    earlier = [numbers(name) for name in headings if VERSION.fullmatch(name)]
    if earlier and numbers(version) <= max(earlier):
        raise RefusedError(
            f"{version} is not above {'.'.join(map(str, max(earlier)))}, the last release in CHANGELOG.md"
        )
    if "Unreleased" not in headings:
        raise RefusedError("CHANGELOG.md has no heading `## [Unreleased]`: say there what is new")
    begin = headings["Unreleased"].end()
    after = HEADING.search(text, begin)
    if not text[begin : after.start() if after else None].strip():
        raise RefusedError("CHANGELOG.md says nothing under [Unreleased]: say there what is new")

    dated = f"## [Unreleased]\n\n## [{version}] - {today}"
    changelog.write_text(text[: headings["Unreleased"].start()] + dated + text[begin:], encoding="utf-8")
    project = root / "pyproject.toml"
    named = re.sub(r'(?m)^version = ".*"$', f'version = "{version}"', project.read_text(encoding="utf-8"), count=1)
    project.write_text(named, encoding="utf-8")
    git(root, "commit", "--all", "--quiet", "--message", f"Release {version}")
    git(root, "tag", "--annotate", "--message", f"Release {version}", tag)
    with releases.open("a", encoding="utf-8") as file:
        file.write(f'- {{version: "{version}", commit: {git(root, "rev-parse", "HEAD")}}}\n')
    git(root, "commit", "--all", "--quiet", "--message", f"Test updates from {version}")
    return tag


def numbers(version: str) -> tuple[int, ...]:
    """A version as numbers, to compare."""
    return tuple(int(part) for part in version.split("."))


def git(root: Path, *arguments: str) -> str:
    """Run Git and return what it prints."""
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RefusedError(f"git {arguments[0]} failed: {(done.stderr or done.stdout).strip()}")
    return done.stdout.strip()


def main() -> None:
    """Cut the release that the command line names."""
    parser = argparse.ArgumentParser(prog="make release", description="Cut a release of the template.")
    parser.add_argument("version", help="such as 1.2.3")
    try:
        tag = release(ROOT, parser.parse_args().version, datetime.now(UTC).date().isoformat())
    except RefusedError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    print(f"{tag} is tagged; publish it:  git push --follow-tags")


if __name__ == "__main__":
    main()
