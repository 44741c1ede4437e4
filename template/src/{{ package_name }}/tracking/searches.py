"""A search in MLflow: one run for it, and below that one for each trial."""

import argparse
import csv
from pathlib import Path

from ..config import ROOT, read
from ..errors import ProjectError, execute
from ..run import compiled
from .server import connected, shown

TABLES = ROOT / "reports" / "search"
# The columns of a table of trials that are no parameters; between the state and the folds stands the metric.
ABOUT = ("trial", "family", "state", "folds", "trees")


def main() -> None:
    """Log the search that is named, or else the last one."""
    parser = argparse.ArgumentParser(prog="searches", description=__doc__)
    parser.add_argument("name", nargs="?", default="", help="of a table in reports/search (default: the newest)")
    print(log_search(parser.parse_args().name))


def log_search(name: str = "") -> str:
    """Log the trials in `reports/search/<name>.csv`; return one line that says where.

    Raises:
        ProjectError: there is no such search, its table cannot be read, or MLflow does not answer.
    """
    path = _table(name)
    with path.open(encoding="utf-8", newline="") as file:
        trials = list(csv.DictReader(file))
    if not trials or not set(ABOUT) <= trials[0].keys():
        raise ProjectError(f"{path.relative_to(ROOT)} is no table of trials: `make tune` writes it anew")
    metric = list(trials[0])[list(trials[0]).index("state") + 1]
    package = read(compiled(ROOT / "params.yaml")).package
    with connected(package) as (client, experiment):
        search = {"search": path.stem}
        parent = client.create_run(experiment, run_name=path.stem, tags=search).info.run_id
        client.log_metric(parent, "trials", len(trials))
        client.log_artifact(parent, str(path))
        for trial in trials:
            tags = {**search, "mlflow.parentRunId": parent, "state": trial["state"], "family": trial["family"]}
            run = client.create_run(experiment, run_name=f"trial {trial['trial']}", tags=tags).info.run_id
            for key, value in trial.items():
                if value and key not in (*ABOUT, metric):
                    client.log_param(run, key, value)
            for fold, value in enumerate(trial["folds"].split()):
                client.log_metric(run, f"fold/{metric}", float(value), step=fold)
            if trial[metric]:
                client.log_metric(run, metric, float(trial[metric]))
            client.set_terminated(run, "FAILED" if trial["state"] == "failed" else "FINISHED")
        client.set_terminated(parent)
    return f"search {path.stem} with {len(trials)} trials is in MLflow at {shown()}, experiment {package}"


def _table(name: str) -> Path:
    """The table of the search of that name, or the newest.

    Raises:
        ProjectError: there is none.
    """
    tables = sorted(TABLES.glob("*.csv"), key=lambda path: path.stat().st_mtime)
    found = [path for path in tables if name in ("", path.stem)]
    if not found:
        known = ", ".join(path.stem for path in tables) or "none"
        raise ProjectError(f"there is no search {name or 'yet'} in reports/search; there is: {known}")
    return found[-1]


if __name__ == "__main__":
    execute(main)
