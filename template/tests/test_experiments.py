"""The table of runs: which there are, what may be compared, in what they differ, and what is said of them."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from . import errors, experiments, record, simultaneous

PARAMS = {
    "seed": 1,
    "task": {"name": "regression", "metric": "mae"},
    "data": {"name": "shop", "target": {"regression": "spent"}},
    "evaluate": {"confidence": 0.95},
    "model": {"name": "trees", "leaves": 7},
}


def _run(name: str, **more: Any) -> experiments.Run:
    given: dict[str, Any] = {"params": PARAMS, "metrics": {"test": {"mae": 1.0}}, "predictions": name * 32, **more}
    return experiments.Run(name=name, revision=name * 40, experiment=name != "c", champion=name == "c", **given)


def _predicted(cache: Path, name: str, error: float, keys: int = 400) -> None:
    chance = np.random.default_rng(keys)
    target = chance.normal(size=keys)
    said = target + error * chance.normal(size=keys)
    table = pl.DataFrame({"visit": range(keys), "spent": target, "model": said, "linear": said, "baseline": said})
    path = cache / (name * 2) / (name * 30)
    path.parent.mkdir(parents=True)
    table.sample(fraction=1.0, shuffle=True, seed=len(name)).write_parquet(path)  # in no order


def test_runs_on_the_same_rows_are_compared_whatever_their_order_and_others_say_why_not(tmp_path: Path) -> None:
    for name, error, keys in (("c", 1.0, 400), ("a", 0.2, 400), ("b", 1.0, 300)):
        _predicted(tmp_path, name, error, keys)
    other = {**PARAMS, "task": {"name": "regression", "metric": "rmse"}}
    runs = [_run("c"), _run("a"), _run("b"), _run("d"), _run("e", params=other), _run("f", state="queued")]
    found = {run.name: run.verdict for run in experiments.judged(runs, tmp_path)}
    assert found == {
        "c": "the champion",
        "a": "better",
        "b": "other rows",
        "d": "not here",
        "e": "other question",
        "f": "queued",
    }
    (advice, rows) = experiments.advice(experiments.judged(runs, tmp_path))
    assert advice == "the predictions of d are not in the cache: `uv run dvc exp pull origin d` fetches them"
    assert rows.startswith("other rows: judged on another test set")


def test_without_the_predictions_of_the_champion_nothing_is_compared(tmp_path: Path) -> None:
    _predicted(tmp_path, "a", 0.2)
    runs = experiments.judged([_run("c"), _run("a")], tmp_path)
    assert [run.verdict for run in runs] == ["the champion", "no champion here"]
    assert "the predictions of the champion are not here" in experiments.advice(runs)[0]
    assert experiments.headline(runs, "the last commit") == "There is no run to compare with the last commit."


def test_the_best_comes_first_and_what_cannot_be_ranked_last() -> None:
    values = {"a": 2.0, "b": 1.0, "c": 1.5}
    runs = [_run(name, metrics={"test": {"mae": value}}) for name, value in values.items()]
    runs += [_run("d", metrics={}, state="failed")]
    assert [run.name for run in experiments.ordered(runs)] == ["b", "c", "a", "d"]


def test_what_follows_from_the_choice_of_a_file_or_copies_another_parameter_is_not_told() -> None:
    linear = {**PARAMS, "model": {"name": "linear", "penalty": 1.0}}
    seeded = {**PARAMS, "seed": 2, "model": {**PARAMS["model"], "seed": 2}}  # type: ignore[dict-item]
    leafy = {**PARAMS, "model": {"name": "trees", "leaves": 31}}
    runs = [_run("c", params={**PARAMS, "model": {**PARAMS["model"], "seed": 1}}), _run("a", params=linear)]  # type: ignore[dict-item]
    runs += [_run("b", params=seeded), _run("d", params={**leafy, "model": {**leafy["model"], "seed": 1}})]  # type: ignore[dict-item]
    assert experiments.differences(runs) == [[], ["model.name=linear"], ["seed=2"], ["model.leaves=31"]]


def test_a_parameter_that_copies_another_is_told_once() -> None:
    runs = [_run(name, params={"seed": seed, "state": seed}) for name, seed in (("c", 1), ("a", 2))]
    assert experiments.differences(runs) == [[], ["seed=2"]]


def test_the_headline_names_the_runs_that_are_better() -> None:
    gain = simultaneous.Gain(0.2, 0.1, 0.3)
    runs = [_run("c"), replace(_run("a"), gain=gain), replace(_run("b"), gain=simultaneous.Gain(0.1, -0.1, 0.3))]
    assert experiments.headline(runs, "model#champion#2") == "1 of 2 runs is really better than model#champion#2: a."


def _commit(metrics: Any, experiment: Any = None) -> dict[str, Any]:
    data = {"params": {"params.yaml": {"data": PARAMS}}, "metrics": metrics, "outs": {}}
    return {"rev": "c" * 40, "name": "main", "data": data, "experiments": [experiment] if experiment else None}


def test_commits_without_a_run_are_left_out_and_experiments_say_their_state() -> None:
    failed = {"name": "broken", "executor": {"state": "failed"}, "revs": [{"rev": "b" * 40, "data": None}]}
    lost = {"name": "lost", "executor": None, "revs": [{"rev": "b" * 40, "data": None, "error": {"msg": "gone"}}]}
    for entry, state in ((failed, "failed"), (lost, "failed")):
        (run,) = experiments.listed(json.dumps([{"rev": "workspace"}, _commit({}, entry)]))
        assert (run.name, run.state) == (entry["name"], state)


def test_the_seconds_are_those_of_the_stages_there_are_and_a_damaged_record_has_none() -> None:
    scored = {"reports/metrics.json": {"data": {"test": {"mae": 1.0}}}}
    took = {"seconds": {"train": 5.0, "evaluate": 2.0, "renamed": 100.0}}
    for data, expected in ((took, 7.0), ({"seconds": "long"}, None), (None, None)):
        (run,) = experiments.listed(json.dumps([_commit({**scored, record.PATH: {"data": data}})]))
        assert run.seconds == expected


def test_a_commit_that_there_is_not_is_refused() -> None:
    with pytest.raises(errors.ProjectError, match="there is no commit nonsense"):
        experiments.table("nonsense")
