"""The cards: what they say of any data, and that nobody's words break them."""

from pathlib import Path
from typing import Any

import pytest

from . import builders, cards, config

HOSTILE = "a | b <script>alert(1)</script> `code` *star* {{ 7 * 7 }} [x](y)\nnext"
PROFILE = {"kind": "categorical", "missing": 0.25, "distinct": 3}
PARTS: list[dict[str, Any]] = [
    {"name": "train", "rows": 100, "target": 0.25, "from": "2020-01-01", "to": "2020-02-01"},
]


def shop(**told: str) -> config.Config:
    columns = {name: dict(column) for name, column in builders.COLUMNS.items()}
    for name, description in told.items():
        columns[name]["description"] = description
    columns["city"]["sensitive"] = True
    return builders.shop(columns)


def data_card(settings: config.Config) -> str:
    validation = {"rows": 1000, "findings": [], "columns": {"city": PROFILE, "age": PROFILE}}
    return cards.data_card(settings, validation, PARTS, cards.words("shop", "data", Path("nowhere")))


def cells(line: str) -> int:
    return line.replace("\\|", "").count("|")


def test_nobodys_words_break_a_table_or_become_html() -> None:
    card = data_card(shop(city=HOSTILE))
    (row,) = [line for line in card.splitlines() if line.startswith("| `city`")]
    (head,) = [line for line in card.splitlines() if line.startswith("| column")]
    assert cells(row) == cells(head)
    assert "<script" not in card.replace("\\<", "")
    assert "next" in row


def test_a_card_says_when_nobody_has_written_what_only_people_know() -> None:
    assert "Nobody has written `docs/cards/shop/data.md` yet" in data_card(shop())


def test_the_data_card_says_of_each_column_when_it_is_known_and_what_is_missing() -> None:
    card = data_card(shop(city="where the shop is"))
    assert "| `city` | where the shop is | categorical | yes | yes |  | 25\u00a0% | 3 |" in card
    assert "| train | 100 | " in card


@pytest.mark.parametrize("name", ["a`b", "a|b", "a\nb"])
def test_a_name_stays_code_whatever_it_holds(name: str) -> None:
    assert cards.code(name).count("`") == 2
    assert "|" not in cards.code(name)
    assert "\n" not in cards.code(name)
