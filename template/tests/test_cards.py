"""The cards: what they say of any data, and that nobody's words break them."""

from pathlib import Path
from typing import Any

import pytest

from . import builders, cards, config

HOSTILE = "a | b <script>alert(1)</script> `code` *star* {{ 7 * 7 }} [x](y)\nnext"
PROFILE = {"kind": "categorical", "missing": 0.25, "distinct": 3}
TIMES = {"kind": "datetime", "missing": 0.0, "distinct": 9, "from": "2020-01-01 00:00:00", "to": "2020-02-01 00:00:00"}
PARTS: list[dict[str, Any]] = [
    {"name": "train", "rows": 100, "target": 0.25, "from": "2020-01-01", "to": "2020-02-01"},
]


def shop(task: str = "classification", **told: str) -> config.Config:
    columns = {name: dict(column) for name, column in builders.COLUMNS.items()}
    for name, description in told.items():
        columns[name]["description"] = description
    columns["city"]["sensitive"] = True
    return builders.shop(columns, task=builders.raw(f"task={task}")["task"])  # whatever this project's own task is


def data_card(settings: config.Config) -> str:
    validation = {"rows": 1000, "findings": [], "columns": {"begins": TIMES, "city": PROFILE, "age": PROFILE}}
    return cards.data_card(settings, validation, PARTS, cards.words("shop", "data", Path("nowhere")))


def model_card(settings: config.Config, gate: list[dict[str, Any]] | None = None, lead: float = 0.1) -> str:
    metric = settings.task.metric
    point = {"value": 0.75, "low": 0.7, "high": 0.8}
    ahead = {"value": lead, "low": lead - 0.05, "high": lead + 0.05}
    slices = [
        {"column": "city", "value": city, "rows": 60, "metric": value, "low": 0.5, "high": 0.9}
        | {"mean_score": 0.25, "mean_target": 0.5, "sensitive": True}
        for city, value in (("Rome", 0.8), (HOSTILE, 0.6))
    ]
    evaluation = {
        "metric": metric,
        "rows": {"test": 120},
        "confidence": 0.95,
        "models": {name: {"test": {metric: point}} for name in ("model", "linear", "baseline")},
        "ahead": {"linear": ahead, "baseline": ahead},
        "slices": slices,
    }
    training = {"model": {"format": "onnx", "parity": 1e-7}}
    told = cards.words("shop", "model", Path("nowhere"))
    return cards.model_card(settings, evaluation, training, None, gate, PARTS, "0a1b2c", told)


def cells(line: str) -> int:
    return line.count("|")


def test_nobodys_words_break_a_table_or_become_html() -> None:
    card = data_card(shop(city=HOSTILE))
    (row,) = [line for line in card.splitlines() if line.startswith("| `city`")]
    (head,) = [line for line in card.splitlines() if line.startswith("| column")]
    assert cells(row) == cells(head)
    assert "<script" not in card
    assert "next" in row


def test_a_hostile_name_of_a_slice_stays_in_its_cell() -> None:
    card = model_card(shop())
    rows = [line for line in card.splitlines() if line.startswith("| `city`")]
    assert [cells(row) for row in rows] == [6] * 4  # both slices, and again as groups
    assert "<script" not in "".join(line.replace(cards.code(HOSTILE), "") for line in card.splitlines())


@pytest.mark.parametrize(
    ("task", "place", "means"), [("classification", 1, "25\u00a0% | 50\u00a0%"), ("regression", 0, "0.25 | 0.50")]
)
def test_the_model_card_lists_slices_weakest_first_with_what_was_said_and_what_happened(
    task: str, place: int, means: str
) -> None:
    rows = [line for line in model_card(shop(task)).splitlines() if line.startswith("| `city`")]
    assert rows[place] == f"| `city` `Rome` | 60 | 0.8000 (0.5000 to 0.9000) | {means} |"


def test_the_model_card_owns_up_to_a_model_that_is_behind() -> None:
    card = model_card(shop(), lead=-0.1)
    assert "0.1000 worse than a linear model" in card
    assert "Advantage over the linear model in ROC AUC, on the same resampled rows: \u22120.1000" in card


def test_the_model_card_names_the_version_of_the_model_and_says_what_has_not_run() -> None:
    card = model_card(shop())
    assert "| Version | SHA-256 of the file: `0a1b2c` |" in card
    assert "This run was not judged." in card
    assert "This run was not explained." in card


def test_the_model_card_gives_the_verdict_of_each_rule() -> None:
    verdict = {"rule": "margin_over_linear", "passed": False, "message": "roc_auc is 0.01 better | of 0.1"}
    row = "| Better than a linear model | **is broken** | roc\\_auc is 0.01 better &#124; of 0.1 |"
    assert row in model_card(shop(), [verdict])


def test_the_data_card_says_what_the_validation_holds_the_data_to() -> None:
    card = data_card(shop())
    assert "- no two rows of the same visit\n" in card
    assert "- nothing known more than a day before begins\n" in card


def test_a_card_says_when_nobody_has_written_what_only_people_know() -> None:
    assert "Nobody has written `docs/cards/shop/data.md` yet" in data_card(shop())


def test_the_data_card_says_of_each_column_when_it_is_known_and_what_is_missing() -> None:
    card = data_card(shop(city="where the shop is"))
    assert "| `city` | where the shop is | categorical | yes | yes |  | 25\u00a0% | 3 |" in card
    assert "| train | 100 | " in card


@pytest.mark.parametrize(("words", "literal"), [("- a", "\\- a"), ("2. b", "2\\. b"), ("3) c", "3\\) c"), ("-1", "-1")])
def test_words_that_look_like_a_list_begin_none(words: str, literal: str) -> None:
    assert cards.text(words) == literal


@pytest.mark.parametrize("name", ["a`b", "a|b", "a\nb", ""])
def test_a_name_stays_code_whatever_it_holds(name: str) -> None:
    assert cards.code(name).count("`") == 2
    assert "|" not in cards.code(name)
    assert "\n" not in cards.code(name)
