"""Bootstrap intervals of what the studies compare."""

from collections.abc import Mapping
from typing import TypeVar

import numpy as np
import polars as pl

from ..config import Config
from ..metrics import Array, Interval, intervals

Key = TypeVar("Key")


def target(rows: pl.DataFrame, config: Config) -> Array:
    """What is predicted, as numbers: shape (rows,)."""
    return rows[config.target].cast(pl.Float64).to_numpy()


def sampled(
    config: Config, rows: pl.DataFrame, scores: Mapping[Key, Array], resamples: int
) -> tuple[dict[Key, float], dict[Key, Array]]:
    """The task's metric of each score, and its values over the same resamples of the rows: shape (resamples,)."""
    metric = config.task.metric
    named = {str(number): score for number, score in enumerate(scores.values())}
    summary, draws = intervals(
        config.task.name, target(rows, config), named, resamples, config.evaluate.confidence, config.seed
    )
    keys = dict(zip(scores, named, strict=True))
    values = {key: summary[name][metric]["value"] for key, name in keys.items()}
    return values, {key: draws[name][metric] for key, name in keys.items()}


def interval(config: Config, value: float, draws: Array) -> Interval:
    """The percentile interval of the draws that are known."""
    known, tail = draws[~np.isnan(draws)], (1 - config.evaluate.confidence) / 2
    low, high = np.quantile(known, [tail, 1 - tail]) if len(known) else (float("nan"), float("nan"))
    return Interval(value=float(value), low=float(low), high=float(high))


def pooled(draws: Array, seed: int) -> Array:
    """Draws of the mean over units, in which the units are drawn anew as well as the rows within each.

    A mean over three months is less sure than their rows alone would say: another three could have come.

    Args:
        draws: of each unit, shape (units, resamples).
        seed: of the choice of units.

    Returns:
        Shape (resamples,).
    """
    units, resamples = draws.shape
    chosen = np.random.default_rng(seed).integers(0, units, (units, resamples))
    return np.asarray(draws[chosen, np.arange(resamples)].mean(axis=0))


def means(values: Array, resamples: int, seed: int) -> Array:
    """Bootstrap draws of the mean of values, one a row: shape (resamples,)."""
    chance, rows = np.random.default_rng(seed), len(values)
    return np.array([values[chance.integers(0, rows, rows)].mean() for _ in range(resamples)])
