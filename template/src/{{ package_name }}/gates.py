"""What a model must hold before it may leave the pipeline. Every rule answers in plain words.

A number that is missing counts as a failure. Only where no slice or group is large enough is there nothing to judge;
then the rule passes and says so.
"""

from collections.abc import Mapping
from typing import Any, TypedDict

import numpy as np

from .config import Config
from .metrics import LARGER_IS_BETTER, advantage


class Verdict(TypedDict):
    """The answer of one rule."""

    rule: str
    passed: bool
    message: str


def judge(
    config: Config, evaluation: Mapping[str, Any], training: Mapping[str, Any], latency_ms: float
) -> list[Verdict]:
    """The verdict of each rule in `conf/gate`.

    Args:
        config: the whole configuration.
        evaluation: what the stage evaluate wrote.
        training: what the stage train wrote.
        latency_ms: the measured time of one prediction.
    """
    gate = config.gate
    return [
        _ahead("baseline", gate.margin_over_baseline, evaluation),
        _ahead("linear", gate.margin_over_linear, evaluation),
        _floor(gate.slice_limit, evaluation),
        _gap(gate.sensitive_gap, evaluation),
        _parity(gate.parity, training),
        _latency(gate.latency_ms, latency_ms),
    ]


def _ahead(other: str, margin: float, evaluation: Mapping[str, Any]) -> Verdict:
    """Ahead by the margin, and surely ahead: a margin within the noise proves nothing."""
    ahead, metric = evaluation["ahead"][other], evaluation["metric"]
    passed = ahead["value"] >= margin and (margin < 0 or ahead["low"] > 0)
    message = (
        f"{metric} is {ahead['value']:.4f} better than the {other} model ({ahead['low']:.4f} to {ahead['high']:.4f})"
    )
    return Verdict(rule=f"margin_over_{other}", passed=passed, message=f"{message}, {margin:g} is asked for")


def _floor(limit: float | None, evaluation: Mapping[str, Any]) -> Verdict:
    metric, rule = evaluation["metric"], "slice_limit"
    if limit is None:
        return Verdict(rule=rule, passed=True, message="no limit is set")
    if not evaluation["slices"]:
        return Verdict(rule=rule, passed=True, message="no slice is large enough to judge")
    worst = min(evaluation["slices"], key=lambda s: advantage(metric, _number(s["metric"], metric), 0.0))
    below = [s for s in evaluation["slices"] if not advantage(metric, s["metric"], limit) >= 0]
    named = f"{worst['column']}={worst['value']} has {metric} {worst['metric']:.4f} on {worst['rows']} rows"
    bound = "at least" if metric in LARGER_IS_BETTER else "at most"
    share = f"{len(below)} of {len(evaluation['slices'])} slices"
    message = f"{share} break the limit; the worst, {named}; {bound} {limit:g} is asked for"
    return Verdict(rule=rule, passed=not below, message=message)


def _gap(limit: float, evaluation: Mapping[str, Any]) -> Verdict:
    groups: dict[str, dict[str, float]] = {}
    for entry in evaluation["slices"]:
        if entry["sensitive"]:
            groups.setdefault(entry["column"], {})[entry["value"]] = entry["metric"]
    told, passed = [], True
    for column, values in groups.items():
        high, low = max(values, key=values.__getitem__), min(values, key=values.__getitem__)
        gap = float(np.ptp(list(values.values())))  # nan if one of them is
        passed = passed and gap <= limit
        told.append(f"between {column} {high} and {low} {evaluation['metric']} differs by {gap:.4f}")
    message = (
        f"{'; '.join(told)}; at most {limit:g} is asked for" if told else "no sensitive group is large enough to judge"
    )
    return Verdict(rule="sensitive_gap", passed=passed, message=message)


def _parity(limit: float, training: Mapping[str, Any]) -> Verdict:
    model = training["model"]
    message = f"the {model['format']} export differs from the trained model by up to {model['parity']:.2e}"
    message += f", gate.parity allows {limit:g}"
    return Verdict(rule="parity", passed=model["parity"] <= limit, message=message)


def _latency(limit: float, measured: float) -> Verdict:
    verb = "keeps within" if measured <= limit else "takes longer than"
    return Verdict(rule="latency_ms", passed=measured <= limit, message=f"one prediction {verb} {limit:g} ms")


def _number(value: float, metric: str) -> float:
    """A metric that could not be computed counts as the worst there is."""
    worst = -np.inf if metric in LARGER_IS_BETTER else np.inf
    return worst if np.isnan(value) else value
