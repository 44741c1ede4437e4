"""The first minute: five questions of a reader in a hurry, each answered in a sentence or two."""

from collections.abc import Mapping
from math import isfinite
from typing import Any, NamedTuple

from ..config import Config
from ..metrics import advantage
from .history import Comparison
from .words import capitalized, metric_title, metric_unit, number

Values = Mapping[str, Any]


class Answer(NamedTuple):
    """A question, its answer, and the section of the page that tells more."""

    question: str
    answer: str
    section: str


def goodness(metric: str, value: float) -> float:
    """For sorting, worst first: what could not be computed counts as the worst."""
    return float(advantage(metric, value, 0.0)) if isfinite(value) else float("-inf")


def is_it_good(config: Config, evaluation: Values) -> Answer:
    """The headline metric, and the lead over the models that it has to beat."""
    metric = evaluation["metric"]
    leads = []
    for other, name in (("baseline", "a guess"), ("linear", "a linear model")):
        gain = evaluation["ahead"][other]
        sure = "" if gain["low"] > 0 or gain["high"] < 0 else ", within the noise"
        leads.append(
            f"{_amount(config, evaluation, abs(gain['value']))} "
            f"{'better' if gain['value'] >= 0 else 'worse'} than {name}{sure}"
        )
    main = _amount(config, evaluation, evaluation["models"]["model"]["test"][metric]["value"])
    rows = f"{evaluation['rows']['test']:,} unseen rows"
    told = f"{capitalized(metric_title(metric))} {main} on {rows}: {'; '.join(leads)}."
    return Answer("Is it good?", told, "quality")


def is_it_better(config: Config, evaluation: Values, compared: Comparison | None) -> Answer:
    """The headline metric then and now."""
    if compared is None:
        told = "There is no committed run that it could be compared with."
    else:
        change = compared.headline
        noise = ", within the noise" if change.within_interval and change.verdict != "same" else ""
        then, now = (_amount(config, evaluation, value) for value in (change.then, change.now))
        told = f"{capitalized(change.verdict)}{noise}: {metric_title(change.name)} was {then}, now it is {now}."
    return Answer("Better than the last committed run?", told, "comparison")


def where_is_it_weak(config: Config, evaluation: Values) -> Answer:
    """The worst slice, and how many are surely worse than the whole."""
    metric, slices = evaluation["metric"], evaluation["slices"]
    whole = evaluation["models"]["model"]["test"][metric]["value"]
    if not slices:
        told = "No slice is large enough to tell."
    else:
        worst = min(slices, key=lambda entry: goodness(metric, entry["metric"]))
        best = [max(entry["low"], entry["high"], key=lambda limit: goodness(metric, limit)) for entry in slices]
        surely = sum(1 for limit in best if float(advantage(metric, limit, whole)) < 0)
        told = (
            f"Weakest on {worst['column']} {worst['value']}: {metric_title(metric)} "
            f"{_amount(config, evaluation, worst['metric'])} over {worst['rows']:,} rows. "
            f"{surely} of {len(slices)} slices are worse than the whole beyond the noise."
        )
    return Answer("Where is it weak?", told, "slices")


def what_does_it_rely_on(explanation: Values | None) -> Answer:
    """The three most important features."""
    if explanation is None:
        told = "It was not explained in this run."
    else:
        told = f"Most on {', '.join(entry['feature'] for entry in explanation['importance'][:3])}."
    return Answer("What does it rely on?", told, "explanation")


def what_are_the_data(config: Config, validation: Values) -> Answer:
    """The size, and what the declaration says of them."""
    told = f"{validation['rows']:,} rows, {len(validation['columns'])} columns. {config.data.description}"
    return Answer("What are the data?", told, "data")


def _amount(config: Config, evaluation: Values, value: float) -> str:
    """A value or difference of the headline metric, with the decimals of the metric and its unit."""
    metric = evaluation["metric"]
    main = evaluation["models"]["model"]["test"][metric]["value"]
    return f"{number(value, main)} {metric_unit(config, metric).removeprefix(', ')}".strip()
