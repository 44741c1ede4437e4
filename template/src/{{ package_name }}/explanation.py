"""What people ask of a model: what it relies on, how it responds, why it said so."""

from typing import Any

import numpy as np
import polars as pl
from rich.progress import track

from .artifact import Artifact
from .config import Config
from .contributions import Contributions
from .metrics import advantage, intervals

SHOWN = 12
DOTS = 250


def importance(config: Config, model: Artifact, rows: pl.DataFrame) -> list[dict[str, Any]]:
    """What the task's metric loses when one input is shuffled (Breiman 2001), most important first."""
    chance = np.random.default_rng(config.seed)
    target = rows[config.target].cast(pl.Float64).to_numpy()
    metric = config.task.metric

    def quality(score: np.ndarray) -> float:
        return intervals(config.task.name, target, {"it": score}, 0, 0.5, 0)[0]["it"][metric]["value"]

    full, found = quality(model.score(rows)), []
    for name in track(list(model.inputs), "permuting", transient=True, disable=not _terminal()):
        orders = [chance.permutation(len(rows)) for _ in range(config.explain.permutation_repeats)]
        scores = _scores(model, [rows.with_columns(rows[name].gather(order)) for order in orders])
        losses = [float(advantage(metric, full, quality(score))) for score in scores]
        found.append({"feature": name, "loss": float(np.mean(losses)), "low": min(losses), "high": max(losses)})
    return sorted(found, key=lambda entry: -entry["loss"])


def summary(model: Artifact, rows: pl.DataFrame, parts: Contributions) -> dict[str, Any]:
    """Mean absolute contributions, and for the largest the points of a beeswarm: (rank of the value, contribution)."""
    size = np.abs(parts.values).mean(axis=0)
    order = np.argsort(-size, kind="stable")
    some = slice(None, None, max(1, len(rows) // DOTS))
    points = {}
    for position in order[:SHOWN]:
        name = parts.names[position]
        ordered = model.inputs[name]["kind"] != "categorical"
        ranks = (rows[name].rank("average") / len(rows)).round(3)[some] if ordered else [None] * len(rows[some])
        moved = [round(float(value), 5) for value in parts.values[some, position]]
        points[name] = [list(pair) for pair in zip(ranks, moved, strict=True)]
    return {
        "method": parts.method,
        "unit": "log-odds" if model.task == "classification" else model.target,
        "base": parts.base,
        "mean_absolute": {parts.names[i]: float(size[i]) for i in order},
        "points": points,
    }


def dependence(config: Config, model: Artifact, rows: pl.DataFrame, name: str) -> dict[str, Any]:
    """The mean prediction as one input takes each value of a grid and all others stay (Friedman 2001)."""
    kind, points = model.inputs[name]["kind"], config.explain.dependence_points
    if kind == "categorical":
        grid = rows[name].drop_nulls().value_counts().sort("count", name, descending=[True, False])[name].head(points)
    else:
        known = rows[name].cast(pl.Float64).drop_nulls()
        quantiles = [known.quantile(q, "nearest") for q in np.linspace(0.02, 0.98, points)]
        grid = pl.Series(quantiles, dtype=pl.Float64).unique().sort()
    said = _scores(model, [rows.with_columns(pl.lit(value).alias(name)) for value in grid])
    return {
        "feature": name,
        "kind": kind,
        "values": grid.to_list(),
        "mean": [float(score.mean()) for score in said],
        "low": [float(np.quantile(score, 0.1)) for score in said],
        "high": [float(np.quantile(score, 0.9)) for score in said],
    }


def examples(config: Config, model: Artifact, rows: pl.DataFrame, parts: Contributions) -> list[dict[str, Any]]:
    """Single rows explained: the highest and lowest predictions, and the largest errors either way."""
    score = model.score(rows)
    target = rows[config.target].cast(pl.Float64).to_numpy()
    picks = {
        "highest prediction": int(np.argmax(score)),
        "lowest prediction": int(np.argmin(score)),
        "predicted far too high": int(np.argmax(score - target)),
        "predicted far too low": int(np.argmin(score - target)),
    }
    told = []
    for title, row in list(picks.items())[: config.explain.examples]:
        order = np.argsort(-np.abs(parts.values[row]), kind="stable")[:8]
        told.append(
            {
                "title": title,
                "row": {name: str(rows[name][row]) for name in config.data.key},
                "prediction": float(score[row]),
                "target": float(target[row]),
                "contributions": [
                    {
                        "feature": parts.names[i],
                        "value": _plain(rows[parts.names[i]][row]),
                        "moved": float(parts.values[row, i]),
                    }
                    for i in order
                ],
            }
        )
    return told


def _plain(value: object) -> object:
    return round(value, 3) if isinstance(value, float) else value if isinstance(value, int | str) else str(value)


def _scores(model: Artifact, variants: list[pl.DataFrame]) -> list[np.ndarray]:
    """The scores of several versions of the same rows, at once: one call for many rows takes less than many calls."""
    return np.split(model.score(pl.concat(variants, how="vertical_relaxed")), len(variants)) if variants else []


def _terminal() -> bool:
    import sys

    return sys.stdout.isatty()
