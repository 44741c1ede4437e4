"""Which of many runs are really better: what the correction for their number refuses, and what it does not hide."""

import numpy as np
import pytest

from . import metrics, simultaneous

ROWS, RUNS, CONFIDENCE = 1500, 20, 0.9
Array = np.ndarray


def _world(seed: int) -> tuple[Array, Array, Array]:
    """Targets, what there is to know of them, and a champion that knows it with some noise."""
    chance = np.random.default_rng(seed)
    known = chance.normal(size=ROWS)
    target = (known + chance.normal(size=ROWS) > 0).astype(float)
    return target, known, known + chance.normal(size=ROWS)


def _noisy(known: Array, seed: int, noise: float = 1.0) -> dict[str, Array]:
    """Runs that all know as much as each other: they differ by their noise alone."""
    chance = np.random.default_rng([seed, 1])
    return {f"run{number}": known + noise * chance.normal(size=ROWS) for number in range(RUNS)}


def _chance(score: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-score)))


def test_among_runs_that_differ_by_noise_hardly_any_is_called_better_though_each_alone_would_be() -> None:
    alone = corrected = 0
    worlds = 60
    for seed in range(worlds):
        _, known, champion = _world(seed)
        scores = {"champion": champion, **_noisy(known, seed)}
        exact, sampled = metrics.intervals("regression", known, scores, 100, CONFIDENCE, seed, only="mae")
        (best, *values), (theirs, *draws) = (
            [of["mae"]["value"] for of in exact.values()],
            [of["mae"] for of in sampled.values()],
        )
        ahead, drawn = best - np.array(values), theirs - np.array(draws)
        together = simultaneous.simultaneous(ahead, drawn, CONFIDENCE)
        one_by_one = [simultaneous.simultaneous(ahead[[run]], drawn[[run]], CONFIDENCE)[0] for run in range(RUNS)]
        corrected += any(gain.verdict == "better" for gain in together)
        alone += any(gain.verdict == "better" for gain in one_by_one)
    assert corrected <= worlds * (1 - CONFIDENCE)  # half of that is better, half is worse: there is room for chance
    assert alone >= worlds / 3


@pytest.mark.parametrize(
    ("task", "metric"), [("classification", "roc_auc"), ("classification", "log_loss"), ("regression", "mae")]
)
def test_the_one_that_is_truly_better_is_named_among_many_that_are_not(task: str, metric: str) -> None:
    target, known, champion = _world(1)
    others = {**_noisy(known, 1), "better": known, "worse": champion[::-1].copy()}
    if task == "classification":
        champion, others = _chance(champion), {name: _chance(score) for name, score in others.items()}
    else:
        target = known
    found = simultaneous.gains(task, metric, target, champion, others, CONFIDENCE, 1, resamples=200)
    assert found["better"].verdict == "better"
    assert found["worse"].verdict == "worse"
    assert [name for name, gain in found.items() if gain.verdict == "better"] == ["better"]


def test_intervals_get_wider_with_every_run_that_is_tried_but_not_with_a_copy() -> None:
    target, known, champion = _world(2)
    others = _noisy(known, 2)
    args = ("regression", "mae", target, champion)
    first = {"run0": others["run0"]}
    widths = [
        (gain.high - gain.low)
        for tried in (first, {**first, "copy": others["run0"].copy()}, others)
        for gain in [simultaneous.gains(*args, tried, CONFIDENCE, 2, resamples=200)["run0"]]
    ]
    assert widths[0] == pytest.approx(widths[1])
    assert widths[2] > 1.2 * widths[0]


def test_a_run_that_says_what_the_champion_says_is_not_told_apart_and_widens_nothing() -> None:
    target, known, champion = _world(3)
    others = {"run0": _noisy(known, 3)["run0"]}
    args = ("regression", "mae", target, champion)
    alone = simultaneous.gains(*args, others, CONFIDENCE, 3, resamples=100)
    found = simultaneous.gains(*args, {**others, "same": champion.copy()}, CONFIDENCE, 3, resamples=100)
    assert found["same"] == simultaneous.Gain(0.0, 0.0, 0.0)
    assert found["same"].verdict == "not told apart"
    assert found["run0"] == alone["run0"]


def test_the_only_run_gets_the_interval_that_its_own_resamples_give() -> None:
    target, known, champion = _world(4)
    ours = _noisy(known, 4)["run0"]
    (gain,) = simultaneous.gains("regression", "mae", target, champion, {"run": ours}, CONFIDENCE, 4).values()
    _, draws = metrics.intervals("regression", target, {"a": ours, "b": champion}, simultaneous.RESAMPLES, 0.9, 4)
    paired = metrics.advantage("mae", draws["a"]["mae"], draws["b"]["mae"])
    low, high = np.quantile(paired, [0.05, 0.95])
    assert gain.low == pytest.approx(low, abs=0.15 * (high - low))
    assert gain.high == pytest.approx(high, abs=0.15 * (high - low))


def test_without_rows_of_both_classes_nothing_is_told_apart() -> None:
    target = np.zeros(50)
    score = np.linspace(0, 1, 50)
    found = simultaneous.gains(
        "classification", "roc_auc", target, score, {"run": score[::-1]}, CONFIDENCE, 5, resamples=30
    )
    assert found["run"].verdict == "not told apart"


def test_no_run_gives_no_interval() -> None:
    assert simultaneous.gains("regression", "mae", np.zeros(5), np.ones(5), {}, CONFIDENCE, 6) == {}
