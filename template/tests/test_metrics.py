"""The metrics are scikit-learn's, their intervals are honest, and better is better whichever way a metric runs."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import assume, given
from hypothesis import strategies as st

from . import metrics

THEIRS: dict[str, dict[str, Callable[..., float]]] = {
    "classification": {
        "roc_auc": sklearn.metrics.roc_auc_score,
        "average_precision": sklearn.metrics.average_precision_score,
        "log_loss": sklearn.metrics.log_loss,
        "brier": sklearn.metrics.brier_score_loss,
    },
    "regression": {
        "mae": sklearn.metrics.mean_absolute_error,
        "rmse": sklearn.metrics.root_mean_squared_error,
        "r2": sklearn.metrics.r2_score,
    },
}
NAMES = [(task, metric) for task, of in THEIRS.items() for metric in of]


@st.composite
def judged(draw: st.DrawFn, task: str) -> tuple[Any, Any]:
    """Targets and scores of 4 to 40 rows. Scores come from few values, so that many are tied."""
    rows = draw(st.integers(4, 40))
    if task == "regression":
        numbers = st.lists(st.integers(-300, 300), min_size=rows, max_size=rows)
        target, score = np.array(draw(numbers), float), np.array(draw(numbers), float) / 8
        offset = draw(st.sampled_from([0, 1e6]))  # far from zero, differences of squares lose their digits
        assume(np.ptp(target) > 0)
        return target + offset, score + offset
    target = np.array(draw(st.lists(st.sampled_from([0.0, 1.0]), min_size=rows, max_size=rows)))
    score = np.array(draw(st.lists(st.integers(1, 19), min_size=rows, max_size=rows))) / 20
    assume(np.ptp(target) > 0)
    return target, score


@pytest.mark.parametrize(("task", "metric"), NAMES)
@given(data=st.data())
def test_each_metric_is_scikit_learns(task: str, metric: str, data: st.DataObject) -> None:
    target, score = data.draw(judged(task))
    summary, _ = metrics.intervals(task, target, {"it": score}, 0, 0.9, 0)
    assert summary["it"][metric]["value"] == pytest.approx(THEIRS[task][metric](target, score))


@pytest.mark.parametrize(("task", "metric"), NAMES)
@given(data=st.data(), seed=st.integers(0, 1000))
def test_each_resample_is_the_metric_of_the_rows_that_were_drawn(
    task: str, metric: str, data: st.DataObject, seed: int
) -> None:
    target, score = data.draw(judged(task))
    drawn = np.random.default_rng(seed).integers(0, len(target), len(target))
    assume(np.ptp(target[drawn]) > 0)
    _, draws = metrics.intervals(task, target, {"it": score}, 1, 0.9, seed)
    assert draws["it"][metric][0] == pytest.approx(THEIRS[task][metric](target[drawn], score[drawn]))


@given(judged("classification"), st.data())
def test_the_area_under_the_curve_takes_any_weights(both: tuple[Any, Any], data: st.DataObject) -> None:
    target, score = both
    weight = np.array(data.draw(st.lists(st.floats(0.125, 8), min_size=len(target), max_size=len(target))))
    expected = sklearn.metrics.roc_auc_score(target, score, sample_weight=weight)
    assert metrics.roc_auc(target, score, weight) == pytest.approx(expected)


def test_ranks_of_a_single_class_are_not_a_number() -> None:
    summary, _ = metrics.intervals("classification", np.zeros(5), {"it": np.linspace(0, 1, 5)}, 20, 0.9, 0)
    assert np.isnan([summary["it"][metric]["value"] for metric in ("roc_auc", "average_precision")]).all()


def _noisy(seed: int, rows: int) -> tuple[Any, Any]:
    chance = np.random.default_rng(seed)
    score = chance.uniform(size=rows)
    return (chance.uniform(size=rows) < score).astype(float), score


def test_an_interval_contains_the_truth_about_as_often_as_it_says() -> None:
    truth = metrics.roc_auc(*_noisy(0, 200_000))
    hits = 0
    for seed in range(1, 101):
        target, score = _noisy(seed, 150)
        of = metrics.intervals("classification", target, {"it": score}, 100, 0.9, seed)[0]["it"]["roc_auc"]
        assert of["low"] <= of["value"] <= of["high"]
        hits += of["low"] <= truth <= of["high"]
    assert 80 <= hits <= 98


def test_intervals_are_the_same_for_the_same_seed_only() -> None:
    target, score = _noisy(0, 150)
    first, again, other = (
        metrics.intervals("classification", target, {"it": score}, 50, 0.9, seed)[0] for seed in (1, 1, 2)
    )
    assert first == again
    assert first["it"]["roc_auc"]["low"] != other["it"]["roc_auc"]["low"]


@pytest.mark.parametrize(("task", "metric"), NAMES)
def test_the_better_model_has_the_advantage(task: str, metric: str) -> None:
    target = np.array([0.0, 0.0, 1.0, 1.0, 1.0])
    scores = {"good": 0.3 + 0.4 * target, "bad": 0.7 - 0.4 * target}
    of, _ = metrics.intervals(task, target, scores, 0, 0.9, 0)
    good, bad = (of[name][metric]["value"] for name in ("good", "bad"))
    assert metrics.advantage(metric, good, bad) > 0
    assert metrics.advantage(metric, bad, good) < 0
    assert metrics.advantage(metric, good, good) == 0
