"""One run of the pipeline in MLflow: settings, metrics, curves, reports, tags, and the model."""

import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import record
from ..config import ROOT, Config, read
from ..errors import execute
from ..report import history
from ..run import Files, compiled
from .server import connected, shown

if TYPE_CHECKING:
    from mlflow import MlflowClient

# Not the columns: they are no choice of a run, and params.yaml, which holds them, is logged as well.
LEFT_OUT = ("data.columns.",)
BATCH = 100  # how many parameters a server takes at once
# By these a run is found again that another commit names.
PREDICTIONS, MODEL_URI = "predictions", "model_uri"


def main() -> None:
    """Log the run that lies in this folder."""
    print(log_run(read(compiled(ROOT / "params.yaml")), Files(ROOT)))


def log_run(config: Config, files: Files) -> str:
    """Log the last run of the pipeline; return one line that says where.

    Raises:
        ProjectError: MLflow does not answer, or the run is not here.
    """
    from mlflow.entities import Metric, Param

    evaluation = json.loads(files.read("reports/evaluation.json").read_text())
    now = int(time.time() * 1000)
    metrics = [
        *(Metric(name, value, now, 0) for name, value in measured(evaluation, record.read(files.run / record.PATH))),
        *(Metric(name, value, now, step) for name, value, step in curves(files)),
    ]
    params = [Param(key, value) for key, value in flat(config.model_dump(mode="json", by_alias=True))]
    with connected(config.package) as (client, experiment):
        tags = labels(files)
        run = client.create_run(experiment, tags=tags, run_name=name(tags))
        identity = run.info.run_id
        for at in range(0, len(params), BATCH):
            client.log_batch(identity, params=params[at : at + BATCH])
        for at in range(0, len(metrics), BATCH):
            client.log_batch(identity, metrics=metrics[at : at + BATCH])
        client.log_artifacts(identity, str(files.read("reports")), "reports")
        client.log_artifacts(identity, str(files.read("models/model")), "models/model")
        for path in ("params.yaml", "docs/model_card.md", "docs/data_card.md"):
            client.log_artifact(identity, str(files.read(path)), str(Path(path).parent).strip("."))
        client.set_tag(identity, MODEL_URI, _model(client, identity, files.read("models/model"), run.info.artifact_uri))
        client.set_terminated(identity)
    return f"run {name(tags)} is in MLflow at {shown()}, experiment {config.package}"


def flat(values: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Dotted keys and their values as text, without what MLflow does not take."""
    for key, value in values.items():
        whole = f"{path}{key}"
        if whole.startswith(LEFT_OUT):
            continue
        if isinstance(value, Mapping):
            yield from flat(value, f"{whole}.")
        else:
            yield whole, (value if isinstance(value, str) else json.dumps(value))[:6000]


def measured(evaluation: Mapping[str, Any], took: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Every metric with its interval, those of the models to beat without, and the seconds of each stage."""
    for model, parts in evaluation["models"].items():
        for part, metrics in parts.items():
            for metric, of in metrics.items():
                if model == "model":
                    yield f"{part}/{metric}", of["value"]
                    yield from ((f"{part}/{metric}_{limit}", of[limit]) for limit in ("low", "high"))
                else:
                    yield f"{model}/{part}/{metric}", of["value"]
    for stage, seconds in took.get("seconds", {}).items():
        yield f"seconds/{stage}", float(seconds)


def curves(files: Files) -> Iterator[tuple[str, float, int]]:
    """The learning curves: name, loss, step."""
    for path in sorted(files.read("reports/learning").glob("plots/metrics/*/loss.tsv")):
        for line in path.read_text().splitlines()[1:]:
            step, loss = line.split("\t")
            yield f"loss/{path.parent.name}", float(loss), int(step)


def labels(files: Files) -> dict[str, str]:
    """Code, data and experiment of the run."""
    head = history.git("rev-parse", "HEAD", root=files.run)
    commit = history.head(files.run)
    found = {
        "mlflow.source.name": "dvc.yaml",
        "mlflow.source.git.commit": head,
        "dirty": None if commit is None else str(commit.dirty).lower(),
        "experiment": os.environ.get("DVC_EXP_NAME"),
        "data": digest(files.read("data/ingested.parquet")),
        PREDICTIONS: digest(files.read("data/predictions.parquet")),
    }
    return {key: value for key, value in found.items() if value}


def name(tags: Mapping[str, str]) -> str:
    """The name of the experiment, or the commit, with a plus if the code has changed since."""
    plus = "+" if tags.get("dirty") == "true" else ""
    commit = tags.get("mlflow.source.git.commit")
    return tags.get("experiment") or (commit[:7] + plus if commit else "before the first commit")


def digest(path: Path) -> str:
    """The hash of a file, as `dvc.lock` names it."""
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def requirements() -> Sequence[str]:
    """What the model needs where it is loaded. Given, or MLflow loads the model in a new process to find out."""
    from importlib.metadata import version

    return [f"{package}=={version(package)}" for package in ("onnxruntime", "onnx", "numpy")]


def _model(client: "MlflowClient", run: str, folder: Path, artifacts: str) -> str:
    """The URI of the model: in MLflow's ONNX flavour, which runs no code when it is loaded, as a pickle would.

    What ONNX has no words for stays the skops file beside the reports; MLflow's flavour for it would pickle.
    """
    if not (folder / "model.onnx").exists():
        return f"{artifacts}/models/model"
    import mlflow
    import onnx

    with mlflow.start_run(run_id=run):
        logged = mlflow.onnx.log_model(
            onnx.load(folder / "model.onnx"), name="model", pip_requirements=list(requirements())
        )
    return str(logged.model_uri)


if __name__ == "__main__":
    execute(main)
