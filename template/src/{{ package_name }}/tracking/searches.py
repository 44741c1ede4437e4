"""A search in MLflow: one run for it, and below that one for each trial."""

import argparse
import json
import sys

from ..config import ROOT, read
from ..errors import ProjectError
from ..run import compiled, complain
from .runs import flat
from .server import connected, shown


def main() -> None:
    """Log the search that is named."""
    parser = argparse.ArgumentParser(prog="searches", description=__doc__)
    parser.add_argument("name", help="of a folder in outputs/search")
    try:
        print(log_search(parser.parse_args().name))
    except ProjectError as error:
        complain(error)
        sys.exit(1)


def log_search(name: str) -> str:
    """Log `outputs/search/<name>/trials.json`; return one line that says where.

    Raises:
        ProjectError: there is no such search, its file cannot be read, or MLflow does not answer.
    """
    path = ROOT / "outputs" / "search" / name / "trials.json"
    try:
        trials = json.loads(path.read_text())
        named = [(f"trial {trial['number']}", trial) for trial in trials]
    except FileNotFoundError:
        known = ", ".join(sorted(each.parent.name for each in path.parent.parent.glob("*/trials.json"))) or "none"
        raise ProjectError(
            f"there is no search {name or 'without a name'} in outputs/search; there is: {known}"
        ) from None
    except (ValueError, TypeError, KeyError) as error:
        raise ProjectError(f"{path.relative_to(ROOT)} is no list of trials: {error}") from None
    package = read(compiled(ROOT / "params.yaml")).package
    with connected(package) as (client, experiment):
        parent = client.create_run(experiment, run_name=name, tags={"search": name}).info.run_id
        client.log_metric(parent, "trials", len(trials))
        for title, trial in named:
            tags = {"mlflow.parentRunId": parent, "search": name, "state": str(trial.get("state", ""))}
            run = client.create_run(experiment, run_name=title, tags=tags).info.run_id
            for key, value in flat(trial.get("params") or {}):
                client.log_param(run, key, value)
            for key in ("value", "seconds"):
                if isinstance(trial.get(key), int | float):
                    client.log_metric(run, key, trial[key])
            failed = str(trial.get("state", "")).lower() == "fail"
            client.set_terminated(run, "FAILED" if failed else "FINISHED")
        client.set_terminated(parent)
    return f"search {name} with {len(trials)} trials is in MLflow at {shown()}, experiment {package}"


if __name__ == "__main__":
    main()
