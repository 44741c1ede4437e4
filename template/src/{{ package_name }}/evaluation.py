"""What there is to say about predictions: compared, sliced, calibrated, drawn."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from .config import Config
from .metrics import Array, advantage, intervals

BINS = 10
POINTS = 61


def compare(
    config: Config, parts: Mapping[str, pl.DataFrame], scores: Mapping[str, Mapping[str, Array]]
) -> dict[str, Any]:
    """All metrics of all models on all parts, and how far the model is ahead of the others on the test rows.

    Args:
        config: the whole configuration.
        parts: `{"validation": rows, "test": rows}`.
        scores: for each part and model, shape (rows,).
    """
    settings, metric = config.evaluate, config.task.metric
    models: dict[str, dict[str, Any]] = {}
    ahead = {}
    for part, rows in parts.items():
        resamples = settings.bootstrap if part == "test" else settings.bootstrap // 4  # only the test decides
        summary, draws = intervals(
            config.task.name, _target(rows, config), scores[part], resamples, settings.confidence, config.seed
        )
        for name, of in summary.items():
            models.setdefault(name, {})[part] = of
        if part == "test":
            tail = (1 - settings.confidence) / 2
            for name in (name for name in summary if name != "model"):
                gain = advantage(metric, draws["model"][metric], draws[name][metric])
                ahead[name] = {
                    "value": advantage(metric, summary["model"][metric]["value"], summary[name][metric]["value"]),
                    "low": float(np.quantile(gain, tail)),
                    "high": float(np.quantile(gain, 1 - tail)),
                }
    return {
        "task": config.task.name,
        "metric": metric,
        "target": config.target,
        "rows": {part: len(rows) for part, rows in parts.items()},
        "mean_target": {part: float(_target(rows, config).mean()) for part, rows in parts.items()},
        "confidence": settings.confidence,
        "models": models,
        "ahead": ahead,
    }


def slices(config: Config, rows: pl.DataFrame, score: Array) -> list[dict[str, Any]]:
    """The task's metric on each large enough slice, by every declared categorical or boolean column known in time."""
    settings, metric = config.evaluate, config.task.metric
    target, found = _target(rows, config), []
    for name, column in config.data.columns.items():
        if not column.known or column.kind not in ("categorical", "boolean"):
            continue
        counts = rows[name].drop_nulls().value_counts().sort("count", name, descending=[True, False])
        for value, count in counts.iter_rows():
            if count < settings.min_slice_rows:
                continue
            here = (rows[name] == value).fill_null(False).to_numpy()
            summary, _ = intervals(
                config.task.name,
                target[here],
                {"model": score[here]},
                settings.bootstrap // 2,
                settings.confidence,
                config.seed,
            )
            found.append(
                {
                    "column": name,
                    "value": str(value),
                    "rows": count,
                    "sensitive": column.sensitive,
                    "mean_target": float(target[here].mean()),
                    "mean_score": float(score[here].mean()),
                    "metric": summary["model"][metric]["value"],
                    "low": summary["model"][metric]["low"],
                    "high": summary["model"][metric]["high"],
                }
            )
    return found


def calibration(config: Config, rows: pl.DataFrame, score: Array) -> pl.DataFrame:
    """Mean prediction against mean outcome in bins of equally many rows, from low to high predictions."""
    table = pl.DataFrame({"score": score, "target": _target(rows, config)}).sort("score", "target")
    bins = (pl.int_range(pl.len()) * BINS // pl.len()).alias("bin")
    return (
        table.group_by(bins, maintain_order=True)
        .agg(predicted=pl.col("score").mean(), observed=pl.col("target").mean(), rows=pl.len())
        .sort("bin")
    )


def curve(config: Config, rows: pl.DataFrame, scores: Mapping[str, Array]) -> pl.DataFrame:
    """The ROC curve of each model; for regression, the share of rows whose error is at most x. A column a model."""
    target = _target(rows, config)
    if config.task.name == "regression":
        errors = {name: np.sort(np.abs(score - target)) for name, score in scores.items()}
        x = np.linspace(0, max(np.quantile(error, 0.99) for error in errors.values()), POINTS)
        shares = {name: np.searchsorted(error, x, "right") / len(error) for name, error in errors.items()}
        return pl.DataFrame({"x": x, **shares})
    x = np.linspace(0, 1, POINTS)
    found = {}
    for name, score in scores.items():
        order = np.argsort(-score, kind="stable")
        last = np.append(score[order][1:] != score[order][:-1], True)  # a threshold cannot cut through ties
        true = np.append(0, np.cumsum(target[order])[last] / target.sum())
        false = np.append(0, np.cumsum(1 - target[order])[last] / (1 - target).sum())
        found[name] = np.interp(x, false, true)
    return pl.DataFrame({"x": x, **found})


def errors(config: Config, rows: pl.DataFrame, score: Array) -> pl.DataFrame:
    """How scores spread in each class; for regression, how the errors (prediction less outcome) spread."""
    target = _target(rows, config)
    if config.task.name == "classification":
        edges = np.linspace(0, 1, 41)
        groups = {"negative": score[target == 0], "positive": score[target == 1]}
    else:
        error = score - target
        low, high = np.quantile(error, [0.005, 0.995])
        edges = np.linspace(low, high, 41)
        groups = {"error": np.clip(error, edges[0], edges[-1])}
    tables = []
    for name, values in groups.items():
        counts, _ = np.histogram(values, edges)
        middles = (edges[:-1] + edges[1:]) / 2
        tables.append(
            pl.DataFrame({"group": [name] * len(counts), "x": middles, "share": counts / max(len(values), 1)})
        )
    return pl.concat(tables)


def _target(rows: pl.DataFrame, config: Config) -> Array:
    return rows[config.target].cast(pl.Float64).to_numpy()
