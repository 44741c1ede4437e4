"""Tell MLflow of the run. A server that is away loses nothing: what counts is in Git and DVC."""

import sys

from ..config import ROOT, Config
from ..errors import ProjectError
from ..run import Files, start


def run(config: Config, files: Files) -> None:
    """Log the run that DVC has just made; one by hand, in a folder of its own, was only tried out."""
    if files.run != ROOT:
        return
    from ..tracking.runs import log_run  # imported late, so that --help does not wait for it

    try:
        print(f"track: {log_run(config, files)}")
    except ProjectError as error:
        # A failed stage would cost a finished experiment: DVC keeps none of which one has failed.
        print(f"track: not logged: {error}; the run is kept, and `make mlflow-log` logs it later", file=sys.stderr)


if __name__ == "__main__":
    start(run)
