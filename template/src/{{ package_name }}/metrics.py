"""Metrics with bootstrap confidence intervals, fast enough to resample hundreds of times.

A resample is a vector of weights (how often each row was drawn), so each metric is written once, for weighted rows.
scikit-learn's metrics agree with these (a test compares them); they would take minutes.
"""

from collections.abc import Callable, Mapping
from typing import TypedDict

import numpy as np

Array = np.ndarray
Metric = Callable[[Array, Array, Array], float]
LARGER_IS_BETTER = ("roc_auc", "average_precision", "r2")


class Interval(TypedDict):
    """A metric on all rows, and the limits of its percentile bootstrap interval."""

    value: float
    low: float
    high: float


def roc_auc(target: Array, score: Array, weight: Array | None = None) -> float:
    """The chance that a positive row scores above a negative one, ties counting half; nan with a single class.

    Args:
        target: 0 or 1, shape (rows,).
        score: any numbers, shape (rows,).
        weight: not negative, shape (rows,); all 1 if not given.
    """
    order, starts = _groups(score)
    return _roc_auc(target[order], np.ones(len(target)) if weight is None else weight[order], starts)


def intervals(
    task: str,
    target: Array,
    scores: Mapping[str, Array],
    resamples: int,
    confidence: float,
    seed: int,
    only: str | None = None,
) -> tuple[dict[str, dict[str, Interval]], dict[str, dict[str, Array]]]:
    """Each metric of each model, with intervals over the same resamples of the rows (so differences are paired).

    Args:
        task: `classification` (target 0 or 1, scores are probabilities) or `regression`.
        target: shape (rows,).
        scores: for each model, shape (rows,).
        resamples: how many.
        confidence: such as 0.95.
        seed: of the resampling.
        only: the one metric that is asked for; all if not given.

    Returns:
        `{model: {metric: interval}}` and the resampled values `{model: {metric: shape (resamples,)}}`.
    """
    chance = np.random.default_rng(seed)
    rows = len(target)
    computed = {name: _prepared(task, target, score, only) for name, score in scores.items()}
    draws: dict[str, dict[str, list[float]]] = {name: {} for name in scores}
    ones = np.ones(rows)
    exact = {name: metrics(ones) for name, metrics in computed.items()}
    for _ in range(resamples):
        weight = np.bincount(chance.integers(0, rows, rows), minlength=rows).astype(np.float64)
        for name, metrics in computed.items():
            for metric, value in metrics(weight).items():
                draws[name].setdefault(metric, []).append(value)
    tail = (1 - confidence) / 2
    sampled = {name: {metric: np.array(of.get(metric, [])) for metric in exact[name]} for name, of in draws.items()}
    summary = {
        name: {
            metric: Interval(
                value=exact[name][metric],
                low=_quantile(of[metric], tail),
                high=_quantile(of[metric], 1 - tail),
            )
            for metric in exact[name]
        }
        for name, of in sampled.items()
    }
    return summary, sampled


def advantage(metric: str, ours: Array | float, theirs: Array | float) -> Array | float:
    """How much better `ours` is: positive is better, whichever way the metric runs."""
    return ours - theirs if metric in LARGER_IS_BETTER else theirs - ours


def _quantile(values: Array, share: float) -> float:
    known = values[~np.isnan(values)]
    return float(np.quantile(known, share)) if len(known) else float("nan")


def _prepared(task: str, target: Array, score: Array, only: str | None) -> Callable[[Array], dict[str, float]]:
    """A function of the weights that gives all metrics; what does not depend on weights is done once."""
    if task == "regression":
        error = score - target
        centred = target - target.mean()  # far from zero, the difference of two squares has no digits left
        parts = np.stack([np.abs(error), error**2, error, centred, centred**2])

        def regression(weight: Array) -> dict[str, float]:
            mae, mse, bias, mean, square = parts @ weight / weight.sum()
            return {
                "mae": float(mae),
                "rmse": float(np.sqrt(mse)),
                "bias": float(bias),
                "r2": float(1 - mse / (square - mean**2)) if square > mean**2 else float("nan"),
            }

        return regression
    clipped = np.clip(score, 1e-7, 1 - 1e-7)
    loss = -np.where(target == 1, np.log(clipped), np.log(1 - clipped))
    parts = np.stack([loss, (score - target) ** 2])
    order, starts = _groups(score)
    ordered = target[order]

    def classification(weight: Array) -> dict[str, float]:
        found = {}
        if only in (None, "roc_auc"):
            found["roc_auc"] = _roc_auc(ordered, weight[order], starts)
        if only in (None, "average_precision"):
            found["average_precision"] = _average_precision(ordered, weight[order], starts)
        if only in (None, "log_loss", "brier"):
            log_loss, brier = parts @ weight / weight.sum()
            found |= {"log_loss": float(log_loss), "brier": float(brier)}
        return found

    return classification


def _groups(score: Array) -> tuple[Array, Array]:
    """The order that sorts the scores, and where in it each run of equal scores starts."""
    order = np.argsort(score, kind="stable")
    ordered = score[order]
    return order, np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))


def _roc_auc(target: Array, weight: Array, starts: Array) -> float:
    """Mann-Whitney's U over sorted rows, divided by the number of pairs."""
    positive = np.add.reduceat(weight * target, starts)
    negative = np.add.reduceat(weight * (1 - target), starts)
    pairs = positive.sum() * negative.sum()
    below = np.cumsum(negative) - negative
    return float((positive * (below + negative / 2)).sum() / pairs) if pairs else float("nan")


def _average_precision(target: Array, weight: Array, starts: Array) -> float:
    """The mean of the precision at each threshold, weighted by the gain in recall."""
    positive = np.add.reduceat(weight * target, starts)[::-1]
    drawn = np.add.reduceat(weight, starts)[::-1]
    total = positive.sum()
    if not total:
        return float("nan")
    precision = np.cumsum(positive) / np.maximum(np.cumsum(drawn), 1e-300)
    return float((precision * positive).sum() / total)
