"""What the report knows of the last committed run, and how it compares this one with it."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from . import builders, history


def git(root: Path, *arguments: str) -> None:
    who = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True)


def commit(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--no-verify", "--message", "A <b>run</b>")


def estimate(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.01, "high": value + 0.01}


def evaluation(value: float, slices: dict[str, float] | None = None) -> dict[str, Any]:
    found = {"task": "classification", "target": "bought", "metric": "roc_auc", "rows": {"test": 100}}
    parts = [
        {"column": "city", "value": name, "metric": of, "low": of - 0.01, "high": of + 0.01}
        for name, of in (slices or {}).items()
    ]
    return {**found, "models": {"model": {"test": {"roc_auc": estimate(value)}}}, "slices": parts}


def test_without_a_repository_there_is_no_past(tmp_path: Path) -> None:
    assert history.head(tmp_path) is None
    assert history.last_run(tmp_path) == history.Past(None, None)


def test_the_past_is_what_was_committed_and_not_what_lies_in_the_folder(tmp_path: Path) -> None:
    commit(tmp_path, {"reports/evaluation.json": json.dumps(evaluation(0.7))})
    (tmp_path / "reports/evaluation.json").write_text(json.dumps(evaluation(0.8)))
    past = history.last_run(tmp_path)
    assert past.evaluation == evaluation(0.7)
    assert past.params is None


@pytest.mark.parametrize("text", ["{", "[]", "null", '{"task": "classification"}'])
def test_an_evaluation_that_cannot_be_read_is_none(text: str, tmp_path: Path) -> None:
    commit(tmp_path, {"reports/evaluation.json": text, "params.yaml": "data: of another version\n"})
    assert history.last_run(tmp_path) == history.Past(None, None)


def test_only_code_and_configuration_make_a_commit_dirty(tmp_path: Path) -> None:
    outputs = {"reports/metrics.json": "{}", "dvc.lock": "", "docs/model_card.md": ""}
    commit(tmp_path, {**outputs, "params.yaml": "seed: 1\n"})
    for name in outputs:
        (tmp_path / name).write_text("another run")
    clean = history.head(tmp_path)
    assert clean is not None
    assert (clean.subject, clean.dirty) == ("A <b>run</b>", False)
    (tmp_path / "params.yaml").write_text("seed: 2\n")
    changed = history.head(tmp_path)
    assert changed is not None
    assert changed.dirty


def test_what_a_run_has_beyond_its_commit_is_named(tmp_path: Path) -> None:
    def beyond() -> str:
        commit = history.head(tmp_path)
        assert commit is not None
        return commit.beyond

    commit(tmp_path, {"Makefile": "", "conf/a.yaml": "", "b c.py": "", "d.py": "", "e.py": ""})
    for name in ("params.yaml", "uv.lock", "dvc.lock"):
        (tmp_path / name).write_text("the first run")
    assert beyond() == "before its first run is committed"
    (tmp_path / "conf/a.yaml").write_text("changed")
    assert beyond() == "before its first run is committed, with changes that are not committed: conf/a.yaml"
    commit(tmp_path, {})
    assert beyond() == ""
    for name in ("params.yaml", "conf/a.yaml", "d.py", "e.py"):
        (tmp_path / name).write_text("changed again")
    assert beyond() == "with changes that are not committed: conf/a.yaml, d.py, e.py and 1 more"


@pytest.mark.parametrize("other", [{"task": "regression"}, {"target": "spent"}, {"metric": "brier"}])
def test_an_answer_to_another_question_is_not_compared(other: dict[str, str]) -> None:
    past = history.Past(evaluation(0.7) | other, None)
    assert history.compare(builders.shop(), evaluation(0.8), past) is None


def test_the_headline_is_the_metric_that_decides_with_its_value_then_and_now() -> None:
    settings = builders.shop()
    past = history.Past(evaluation(0.7), history.plain(settings))
    found = history.compare(settings, evaluation(0.8), past)
    assert found is not None
    assert found.headline == history.Change("roc_auc", 0.7, 0.8, "better", within_interval=False)
    assert found.parameters == []


def test_slices_that_moved_beyond_their_interval_come_worst_first() -> None:
    then = evaluation(0.7, {"Rome": 0.8, "Oslo": 0.7, "Bern": 0.6, "Gone": 0.5})
    now = evaluation(0.7, {"Rome": 0.9, "Oslo": 0.705, "Bern": 0.5, "New": 0.5})
    changes = history.slice_changes(now, then)
    assert [f"{change.name} {change.verdict}" for change in changes] == ["city = Bern worse", "city = Rome better"]


@pytest.mark.parametrize(("metric", "verdict"), [("roc_auc", "better"), ("mae", "worse"), ("bias", "changed")])
def test_which_way_is_better_depends_on_the_metric(metric: str, verdict: str) -> None:
    now, then = ({"models": {"model": {"test": {metric: estimate(value)}}}} for value in (0.8, 0.7))
    (change,) = history.metric_changes(now, then)
    assert change.verdict == verdict


def test_parameters_differ_by_key_whatever_the_order_of_a_list_of_groups() -> None:
    first, second = {"mean": "spent", "window": "7d"}, {"mean": "spent", "window": "1d"}
    then = {"seed": 1, "model": {"depth": 3}, "history": [first, second]}
    now = {"seed": 2, "model": {"leaves": 7}, "history": [second, first]}
    assert history.parameter_changes(now, then) == [
        ("model.depth", "3", "\u2013"),
        ("model.leaves", "\u2013", "7"),
        ("seed", "1", "2"),
    ]
