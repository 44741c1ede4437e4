"""Where MLflow keeps runs: the server that `MLFLOW_TRACKING_URI` names, or a SQLite file in `tracking/`."""

import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import ROOT
from ..errors import ProjectError

if TYPE_CHECKING:
    from mlflow import MlflowClient


def home(root: Path = ROOT) -> Path:
    """The project, also for an experiment that DVC runs in a folder of its own inside of it."""
    parts = root.parts
    for number in range(len(parts) - 2):
        if parts[number : number + 3] == (".dvc", "tmp", "exps"):
            return Path(*parts[:number])
    return root


def address() -> str:
    """The tracking URI."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{home() / 'tracking' / 'mlflow.db'}"


def shown(text: str = "") -> str:
    """The tracking URI, or a text that may hold it, as it may be printed: without a password."""
    return re.sub(r"//[^/@\s]+@", "//", text or address())


@contextmanager
def connected(package: str) -> Iterator[tuple["MlflowClient", str]]:
    """A client, and the id of the experiment that has the project's name.

    Raises:
        ProjectError: the server does not answer, or not as it should, now or later in the block.
    """
    from mlflow import MlflowClient, set_tracking_uri
    from mlflow.exceptions import MlflowException

    for noisy in ("alembic", "mlflow"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    (home() / "tracking").mkdir(exist_ok=True)
    set_tracking_uri(address())
    client = MlflowClient()
    try:
        found = client.get_experiment_by_name(package)
        artifacts = (home() / "tracking" / "artifacts").as_uri() if address().startswith("sqlite:") else None
        yield client, found.experiment_id if found else client.create_experiment(package, artifacts)
    except (MlflowException, OSError) as error:
        reason = shown(str(error).splitlines()[0][:200])
        if "failed with exception" in reason:  # of the connection, in the words of four libraries
            reason = "nobody is there"
        raise ProjectError(f"MLflow at {shown()} does not answer as it should: {reason}") from error


def main() -> None:
    """Serve the local store on the loopback interface, until it is interrupted."""
    port = sys.argv[1] if len(sys.argv) > 1 else "5000"
    print(f"MLflow with {shown()}: http://127.0.0.1:{port} (Ctrl-C stops it)")
    command = [sys.executable, "-m", "mlflow", "ui", "--host", "127.0.0.1", "--port", port]
    os.environ["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"  # for language models: half a gigabyte
    store = ["--backend-store-uri", address(), "--artifacts-destination", str(home() / "tracking" / "artifacts")]
    try:
        sys.exit(subprocess.run([*command, *store], cwd=home(), check=False).returncode)
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
