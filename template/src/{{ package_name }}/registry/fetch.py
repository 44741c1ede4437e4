"""Fetch the model of a version by name: `make fetch MODEL=champion`, or MODEL=v1.2.0, into TO=folder.

Works on a machine that has nothing of what training needs: DVC fetches, and every file is compared with the tag.
"""

import argparse
from pathlib import Path

from ..errors import ProjectError, execute
from .files import differences, fetch, hashes, recorded
from .git import ROOT
from .publish import synced


def main() -> None:
    """Fetch into a new folder; one that holds the same files already is fine."""
    parser = argparse.ArgumentParser(prog="fetch", description=__doc__)
    parser.add_argument("--model", default="", help="a version, a stage or a tag (default: champion)")
    parser.add_argument("--to", default="", help="a folder to make (default: outputs/models/VERSION)")
    given = parser.parse_args()
    registry = synced()
    version = registry.resolve(given.model or "champion")
    target = Path(given.to) if given.to else ROOT / "outputs" / "models" / version
    if target.exists():
        wrong = differences(recorded(registry, version), hashes(target))
        if wrong:
            raise ProjectError("\n  ".join([f"{target} exists and is not {version}: name another folder", *wrong]))
    else:
        fetch(registry, version, target.absolute())
    print(f"{target}: {version}, every file as registered")


if __name__ == "__main__":
    execute(main)
