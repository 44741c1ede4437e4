"""The charts of the report: Vega-Lite specifications as plain dictionaries, drawn as static SVG.

Nothing is loaded, and nothing runs in the browser. The page swaps the colours for dark screens,
by their values here.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

Spec = dict[str, Any]
Rows = Sequence[Mapping[str, Any]]
Points = Sequence[tuple[float | None, float]]

# On light and on dark screens. The light values differ, since the page finds them in the SVG.
PALETTE = {
    "ink": ("#1f2933", "#e6e9ee"),
    "muted": ("#616e7c", "#9aa5b1"),
    "grid": ("#e4e7eb", "#343d49"),
    "model": ("#2563eb", "#7aa7ff"),
    "linear": ("#b45309", "#f0a04b"),
    "baseline": ("#7b8794", "#a3aebb"),
    "up": ("#c2410c", "#fb8a54"),
    "down": ("#1d4ed8", "#6f9dfc"),
    "limit": ("#b91c1c", "#fb7185"),
}
COLOUR = {name: light for name, (light, _) in PALETTE.items()}
RANKS = ["#3b82f6", "#9ca3af", "#e11d48"]  # low, middle and high values: legible on both
DASHES = {
    "model": [1, 0],
    "linear": [6, 3],
    "baseline": [2, 3],
}  # colour is not the only difference
WIDTH, SMALL = 470, 310
ROW = 38  # a row has its label above its mark, so that long names need no margin
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"


def svg(spec: Spec, label: str) -> str:
    """Draw a specification as an SVG element that screen readers announce as `label`."""
    import vl_convert

    drawn: str = vl_convert.vegalite_to_svg(_look(spec))
    drawn = re.sub(r"<[^>]+>", lambda tag: _shorten(tag[0]), drawn)
    return drawn.replace("<svg ", f'<svg role="img" aria-label="{escape(label)}" ', 1)


def standing(entries: Rows, title: str) -> Spec:
    """The headline metric of each model with its interval, one above the other.

    Args:
        entries: `label`, `colour`, `value`, `low`, `high` and `text`, in the order to show.
        title: of the x axis.
    """
    rows = [{**entry, "colour": COLOUR[entry["colour"]]} for entry in entries]
    scale = {"zero": False, "nice": True, "padding": 12}
    x = _number("value", title, scale=scale, axis={"tickCount": 5})
    colour = {"field": "colour", "type": "nominal", "scale": None}
    interval = {"type": "rule", "strokeWidth": 4, "opacity": 0.45}
    dot = {"type": "point", "filled": True, "size": 110, "opacity": 1}
    layers = [
        _layer(interval, "lower", x={**x, "field": "low"}, x2={"field": "high"}, color=colour),
        _layer(dot, "lower", x=x, color=colour),
        _numbers(),
    ]
    return _rows(rows, layers)


def curve(points: Rows, task: str, unit: str) -> Spec:
    """For each model the ROC curve; for regression the share of rows whose error is at most x."""
    shares, roc = {"format": "%"}, task == "classification"
    x_axis = shares if roc else {}
    end = 1.0 if roc else _percentile(points, 0.95)
    kept = [point for point in points if point["x"] <= end]
    titles = (
        ("false positive rate", "true positive rate")
        if roc
        else (f"error of at most, {unit}", "share of rows")
    )
    models = list(dict.fromkeys(point["model"] for point in points))
    styles = {"domain": models, "range": [COLOUR.get(model, COLOUR["ink"]) for model in models]}
    dashes = {"domain": models, "range": [DASHES.get(model, [1, 0]) for model in models]}
    line = {
        "mark": {"type": "line", "strokeWidth": 2.2},
        "encoding": {
            "x": _number("x", titles[0], scale={"domain": [0, end], "nice": False}, axis=x_axis),
            "y": _number("y", titles[1], scale={"domain": [0, 1]}, axis=shares),
            "color": {
                "field": "model",
                "type": "nominal",
                "scale": styles,
                "legend": {"title": None},
            },
            "strokeDash": {"field": "model", "type": "nominal", "scale": dashes},
            "order": {"field": "y", "type": "quantitative"},
        },
    }
    return {"width": WIDTH, "height": 330, "data": {"values": kept}, "layer": [line]}


def calibration(bins: Rows, task: str, unit: str) -> Spec:
    """Mean outcome against mean prediction, with the diagonal on which both agree."""
    both = [entry[key] for entry in bins for key in ("predicted", "observed")]
    low, high = (0.0, max(both)) if task == "classification" else (min(both), max(both))
    axis = {"format": "~%"} if task == "classification" else {}
    scale = {"domain": [low, high], "nice": True, "zero": False}
    x = _number("predicted", f"mean prediction{_in(unit)}", scale=scale, axis=axis)
    y = _number("observed", f"mean outcome{_in(unit)}", scale=scale, axis=axis)
    ends = [{"predicted": end, "observed": end} for end in (low, high)]
    diagonal = {"type": "line", "color": COLOUR["muted"], "strokeDash": [5, 4], "strokeWidth": 1.5}
    dots = {
        "type": "line",
        "color": COLOUR["model"],
        "strokeWidth": 2.2,
        "point": {"size": 55, "filled": True},
    }
    dots["point"]["color"] = COLOUR["model"]  # type: ignore[index]
    return {
        "width": WIDTH,
        "height": 330,
        "layer": [
            {"data": {"values": ends}, "mark": diagonal, "encoding": {"x": x, "y": y}},
            {"data": {"values": list(bins)}, "mark": dots, "encoding": {"x": x, "y": y}},
        ],
    }


def errors(points: Rows, task: str, unit: str) -> Spec:
    """How the scores of the two classes spread; for regression, how the errors do."""
    y = _number("share", "share of rows", axis={"format": "~%"})
    if task == "classification":
        names = {"negative": COLOUR["baseline"], "positive": COLOUR["model"]}
        scale = {"domain": list(names), "range": list(names.values())}
        colour = {"field": "group", "type": "nominal", "scale": scale, "legend": {"title": None}}
        area = {
            "type": "area",
            "interpolate": "step",
            "fillOpacity": 0.28,
            "line": {"strokeWidth": 2},
        }
        y = {**y, "stack": None, "title": "share of the class"}
        x = _number("x", "predicted probability", scale={"domain": [0, 1]}, axis={"format": "%"})
        layers = [{"mark": area, "encoding": {"x": x, "y": y, "color": colour}}]
    else:
        half = (points[1]["x"] - points[0]["x"]) / 2 if len(points) > 1 else 0.5
        points = [{**point, "from": point["x"] - half, "to": point["x"] + half} for point in points]
        x = _number(
            "from", f"prediction less outcome{_in(unit)}", scale={"zero": False, "nice": False}
        )
        bars = {"type": "bar", "color": COLOUR["model"], "opacity": 0.75, "binSpacing": 0}
        zero = {"type": "rule", "color": COLOUR["ink"], "strokeDash": [5, 4], "strokeWidth": 1.5}
        layers = [
            {"mark": bars, "encoding": {"x": x, "x2": {"field": "to"}, "y": y}},
            {
                "mark": zero,
                "data": {"values": [{}]},
                "encoding": {"x": {"datum": 0, "type": "quantitative"}},
            },
        ]
    return {"width": WIDTH, "height": 330, "data": {"values": list(points)}, "layer": layers}


def slices(
    entries: Rows, title: str, overall: float, limit: float | None, domain: list[float]
) -> Spec:
    """A dot with its interval for each value of one column, and the gate's limit.

    Args:
        entries: `value`, `metric`, `low`, `high`, `rows`, in the order to show.
        title: of the x axis.
        overall: the metric on all rows.
        limit: what the gate asks of each slice, if it does.
        domain: of the x axis, the same for all columns.
    """
    # A slice whose interval could not be computed has none: null, where JSON has no nan.
    values = [
        {key: _finite(entry[key]) for key in ("value", "metric", "low", "high")}
        for entry in entries
    ]
    values = [
        {**value, "n": f"{entry['rows']:,}"} for value, entry in zip(values, entries, strict=True)
    ]
    x = _number(
        "metric",
        title,
        scale={"domain": domain, "zero": False, "nice": False},
        axis={"tickCount": 6},
    )
    y = {"field": "value", "type": "ordinal", "sort": None, "title": None}
    y["axis"] = {"labelLimit": 130, "grid": True, "domain": False, "labelColor": COLOUR["ink"]}
    interval = {"type": "rule", "color": COLOUR["model"], "strokeWidth": 3, "opacity": 0.45}
    dot = {"type": "point", "filled": True, "size": 70, "color": COLOUR["model"]}
    count = {"type": "text", "align": "right", "color": COLOUR["muted"], "fontSize": 11}
    lines = [(overall, COLOUR["muted"], [4, 3])] + (
        [] if limit is None else [(limit, COLOUR["limit"], [1, 0])]
    )
    rules: list[Spec] = [
        {
            "data": {"values": [{}]},
            "mark": {"type": "rule", "color": colour, "strokeDash": dash, "strokeWidth": 1.5},
            "encoding": {"x": {"datum": at, "type": "quantitative"}},
        }
        for at, colour, dash in lines
    ]
    return {
        "width": WIDTH,
        "height": {"step": 24},
        "data": {"values": values},
        "layer": [
            *rules,
            {
                "mark": interval,
                "encoding": {"y": y, "x": {**x, "field": "low"}, "x2": {"field": "high"}},
            },
            {"mark": dot, "encoding": {"y": y, "x": x}},
            {"mark": count, "encoding": {"y": y, "x": {"value": "width"}, "text": {"field": "n"}}},
        ],
    }


def importance(entries: Rows, title: str) -> Spec:
    """A bar for what the metric loses without each feature, with the range over the repeats.

    Args:
        entries: `label`, `loss`, `low`, `high` and `text`, most important first.
        title: of the x axis.
    """
    x = _number("loss", title, axis={"tickCount": 5})
    bar = {"type": "bar", "orient": "horizontal", "size": 11, "color": COLOUR["model"]}
    whisker = {"type": "rule", "color": COLOUR["ink"], "strokeWidth": 1.5}
    layers = [
        _layer(bar, "lower", x=x, x2={"datum": 0}),
        _layer(whisker, "lower", x={**x, "field": "low"}, x2={"field": "high"}),
        _numbers(),
    ]
    return _rows(entries, layers)


def swarm(points: Mapping[str, Points], labels: Mapping[str, str], unit: str) -> Spec:
    """A dot for each row: how far a feature moved its prediction, coloured by rank of the value.

    Args:
        points: for each feature, the rank of the value (None: missing, or a category) and the
            contribution.
        labels: for each feature, what to write above its dots.
        unit: of the contributions.
    """
    size = max((abs(moved) for pairs in points.values() for _, moved in pairs), default=0.0) or 1.0
    dots = []
    for row, pairs in enumerate(points.values()):
        offsets = _spread([moved for _, moved in pairs], size / 60)
        for (rank, moved), offset in zip(pairs, offsets, strict=True):
            dots.append({"moved": moved, "lower": row + 0.72 + offset, "rank": rank})
    ranks = {"field": "rank", "type": "quantitative", "legend": None}
    ranks |= {"scale": {"domain": [0, 1], "range": RANKS}}
    colour = {"condition": {"test": "isValid(datum.rank)", **ranks}, "value": COLOUR["baseline"]}
    mark = {"type": "point", "shape": "circle", "filled": True, "size": 9, "opacity": 1}
    x = _number("moved", f"moves the prediction by, {unit}", axis={"tickCount": 6})
    layer = {"data": {"values": dots}, **_layer(mark, "lower", x=x, color=colour)}
    return _rows([{"label": labels[name]} for name in points], [layer])


def dependence(entry: Mapping[str, Any], task: str, domain: list[float]) -> Spec:
    """The mean prediction as one feature varies, and the band of the middle 80 % of predictions."""
    keys = ("values", "mean", "low", "high")
    names = {"boolean": {0.0: "false", 1.0: "true"}}.get(entry["kind"], {})
    values = [
        dict(zip(keys, point, strict=True))
        for point in zip(*(entry[key] for key in keys), strict=True)
    ]
    values = [{**value, "values": names.get(value["values"], value["values"])} for value in values]
    axis = {"format": "~%", "tickCount": 5} if task == "classification" else {"tickCount": 5}
    y = _number("mean", None, scale={"domain": domain, "zero": False, "nice": True}, axis=axis)
    low = {**y, "field": "low"}
    steps = entry["kind"] != "numeric"
    if steps:
        labels = {"labelAngle": -40, "labelLimit": 70, "grid": False}
        x: Spec = {
            "field": "values",
            "type": "ordinal",
            "sort": None,
            "title": None,
            "axis": labels,
        }
        band: Spec = {"type": "rule", "color": COLOUR["model"], "strokeWidth": 7, "opacity": 0.2}
        middle: Spec = {"type": "point", "filled": True, "size": 45, "color": COLOUR["model"]}
    else:
        x = _number(
            "values",
            None,
            scale={"zero": False, "nice": False},
            axis={"tickCount": 5, "grid": False},
        )
        band = {"type": "area", "color": COLOUR["model"], "opacity": 0.17}
        middle = {"type": "line", "color": COLOUR["model"], "strokeWidth": 2.2}
        middle["point"] = {"size": 22, "filled": True, "color": COLOUR["model"]}
    return {
        "width": SMALL,
        "height": 190,
        "data": {"values": values},
        "layer": [
            {"mark": band, "encoding": {"x": x, "y": low, "y2": {"field": "high"}}},
            {"mark": middle, "encoding": {"x": x, "y": y}},
        ],
    }


def example(entries: Rows, unit: str) -> Spec:
    """What moved one prediction up or down, largest first.

    Args:
        entries: `label`, `moved` and `text`.
        unit: of the contributions.
    """
    x = _number("moved", f"moves the prediction by, {unit}", axis={"tickCount": 5})
    bar = {"type": "bar", "orient": "horizontal", "size": 11}
    up = {"condition": {"test": "datum.moved > 0", "value": COLOUR["up"]}, "value": COLOUR["down"]}
    return _rows(entries, [_layer(bar, "lower", x=x, x2={"datum": 0}, color=up), _numbers()])


def _look(spec: Spec) -> Spec:
    """The common look: quiet axes, one font, room for the whole chart within its width."""
    axis = {
        "domainColor": COLOUR["grid"],
        "gridColor": COLOUR["grid"],
        "labelColor": COLOUR["muted"],
        "labelFontSize": 12,
        "labelOverlap": True,
        "ticks": False,
        "labelPadding": 6,
        "titleColor": COLOUR["muted"],
        "titleFontSize": 12,
        "titleFontWeight": "normal",
    }
    legend = {
        "orient": "top",
        "labelColor": COLOUR["ink"],
        "labelFontSize": 12.5,
        "symbolSize": 160,
    }
    legend |= {"symbolStrokeWidth": 2.5}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "background": None,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "padding": {"left": 2, "right": 4, "top": 4, "bottom": 2},
        "config": {
            "aria": False,
            "font": FONT,
            "axis": axis,
            "legend": legend,
            "text": {"fontSize": 12.5, "color": COLOUR["ink"]},
            "view": {"stroke": None},
        },
        **spec,
    }


def _shorten(tag: str) -> str:
    """The tag without what says nothing: tenths of a thousandth of a pixel, and defaults."""
    tag = re.sub(r' (?:class|role|aria-[a-z]+|pointer-events)="[^"]*"| opacity="1"', "", tag)
    return re.sub(r"(\.\d)\d+", r"\1", tag) if "translate(" in tag or ' d="' in tag else tag


def _rows(entries: Rows, layers: list[Spec]) -> Spec:
    """One row for each entry: its `label` in the upper part, the marks of `layers` in the lower."""
    rows = [{**entry, "upper": i + 0.3, "lower": i + 0.7} for i, entry in enumerate(entries)]
    scale = {"domain": [0, max(len(rows), 1)], "reverse": True, "nice": False}
    text = {"type": "text", "align": "left", "limit": WIDTH - 80}
    label = _layer(text, "upper", x={"value": 0}, text={"field": "label"})
    label["encoding"]["y"] |= {"scale": scale, "axis": None}
    return {
        "width": WIDTH,
        "height": ROW * max(len(rows), 1) + 30,
        "data": {"values": rows},
        "layer": [label, *layers],
    }


def _layer(mark: Spec, y: str, **encoding: Spec) -> Spec:
    return {"mark": mark, "encoding": {"y": {"field": y, "type": "quantitative"}, **encoding}}


def _numbers() -> Spec:
    """The `text` of each row, at its right end."""
    mark = {"type": "text", "align": "right", "fontWeight": 600}
    return _layer(mark, "upper", x={"value": "width"}, text={"field": "text"})


def _number(field: str, title: str | None, **more: Spec) -> Spec:
    """The encoding of a quantity on an axis."""
    return {"field": field, "type": "quantitative", "title": title, **more}


def _spread(values: Sequence[float], width: float) -> list[float]:
    """Offsets in -0.26 to 0.26 that lay dots of nearly the same value side by side."""
    taken: Counter[int] = Counter()
    places = []
    for value in values:
        cell = round(value / width)
        taken[cell] += 1
        places.append(taken[cell] // 2 * (1 if taken[cell] % 2 else -1))
    step = min(0.06, 0.26 / max(map(abs, places), default=1)) if any(places) else 0.0
    return [place * step for place in places]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _in(unit: str) -> str:
    return f", {unit}" if unit else ""


def _percentile(points: Rows, share: float) -> float:
    """The largest x at which some curve has not yet reached `share`."""
    return max((point["x"] for point in points if point["y"] <= share), default=1.0)
