"""A `dvc.lock` that is out of step with what Git holds is noticed; what only DVC holds is no reason to refuse."""

from typing import Any

import pytest

from . import stale

TRACKED = {"src/model.py", "data/raw/README.md", "reports/gate.json"}
WRITTEN = {"data/split", "models", "reports/gate.json"}


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"changed deps": {"src/model.py": "modified"}}, "train: src/model.py is modified"),
        ({"changed deps": {"src": "modified"}}, "train: src is modified"),
        ({"changed deps": {"params.yaml": {"seed": "modified"}}}, "train: seed in params.yaml is modified"),
        ({"changed outs": {"reports/gate.json": "modified"}}, "train: reports/gate.json is modified"),
        ({"changed deps": {"src/gone.py": "deleted"}}, "train: src/gone.py is deleted"),
        ("changed command", "train: changed command"),
    ],
)
def test_what_git_holds_and_the_lock_does_not_know_is_named(change: Any, line: str) -> None:
    assert list(stale.stale({"train": [change]}, TRACKED, WRITTEN)) == [line]


@pytest.mark.parametrize(
    "change",
    [
        {"changed deps": {"data/split": "deleted"}},
        {"changed outs": {"models": "not in cache"}},
        {"changed outs": {"models": "modified"}},
        "always changed",
    ],
)
def test_what_only_dvc_holds_is_no_reason_to_refuse(change: Any) -> None:
    assert list(stale.stale({"train": [change]}, TRACKED, WRITTEN)) == []


def test_a_folder_is_not_judged_while_a_file_that_dvc_keeps_in_it_was_not_pulled() -> None:
    folder = {"ingest": [{"changed deps": {"data/raw": "modified"}}]}
    absent = {"data/raw/sales.csv.dvc": [{"changed outs": {"data/raw/sales.csv": "deleted"}}]}
    assert list(stale.stale(folder, TRACKED, WRITTEN)) == ["ingest: data/raw is modified"]
    assert list(stale.stale({**folder, **absent}, TRACKED, WRITTEN)) == []


def test_stages_that_do_not_fit_each_other_are_noticed() -> None:
    lock = {
        "train": {"outs": [{"path": "models", "md5": "1"}]},
        "evaluate": {"deps": [{"path": "models", "md5": "1"}, {"path": "uv.lock", "md5": "2"}]},
    }
    assert list(stale.torn(lock)) == []
    lock["evaluate"]["deps"][0]["md5"] = "3"
    assert list(stale.torn(lock)) == ["evaluate: read another models than the stage before it wrote"]
