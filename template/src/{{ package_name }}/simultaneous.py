"""Which of many runs are better than one: intervals that hold for all of them at once.

Of twenty runs that differ by noise alone, one looks "better at 95 %". Here the interval of each is widened until, with
the given confidence, none of them misses its true value. All are judged on the same resamples of the same rows, so runs
that resemble each other cost little: the width follows from the largest studentised deviation over all runs in each
resample (White 2000, "A reality check for data snooping"; Romano and Wolf 2005, "Stepwise multiple testing as
formalized data snooping", the single step, which gives intervals).
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from .metrics import Array, advantage, intervals

RESAMPLES = 500


class Gain(NamedTuple):
    """How far a run is ahead of the champion, positive is better, and the limits that hold for all runs at once."""

    value: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """What the interval allows to say."""
        return "better" if self.low > 0 else "worse" if self.high < 0 else "not told apart"


def gains(
    task: str,
    metric: str,
    target: Array,
    champion: Array,
    others: Mapping[str, Array],
    confidence: float,
    seed: int,
    resamples: int = RESAMPLES,
) -> dict[str, Gain]:
    """How far each of the others is ahead of the champion.

    Args:
        task: `classification` or `regression`.
        metric: that decides.
        target: shape (rows,).
        champion: its scores, shape (rows,).
        others: the scores of each run on the same rows, shape (rows,).
        confidence: that all intervals hold, such as 0.95.
        seed: of the resampling.
        resamples: how many.
    """

    def drawn(score: Array) -> tuple[float, Array]:
        # The same seed draws the same rows, so each run can be computed by itself and all are paired.
        exact, sampled = intervals(task, target, {"it": score}, resamples, confidence, seed, only=metric)
        return exact["it"][metric]["value"], sampled["it"][metric]

    with ThreadPoolExecutor() as pool:
        (value, draws), *found = pool.map(drawn, [champion, *others.values()])
    ahead = [float(advantage(metric, of, value)) for of, _ in found]
    sampled = np.array([advantage(metric, of, draws) for _, of in found]).reshape(len(found), resamples)
    return dict(zip(others, simultaneous(np.array(ahead), sampled, confidence), strict=True))


def simultaneous(ahead: Array, draws: Array, confidence: float) -> list[Gain]:
    """Intervals around `ahead` that all hold at once.

    Args:
        ahead: of each run on all rows, shape (runs,).
        draws: of each run on each resample, shape (runs, resamples).
        confidence: such as 0.95.
    """
    if not len(ahead):
        return []
    known = draws[:, ~np.isnan(draws).any(axis=0)]  # a resample with a single class says nothing
    spread = known.std(axis=1, ddof=1) if known.shape[1] > 1 else np.full(len(ahead), np.nan)
    moving = spread > 1e-12  # a run that says what the champion says is neither
    largest = np.zeros(known.shape[1])
    if moving.any():
        largest = (np.abs(known[moving] - ahead[moving, None]) / spread[moving, None]).max(axis=0)
    factor = np.quantile(largest, confidence) if len(largest) else np.nan
    half = np.where(moving, factor * spread, np.where(np.isnan(spread), np.inf, 0.0))
    return [Gain(float(of), float(of - width), float(of + width)) for of, width in zip(ahead, half, strict=True)]
