"""What the tag of a version says of it: taken from its commit, so that anybody can take it again and compare."""

import json
from collections.abc import Mapping
from typing import Any

import yaml

from ..errors import ProjectError
from .files import sha256
from .git import committed, git

DATA = ("data/ingested.parquet", "data/split", "data/predictions.parquet")
RUN = ("dvc.lock", "params.yaml", "uv.lock", "reports/evaluation.json", "reports/gate.json")


def describe(commit: str, files: Mapping[str, str]) -> dict[str, Any]:
    """Task, metrics with intervals, gate, and the hashes of model, data, settings and packages.

    Args:
        commit: of the version.
        files: the SHA-256 of each file of the model.

    Raises:
        ProjectError: the commit holds no whole run.
    """
    texts = {path: committed(commit, path) for path in RUN}
    lacking = [path for path, text in texts.items() if text is None]
    if lacking:
        raise ProjectError(
            f"commit {commit[:10]} holds no run, it lacks {', '.join(lacking)}: `make run`, `git add -A && git commit`"
        )
    evaluation = json.loads(str(texts["reports/evaluation.json"]))
    return {
        "task": evaluation["task"],
        "target": evaluation["target"],
        "metric": evaluation["metric"],
        "rows": evaluation["rows"],
        "confidence": evaluation["confidence"],
        "metrics": evaluation["models"]["model"]["test"],
        "gate": json.loads(str(texts["reports/gate.json"])),
        "files": dict(files),
        "data": outputs(str(texts["dvc.lock"])),
        "params": sha256(str(texts["params.yaml"]).encode()),
        "packages": sha256(str(texts["uv.lock"]).encode()),
    }


def outputs(lock: str) -> dict[str, str]:
    """DVC's hash of each part of the data, as `dvc.lock` holds it."""
    loaded = yaml.load(lock, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    outs = [entry for stage in loaded["stages"].values() for entry in stage.get("outs", [])]
    return {entry["path"]: entry["md5"] for entry in outs if entry["path"] in DATA}


def refusals(commit: str) -> list[str]:
    """Why the gate of the pipeline does not let the model of a commit pass; nothing if it does."""
    text = committed(commit, "reports/gate.json")
    verdicts = json.loads(text) if text else []
    if not verdicts:
        return [f"commit {git('rev-parse', '--short', commit)} holds no verdict of the gate (reports/gate.json)"]
    return [f"gate {of['rule']} refuses: {of['message']}" for of in verdicts if of.get("passed") is not True]
