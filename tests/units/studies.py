"""The studies on data whose answer is known. Runs among the tests of a project: tests/test_studies.py puts it there."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from flight_delays.studies import (
    ablation,
    fairness,
    fitting,
    learning,
    page,
    privacy,
    seeds,
    settings,
    staleness,
    threshold,
)
from omegaconf import OmegaConf

from . import builders, config, errors, metrics

Raw = dict[str, Any]
DEFAULT: Any = OmegaConf.to_container(OmegaConf.load(config.ROOT / "conf/studies/default.yaml"))
NUMBER: Raw = {"kind": "numeric", "known": True}
COLUMNS: dict[str, Raw] = {
    "visit": {"kind": "identifier"},
    "begins": {"kind": "datetime", "known": True},
    "customer": {"kind": "identifier"},
    "spent": {"kind": "numeric", "known": False},
    "bought": {"kind": "boolean", "known": False},
}
TREE: Raw = {
    "name": "tree",
    "encode": "ordinal",
    "scale": False,
    "estimator": {"_target_": "sklearn.tree.DecisionTreeClassifier", "random_state": 1},
}


def shop(columns: dict[str, Raw], studies: Raw | None = None, **groups: Any) -> config.Config:
    """The shop with these columns beside the usual ones, a linear model unless said otherwise, and its studies."""
    groups = {"model": builders.raw("model=linear")["model"], **groups}
    extra: Raw = {"studies": changed(DEFAULT, studies or {})}
    return builders.shop({**COLUMNS, **columns}, **groups, **extra)


def changed(base: Raw, more: Raw) -> Raw:
    """`base` with the values of `more` at any depth."""
    return base | {key: changed(base[key], of) if isinstance(base.get(key), dict) else of for key, of in more.items()}


def inputs(*names: str, kind: str = "numeric") -> dict[str, Any]:
    """Declared inputs of one kind."""
    return {name: {"kind": kind, "values": [], "derived": False} for name in names}


def turning(degrees: float, months: int = 12, rows: int = 1500) -> pl.DataFrame:
    """Visits whose outcome follows a direction in the plane of a and b, which turns by so much each month."""
    chance, tables = np.random.default_rng(0), []
    for month in range(months):
        a, b = chance.normal(size=(2, rows))
        angle = np.radians(degrees * month)
        odds = 3 * (a * np.cos(angle) + b * np.sin(angle))
        begins = datetime(2024, month + 1, 1)
        tables.append(
            pl.DataFrame(
                {
                    "begins": [begins + timedelta(minutes=minute) for minute in range(rows)],
                    "a": a,
                    "b": b,
                    "bought": chance.random(rows) < 1 / (1 + np.exp(-odds)),
                }
            )
        )
    return pl.concat(tables)


def auc_when_turned(degrees: float) -> float:
    """The AUC of a model whose direction is off by so much."""
    chance = np.random.default_rng(1)
    a, b = chance.normal(size=(2, 200_000))
    outcome = chance.random(200_000) < 1 / (1 + np.exp(-3 * a))
    return metrics.roc_auc(outcome.astype(float), a * np.cos(np.radians(degrees)) + b * np.sin(np.radians(degrees)))


def test_staleness_recommends_the_interval_that_was_planted() -> None:
    fresh, two, three = (auc_when_turned(12 * steps) for steps in (1, 3, 4))
    tolerance = (fresh - (two + three) / 2) / fresh  # between what two and what three months of age lose
    setup = shop({"a": NUMBER, "b": NUMBER}, {"staleness": {"window": 1, "tolerance": tolerance}})
    result = staleness.study(setup, settings.of(setup), turning(12))
    assert result["retrain_every"] == 3
    assert result["verdict"].startswith("Train anew at least every 3 months")
    assert result["ages"][3]["loss"]["value"] == pytest.approx(fresh - three, abs=0.02)


def test_staleness_sees_no_need_where_nothing_changes() -> None:
    setup = shop({"a": NUMBER, "b": NUMBER}, {"staleness": {"window": 1}})
    result = staleness.study(setup, settings.of(setup), turning(0, months=6))
    assert result["retrain_every"] is None
    assert "No need" in result["verdict"]
    assert [age["periods"] for age in result["ages"]] == [5, 4, 3, 2, 1]


def test_staleness_says_why_it_does_not_apply() -> None:
    setup = shop({"a": NUMBER, "b": NUMBER})
    short = staleness.study(setup, settings.of(setup), turning(0, months=4))
    assert not short["applies"]
    assert "4 of 1 month hold 500 rows or more" in short["verdict"]
    timeless = setup.model_copy(update={"data": setup.data.model_copy(update={"time": None})})
    result = staleness.study(timeless, settings.of(setup), turning(0, months=1))
    assert not result["applies"]
    assert "names no time" in result["verdict"]


def noisy(rows: int, seed: int = 0) -> pl.DataFrame:
    """Visits whose outcome follows `useful`, and neither `noise` nor `flag`."""
    chance = np.random.default_rng(seed)
    useful = chance.normal(size=rows)
    return pl.DataFrame(
        {
            "begins": [datetime(2024, 1, 1) + timedelta(minutes=minute) for minute in range(rows)],
            "useful": useful,
            "noise": chance.normal(size=rows),
            "flag": chance.random(rows) < 0.5,
            "bought": chance.random(rows) < 1 / (1 + np.exp(-2 * useful)),
        }
    )


FLAGGED = {"useful": NUMBER, "noise": NUMBER, "flag": {"kind": "boolean", "known": True}}


@pytest.mark.parametrize("model", ["linear", "lightgbm"])
def test_a_useful_group_earns_its_place_and_a_useless_one_does_not(model: str) -> None:
    own = {"ablation": {"groups": {"static": ["noise"]}}}
    setup = shop(FLAGGED, own, model=builders.raw(f"model={model}")["model"])
    given = {**inputs("useful", "noise"), **inputs("flag", kind="boolean")}
    result = ablation.study(setup, settings.of(setup), given, noisy(4000), noisy(2000, 1))
    verdicts = {entry["group"]: entry["verdict"] for entry in result["groups"]}
    assert verdicts["declared numeric"] == ablation.EARNS
    assert verdicts["declared boolean"] != ablation.EARNS
    assert verdicts["static"] != ablation.EARNS
    assert result["groups"][0]["group"] == "declared numeric"


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ({"mine": ["nose"]}, "mine: nose: no such input; the model has useful, noise"),
        ({"declared numeric": ["noise"]}, "declared numeric: there is a group of that name already"),
    ],
)
def test_a_group_of_ones_own_that_makes_no_sense_is_refused(own: Raw, words: str) -> None:
    setup = shop(FLAGGED)
    with pytest.raises(errors.ProjectError, match=words):
        ablation.groups(setup, inputs("useful", "noise"), own)


def test_ablation_does_not_apply_to_a_single_group() -> None:
    setup = shop({"useful": NUMBER})
    result = ablation.study(setup, settings.of(setup), inputs("useful"), noisy(500), noisy(500, 1))
    assert not result["applies"]


def test_more_rows_help_a_model_that_has_not_seen_enough() -> None:
    names = [f"noise{number}" for number in range(40)]
    chance = np.random.default_rng(2)
    train, validation = (  # fewer rows for each weight than it takes to tell it from nothing
        noisy(rows, seed).with_columns(pl.Series(name, chance.normal(size=rows)) for name in names)
        for rows, seed in ((300, 0), (4000, 1))
    )
    setup = shop({"useful": NUMBER, **dict.fromkeys(names, NUMBER)})
    result = learning.study(setup, settings.of(setup), inputs("useful", *names), train, validation)
    assert result["verdict"].startswith("More older rows still help")
    assert result["gain"]["low"] > 0


def test_more_rows_are_not_shown_to_help_one_that_has() -> None:
    setup = shop({"useful": NUMBER})
    result = learning.study(setup, settings.of(setup), inputs("useful"), noisy(8000), noisy(2000, 1))
    assert result["verdict"].startswith("More older rows are not shown to help")


def test_a_power_law_is_found_again_and_nothing_is_foretold_from_a_curve_that_does_not_follow_one() -> None:
    rows = [100, 200, 400, 800]
    found = learning.power_law(rows, [0.9 - 2 * count**-0.5 for count in rows], 1600)
    assert found == pytest.approx(0.9 - 2 * 1600**-0.5, abs=1e-6)
    jump = [
        {"rows": count, "value": of, "low": of - 0.01, "high": of + 0.01}
        for count, of in zip(rows, [0.5, 0.6, 0.65, 0.9], strict=True)
    ]
    setup = shop({"useful": NUMBER})
    assert not learning._future(setup, jump)["known"]


def test_the_newest_rows_are_taken_and_without_a_time_the_same_random_ones() -> None:
    setup, rows = shop({"useful": NUMBER}), noisy(100)
    assert fitting.newest(rows.reverse(), setup, 10, 1)["begins"].to_list() == rows["begins"][90:].to_list()
    timeless = setup.model_copy(update={"data": setup.data.model_copy(update={"time": None})})
    drawn = fitting.newest(rows, timeless, 10, 1)
    assert drawn["begins"].to_list() != rows["begins"][90:].to_list()
    assert drawn.equals(fitting.newest(rows, timeless, 10, 1))


def test_seeds_show_the_spread_of_a_model_that_has_a_seed() -> None:
    model = builders.raw("model=lightgbm")["model"]
    setup = shop({"useful": NUMBER, "noise": NUMBER}, {"seeds": {"count": 4}}, model=model)
    result = seeds.study(setup, settings.of(setup), inputs("useful", "noise"), noisy(2000), noisy(1000, 1))
    assert [entry["seed"] for entry in result["seeds"]] == [setup.seed + number for number in range(4)]
    assert result["deviation"] > 0
    assert result["own"]["value"] == result["seeds"][0]["value"]


def test_seeds_do_not_apply_to_a_model_without_one() -> None:
    setup = shop({"useful": NUMBER})
    result = seeds.study(setup, settings.of(setup), inputs("useful"), noisy(500), noisy(500, 1))
    assert not result["applies"]
    assert "conf/model/linear.yaml sets no `random_state`" in result["verdict"]


@pytest.mark.parametrize(("false_alarm", "miss"), [(1.0, 1.0), (1.0, 3.0), (4.0, 1.0)])
def test_the_cheapest_threshold_is_the_analytic_one_for_honest_probabilities(false_alarm: float, miss: float) -> None:
    chance = np.random.default_rng(0)
    score = chance.random(400_000)
    outcome = (chance.random(400_000) < score).astype(float)
    found = threshold.cheapest(outcome, score, false_alarm, miss)
    assert found == pytest.approx(false_alarm / (false_alarm + miss), abs=0.015)


def test_the_threshold_lies_where_the_outcomes_part_and_nowhere_if_never_to_say_yes_is_cheapest() -> None:
    score, outcome = np.array([0.1, 0.4, 0.6, 0.9]), np.array([0.0, 0.0, 1.0, 1.0])
    assert threshold.cheapest(outcome, score, 1, 1) == 0.6
    assert threshold.cheapest(1 - outcome, score, 10, 1) == float("inf")


def test_the_cheapest_shift_is_the_quantile_of_the_errors() -> None:
    errors_of = np.random.default_rng(0).permutation(np.arange(1000) / 1000)
    assert threshold.best_shift(errors_of + 5, np.full(1000, 5.0), over=1, under=3) == pytest.approx(0.75, abs=0.002)


def test_a_model_that_knows_nothing_is_not_said_to_save_anything() -> None:
    setup, chance = shop({"useful": NUMBER}), np.random.default_rng(0)
    validation, test = (((chance.random(3000) < 0.3).astype(float), chance.random(3000)) for _ in range(2))
    result = threshold.study(setup, settings.of(setup), validation, test)
    assert result["good"] is False
    assert "may be noise" in result["verdict"]


def groups_of(selected: tuple[float, float]) -> tuple[config.Config, pl.DataFrame, metrics.Array]:
    """Two groups of 1,000 rows of which the given shares score 0.9 and the others 0.1; half of each bought."""
    setup = shop({"city": {"kind": "categorical", "known": True, "sensitive": True}})
    rows = pl.DataFrame({"city": ["A"] * 1000 + ["B"] * 1000 + ["C"], "bought": [True, False] * 1000 + [True]})
    score = np.concatenate([np.where(np.arange(1000) < 1000 * part, 0.9, 0.1) for part in selected] + [[0.9]])
    return setup, rows, score


def test_uneven_selection_is_named_and_even_selection_is_not() -> None:
    setup, rows, score = groups_of((0.5, 0.2))
    result = fairness.study(setup, settings.of(setup), rows, score, 0.5)
    assert result["good"] is False
    assert "city B is selected 40\u00a0% as often as A, beyond the limit of 80\u00a0%" in result["verdict"]
    a, b = result["columns"][0]["groups"]  # C is too small to speak of
    assert (a["selection_rate"], b["selection_rate"], a["base_rate"]) == (0.5, 0.2, 0.5)
    assert (a["true_positive_rate"], a["false_positive_rate"]) == (0.5, 0.5)
    assert b["calibration_gap"] == pytest.approx(0.2 * 0.9 + 0.8 * 0.1 - 0.5)
    assert result["columns"][0]["gaps"]["selection_rate"]["gap"] == pytest.approx(0.3)
    setup, rows, score = groups_of((0.5, 0.45))
    assert fairness.study(setup, settings.of(setup), rows, score, 0.5)["good"] is True


def test_fairness_does_not_apply_without_a_sensitive_column_and_cuts_numbers_into_bands() -> None:
    setup = shop({"useful": NUMBER})
    assert not fairness.study(setup, settings.of(setup), noisy(2000), np.zeros(2000), 0.5)["applies"]
    setup = shop({"useful": {**NUMBER, "sensitive": True}})
    result = fairness.study(setup, settings.of(setup), noisy(2400), np.linspace(0, 1, 2400), None)
    assert [group["rows"] for group in result["columns"][0]["groups"]] == [600] * 4
    assert {group["value"].split()[0] for group in result["columns"][0]["groups"]} >= {"below", "from"}
    assert {group["selection_rate"] for group in result["columns"][0]["groups"]} == {0.0}


def people(rows: int = 3000) -> pl.DataFrame:
    """Visits of customers who came three times each, with a number that is their own and a city that many share."""
    chance = np.random.default_rng(0)
    return noisy(rows).with_columns(
        visit=pl.Series([f"v{row}" for row in range(rows)]),
        code=pl.Series(np.arange(rows) // 3 * 7),
        city=pl.Series(chance.choice(["A", "B", "C"], rows)),
        customer=pl.Series([f"c{row // 3}" for row in range(rows)]),
        bought=pl.Series(chance.random(rows) < 0.5),
    )


CODED = {"code": NUMBER, "city": {"kind": "categorical", "known": True}, "useful": NUMBER}


def test_an_input_that_is_as_good_as_an_identifier_is_named() -> None:
    setup = shop(CODED)
    city: Any = {"city": {"kind": "categorical", "values": ["A", "B", "C", "missing"], "derived": False}}
    result = privacy.study(setup, settings.of(setup), {**inputs("code"), **city}, people())
    assert result["good"] is False
    assert "code tells customer for 100\u00a0% of the rows" in result["findings"]
    assert "code singles out 100\u00a0% of the rows in groups of less than 5" in result["findings"]
    assert not any("city" in told for told in result["findings"])
    fine = privacy.study(setup, settings.of(setup), city, people())
    assert fine["good"] is True
    assert fine["inputs"][0]["smallest"] > 900


def test_categories_that_single_out_only_together_are_found() -> None:
    rows = people().with_columns(
        street=(pl.int_range(3000) % 50).cast(pl.String), house=(pl.int_range(3000) // 50).cast(pl.String)
    )
    setup = shop({name: {"kind": "categorical", "known": True} for name in ("street", "house")})
    both: Any = {
        name: {"kind": "categorical", "values": [*rows[name].unique().sort(), "missing"], "derived": False}
        for name in ("street", "house")
    }
    result = privacy.study(setup, settings.of(setup), both, rows)
    assert any(told.startswith("street + house singles out 100") for told in result["findings"])
    assert not any(told.startswith(("street singles", "house singles")) for told in result["findings"])


def test_an_overfitted_model_gives_its_training_rows_away_and_a_linear_one_does_not() -> None:
    found = {}
    for model in (TREE, builders.raw("model=linear")["model"]):
        setup = shop(CODED, model=model)
        found[model["name"]] = privacy.membership(setup, settings.of(setup), inputs("useful", "code"), people())
    assert found["tree"]["value"] > 0.7
    assert abs(found["linear"]["value"] - 0.5) < 0.03


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"staleness": {"period": "month"}}, "staleness.period: String should match pattern .* it is 'month'"),
        ({"staleness": {"windows": 2}}, "staleness.windows: unknown key; allowed: period, window, tolerance"),
        ({"learning": {"shares": [0.5, 0.25, 1.0]}}, "learning: `shares` must rise and end with 1.0"),
        ({"threshold": {"miss": 0}}, "threshold.miss: Input should be greater than 0; it is 0"),
        ({"fair": {}}, "fair: unknown key; allowed: name, rows, bootstrap"),
        ({"seeds": {"count": "many"}}, "seeds.count: .*valid integer.* it is 'many'"),
        ({"bootstrap": None}, "bootstrap: .*valid integer.* it is None"),
    ],
)
def test_a_bad_setting_is_refused_in_one_sentence(change: Raw, words: str) -> None:
    setup = shop({"useful": NUMBER}, change)
    with pytest.raises(errors.ProjectError, match=words) as refusal:
        settings.of(setup)
    assert str(refusal.value).startswith("conf/studies/default.yaml: ")
    assert len(str(refusal.value).splitlines()) == 1


def test_the_page_says_why_a_study_does_not_apply() -> None:
    setup = shop({"useful": NUMBER})
    none = {name: {"applies": False, "good": None, "verdict": f"No {name} <here>."} for name in page.QUESTIONS}
    text = page.render(setup, none)
    assert "No staleness &lt;here&gt;." in text
    assert "<svg" not in text


def test_a_span_of_time_is_in_words() -> None:
    assert [staleness.span(count, period) for count, period in ((1, "1mo"), (3, "2w"), (2, "7d"))] == [
        "1 month",
        "6 weeks",
        "14 days",
    ]
