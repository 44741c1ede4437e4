"""Prove that a version is what its tag says: `make audit VERSION=v0.1.0`.

Its files come from the remote and have the registered hashes, its commit holds what the tag says of it, and a clean
clone of that commit gives the same bits again.
"""

import argparse
import tempfile
from pathlib import Path

from ..errors import ProjectError, execute
from ..reproduce import reproduce
from .files import differences, download, hashes, recorded
from .record import describe
from .state import Registry, load


def main() -> None:
    """Exit 1 if anything differs."""
    parser = argparse.ArgumentParser(prog="audit", description=__doc__)
    parser.add_argument("--version", default="", help="a version, a stage or a tag (default: champion)")
    given = parser.parse_args()
    registry = load()
    version = registry.resolve(given.version or "champion")
    wrong = audit(registry, version)
    if wrong:
        raise ProjectError("\n  ".join([f"{version} is not what its tag says:", *wrong]))
    print(f"audit: the files of {version} are in the remote as registered, and its tag says what its commit holds")
    reproduce(registry.versions[version].commit)


def audit(registry: Registry, version: str) -> list[str]:
    """One line for each thing that is not what the tag says.

    Raises:
        ProjectError: the remote lacks a file, or the commit its run.
    """
    event, files = registry.versions[version], recorded(registry, version)
    with tempfile.TemporaryDirectory(prefix="audit-") as folder:
        download(event.commit, Path(folder) / "model", cache=Path(folder) / "cache")
        found = differences(files, hashes(Path(folder) / "model"))
    again = describe(event.commit, files)
    return found + [f"{key}: the commit holds another one" for key in again if again[key] != event.data.get(key)]


if __name__ == "__main__":
    execute(main)
