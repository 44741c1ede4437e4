"""What is published of a version, in `dist/model/`: its files, cards and lineage: `make bundle MODEL=champion`."""

import argparse
import shutil

from ..errors import execute
from .files import fetch
from .git import ROOT, committed
from .lineage import CARDS, as_json, lineage, markdown
from .state import load

TARGET = ROOT / "dist" / "model"


def main() -> None:
    """Write the folder anew."""
    parser = argparse.ArgumentParser(prog="bundle", description=__doc__)
    parser.add_argument("--model", default="", help="a version, a stage or a tag (default: champion)")
    given = parser.parse_args()
    registry = load()
    version = registry.resolve(given.model or "champion")
    shutil.rmtree(TARGET, ignore_errors=True)
    fetch(registry, version, TARGET)
    commit, known = registry.versions[version].commit, lineage(registry, version)
    for card in CARDS:
        text = committed(commit, card)
        if text is not None:
            (TARGET / card.rpartition("/")[2]).write_text(text, encoding="utf-8")
    (TARGET / "lineage.json").write_text(as_json(known) + "\n", encoding="utf-8")
    (TARGET / "lineage.md").write_text(markdown(known) + "\n", encoding="utf-8")
    print(f"{TARGET.relative_to(ROOT)}: {version}")


if __name__ == "__main__":
    execute(main)
