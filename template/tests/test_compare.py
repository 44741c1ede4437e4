"""The comparison that becomes a comment: what it says, and that text of the project stays text."""

from typing import Any

import pytest

from . import compare, errors, history


def _evaluation(value: float) -> dict[str, Any]:
    interval = {"value": value, "low": value - 0.01, "high": value + 0.01}
    return {
        "task": "classification",
        "target": "bought",
        "metric": "roc_auc",
        "confidence": 0.95,
        "rows": {"test": 1000},
        "models": {name: {"test": {"roc_auc": interval}} for name in ("model", "linear")},
        "slices": [],
    }


def _compared(now: float, then: float, rows: int = 1000, parameters: Any = ()) -> str:
    metrics = history.metric_changes(_evaluation(now), _evaluation(then))
    found = history.Comparison(metrics, [], parameters, rows, metrics[0])
    return "\n".join(compare.changes(_evaluation(now), found, history.Past(_evaluation(then), None), "abc1234"))


def test_a_change_beyond_its_interval_is_better_or_worse() -> None:
    assert "| ROC AUC | 0.7500 | 0.8000 | +0.0500 | 🟢 better |" in _compared(0.8, then=0.75)
    assert "| ROC AUC | 0.8000 | 0.7500 | \u22120.0500 | 🔴 worse |" in _compared(0.75, then=0.8)


def test_a_change_within_its_interval_says_so_and_none_is_the_same() -> None:
    assert "| 🟢 better, within its interval |" in _compared(0.8, then=0.795)
    assert "| 0.0000 | same |" in _compared(0.8, then=0.8)


def test_another_test_set_and_unreadable_parameters_are_told() -> None:
    text = _compared(0.8, then=0.8, rows=900, parameters=None)
    assert "`abc1234` was judged on 900 rows: another test set" in text
    assert "The parameters of `abc1234` are of another version" in text


def test_many_parameters_are_folded_and_cut() -> None:
    text = _compared(0.8, then=0.8, parameters=[(f"key{n}", "1", "2") for n in range(40)])
    assert "<summary>40 parameters that changed</summary>" in text
    assert text.count("| `key") == compare.MANY
    assert "and 10 more" in text


def test_a_base_without_a_run_shows_this_run_alone() -> None:
    text = "\n".join(compare.changes(_evaluation(0.8), None, history.Past(None, None), "abc1234"))
    assert "`abc1234` holds no run that answers the same question" in text
    assert "| ROC AUC | 0.8000 |" in text


def test_intervals_are_drawn_on_one_scale_and_one_without_an_end_is_left_out() -> None:
    wide, narrow = {"low": 0.0, "value": 0.5, "high": 1.0}, {"low": 0.5, "value": 0.5, "high": 0.5}
    lines = compare.picture({"wide": wide, "n": narrow, "none": {**wide, "high": float("nan")}}).splitlines()
    assert len(lines) == 4  # with the fence
    assert lines[1].index("●") == lines[2].index("●")
    assert lines[1].strip("wide ").startswith("├")
    outside = compare.picture({"outside": {"low": 0.0, "value": 2.0, "high": 1.0}}).splitlines()[1]
    assert outside.index("├") < outside.index("┤") < outside.index("●")
    assert compare.picture({"none": {**wide, "low": float("nan")}}) == "No interval is finite."


def test_text_of_the_project_can_neither_link_nor_leave_its_cell() -> None:
    assert compare.code("a|b `c`\n[d](e) <img>") == "`a\\|b 'c' [d](e) <img>`"
    assert len(compare.code("x" * 1000)) == 202


@pytest.mark.parametrize(
    ("status", "refused", "expected"),
    [
        ({}, False, []),
        ({"train": [{"changed outs": {"models": "deleted"}}]}, False, []),
        ({"train": [{"changed deps": {"uv.lock": "modified"}}]}, False, ["train"]),
        ({"gate": ["changed command"], "report": ["changed command"]}, False, ["gate", "report"]),
        ({"report": ["changed command"]}, False, []),
        ({"gate": [{"changed deps": {"params.yaml": {"gate": "modified"}}}]}, True, []),
    ],
)
def test_reports_are_old_if_their_inputs_changed_unless_a_gate_stopped_the_run(
    status: dict[str, Any], refused: bool, expected: list[str]
) -> None:
    assert compare.stale(status, refused) == expected
    assert bool(compare.warning(expected)) == bool(expected)


def test_a_refusal_comes_with_its_reason() -> None:
    broken = {"rule": "parity", "passed": False, "message": "too far"}
    text = "\n".join(compare.headline(_evaluation(0.8), [broken], [broken]))
    assert "🔴 **The gate refuses**: 1 of 1 rules are broken.\n- `parity` `too far`" in text


def test_a_base_that_is_no_commit_is_refused() -> None:
    with pytest.raises(errors.ProjectError, match="nonsense is no commit here"):
        compare.comment("nonsense")
