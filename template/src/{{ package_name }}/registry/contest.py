"""Challenger against champion, on the same test rows of today; each gets the features that it was trained on."""

import json
from collections.abc import Mapping
from hashlib import md5
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml
from pydantic import ValidationError

from ..artifact import Artifact, load
from ..config import Config, Features, read
from ..errors import ProjectError
from ..features import add_features
from ..metrics import Array, advantage, intervals
from ..run import compiled
from ..splitting import assign
from ..stages.gate import one_row_ms
from .git import ROOT, attempt, committed
from .policy import Promotion
from .record import outputs

SPLIT, INGESTED = "data/split", "data/ingested.parquet"


def compare(commits: Mapping[str, str], folders: Mapping[str, Path], policy: Promotion) -> dict[str, Any]:
    """The comparison, as it goes into the tag; `passed` says whether the policy lets the challenger pass.

    Args:
        commits: of `challenger` and `champion`.
        folders: where the files of each are.
        policy: what is asked for.

    Raises:
        ProjectError: something cannot be computed, which is never a pass.
    """
    config = read(compiled(ROOT / "params.yaml"))
    test = current_test_rows()
    models = {role: load(folder) for role, folder in folders.items()}
    for role, model in models.items():
        refuse_other_question(config, model, f"the {role} of commit {commits[role][:10]}")
    rows = {role: rows_for(commits[role], models[role], config, test) for role in models}
    target = test[config.target].cast(pl.Float64).to_numpy()
    scores = {role: models[role].score(rows[role]) for role in models}
    size = {role: sum(path.stat().st_size for path in folder.iterdir()) for role, folder in folders.items()}
    latency = {role: one_row_ms(models[role], rows[role]) for role in models}
    found = judge(config, policy, target, scores, size, latency)
    return {**found, "rows": len(test), "split": _digest(ROOT / SPLIT), "notes": notes(commits)}


def judge(
    config: Config,
    policy: Promotion,
    target: Array,
    scores: Mapping[str, Array],
    size: Mapping[str, float],
    latency: Mapping[str, float],
) -> dict[str, Any]:
    """Whether the challenger passes, by the lower limit of its advantage on the same resamples of the rows.

    Args:
        config: the whole configuration.
        policy: what is asked for.
        target: shape (rows,).
        scores: of `challenger` and `champion`, each of shape (rows,).
        size: bytes of each model.
        latency: milliseconds for one row of each.

    Raises:
        ProjectError: a score is no number. Sorted to one end, it would still give a metric.
    """
    for role, score in scores.items():
        lost = int((~np.isfinite(score)).sum())
        if lost:
            answered = f"{lost:,} of {len(score):,} rows with no number"
            raise ProjectError(f"the {role} answers {answered}, so nothing can be compared")
    metric = config.task.metric
    summary, draws = intervals(config.task.name, target, scores, policy.resamples, policy.confidence, config.seed)
    gains = np.asarray(advantage(metric, draws["challenger"][metric], draws["champion"][metric]))
    values = {role: summary[role][metric]["value"] for role in scores}
    tail = (1 - policy.confidence) / 2
    low, high = (float(np.quantile(gains, share)) for share in (tail, 1 - tail))  # nan if a resample is: no pass
    gain = float(advantage(metric, values["challenger"], values["champion"]))
    better = low > policy.margin
    leaner = [
        name
        for name, of, ratio in (("smaller", size, policy.smaller), ("faster", latency, policy.faster))
        if of["challenger"] <= ratio * of["champion"]
    ]
    as_good = policy.not_worse_by is not None and low > -policy.not_worse_by and bool(leaner)
    verdict = f"{metric} {gain:+.4f} ({low:+.4f} to {high:+.4f})"
    if better:
        verdict += f", surely better by more than {policy.margin:g}"
    elif as_good:
        verdict += f", surely not worse by more than {policy.not_worse_by:g}, and {' and '.join(leaner)}"
    else:
        verdict += f", not surely better by more than {policy.margin:g}"
    return {
        "passed": better or as_good,
        "verdict": verdict,
        "metric": metric,
        "challenger": summary["challenger"][metric],
        "champion": summary["champion"][metric],
        "advantage": {"value": gain, "low": low, "high": high},
        "bytes": dict(size),
        "one_row_ms": {role: round(of, 4) for role, of in latency.items()},
        "policy": policy.model_dump(exclude={"stages"}),
    }


def current_test_rows() -> pl.DataFrame:
    """The test rows of the last commit.

    Raises:
        ProjectError: they are not here, or are others.
    """
    expected = outputs(committed("HEAD", "dvc.lock") or "stages: {}").get(SPLIT)
    if not (ROOT / SPLIT / "test.parquet").exists():
        raise ProjectError(f"{SPLIT}/test.parquet is missing, so nothing can be compared: `make pull` or `make run`")
    if _digest(ROOT / SPLIT) != expected:
        raise ProjectError(f"{SPLIT} is not what the last commit says, so nothing can be compared: `make run`, commit")
    return pl.read_parquet(ROOT / SPLIT / "test.parquet")


def rows_for(commit: str, model: Artifact, config: Config, test: pl.DataFrame) -> pl.DataFrame:
    """The test rows with the features that a version was trained on.

    Raises:
        ProjectError: today's data or code cannot make them.
    """
    theirs = features_at(commit)
    rows = test if theirs == config.features else computed(config.model_copy(update={"features": theirs}), test)
    lacking = [name for name in model.inputs if name not in rows.columns]
    if lacking:
        raise ProjectError(f"commit {commit[:10]} needs {', '.join(lacking)}, which today's data and features.py lack")
    return rows


def computed(config: Config, test: pl.DataFrame) -> pl.DataFrame:
    """The same rows, from the ingested table, with other features.

    Raises:
        ProjectError: the table does not give the same rows.
    """
    table = pl.read_parquet(ROOT / INGESTED)
    if config.split.until is not None:
        table = table.filter(pl.col(str(config.data.time)) < config.split.until)
    rows = table.filter(pl.col(config.target).is_not_null())
    rows = rows.with_columns(assign(rows, config).alias("_part"))
    rows = add_features(rows, table, config).filter(pl.col("_part") == "test").drop("_part")
    if not rows.select(config.data.key).equals(test.select(config.data.key)):
        raise ProjectError(f"{INGESTED} does not give the test rows of {SPLIT}: `make run` and commit")
    return rows


def features_at(commit: str) -> Features:
    """The features of a version.

    Raises:
        ProjectError: its settings are of another version of this code.
    """
    try:
        return Features.model_validate(yaml.safe_load(committed(commit, "params.yaml") or "")["features"])
    except (KeyError, TypeError, ValidationError, yaml.YAMLError) as error:
        reason = str(error).splitlines()[0]
        raise ProjectError(
            f"the features in params.yaml of commit {commit[:10]} are none of this code: {reason}"
        ) from None


def refuse_other_question(config: Config, model: Artifact, name: str) -> None:
    """Two models that predict different things cannot be compared.

    Raises:
        ProjectError: they do.
    """
    if (model.task, model.target) != (config.task.name, config.target):
        asked = f"{config.target} ({config.task.name})"
        raise ProjectError(f"{name} predicts {model.target} ({model.task}), this project now {asked}: not comparable")


def notes(commits: Mapping[str, str]) -> list[str]:
    """What a reader of the comparison should know: features that today's code computes, not that of the version."""
    path = f"src/{__package__.partition('.')[0]}/features.py"
    return [
        f"{path} has changed since the {role}, whose features are computed by the code of today"
        for role, commit in commits.items()
        if attempt("diff", "--quiet", commit, "HEAD", "--", path).returncode
    ]


def _digest(folder: Path) -> str:
    """DVC's hash of a folder of files: the MD5 of the list of their MD5s."""
    entries = [
        {"md5": md5(path.read_bytes()).hexdigest(), "relpath": path.relative_to(folder).as_posix()}
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]
    return md5(json.dumps(entries, sort_keys=True).encode()).hexdigest() + ".dir"
