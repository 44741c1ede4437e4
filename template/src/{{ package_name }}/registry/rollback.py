"""Put the previous champion back: `make rollback`, with STAGE=… and REASON="…".

An emergency exit: nothing is judged, and it works on a machine that has neither data nor what training needs.
Promotions push and rollbacks pop, so two in a row go back two champions; a retired version is passed over.
"""

import argparse

from ..errors import ProjectError, execute
from .events import MODEL
from .publish import publish, synced
from .state import ROLLBACK


def main() -> None:
    """Assign the stage to the version that held it before."""
    parser = argparse.ArgumentParser(prog="rollback", description=__doc__)
    parser.add_argument("--stage", default="champion")
    parser.add_argument("--reason", default="", help="for the history")
    given = parser.parse_args()
    registry = synced()
    now, before = registry.current(given.stage), registry.previous(given.stage)
    if now is None:
        raise ProjectError(f"no version is {given.stage}, so there is nothing to go back from")
    if before is None:
        raise ProjectError(f"{now} is the first {given.stage} that is left: there is nothing to go back to")
    counter = registry.next_counter()
    publish(
        registry,
        f"{MODEL}#{given.stage}#{counter}",
        registry.versions[before].commit,
        f"Roll {given.stage} back from {now} to {before}" + (f": {given.reason}" if given.reason else ""),
        {"kind": ROLLBACK, "stage": given.stage, "version": before, "from": now, "reason": given.reason},
    )
    print(f"{given.stage}: {before} again, instead of {now}")


if __name__ == "__main__":
    execute(main)
