"""The charts of the report: Vega-Lite specifications as plain dictionaries, drawn as static SVG.

Nothing is loaded, and nothing runs in the browser. The page swaps the colours for dark screens,
by their values here.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

from .words import NONE

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
# Colour is not the only difference between two lines.
DASHES = {"model": [1, 0], "linear": [6, 3], "baseline": [2, 3]}
WIDTH, SMALL, WIDE = 420, 310, 1000
TICKS = 8  # of an axis of names
LABEL = 50  # letters of a label
ROW = 38  # a row has its label above its mark, so that long names need no margin
# Measuring texts is what takes the time of a drawing, so long ones are put in afterwards, in place of a single letter.
FIRST = 0x100  # of these letters, which fonts have and numbers on axes have not
STAND_IN = re.compile("(?<=>)[\u0100-\u017f](?=</text>)")
TENTHS = re.compile(r"(\.\d)\d+")
FONT = "sans-serif"  # to measure with; the page shows its own


def svg(spec: Spec, label: str) -> str:
    """Draw a specification as an SVG element that screen readers announce as `label`."""
    import vl_convert

    drawn: str = vl_convert.vegalite_to_svg(_known(_look(spec)))
    drawn = re.sub(r"<[^>]+>", lambda tag: _shorten(tag[0]), drawn)
    texts = spec.get("usermeta", {}).get("texts", [])
    drawn = STAND_IN.sub(lambda found: _text(texts, found[0]), drawn)
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
    roc = task == "classification"
    shares = {"format": "%", "tickCount": 5}
    end = 1.0 if roc else _percentile(points, 0.95)
    kept = [point for point in points if point["x"] <= end]
    titles = ("false positive rate", "true positive rate") if roc else (f"error of at most, {unit}", "share of rows")
    models = list(dict.fromkeys(point["model"] for point in points))
    styles = {"domain": models, "range": [COLOUR.get(model, COLOUR["ink"]) for model in models]}
    dashes = {"domain": models, "range": [DASHES.get(model, [1, 0]) for model in models]}
    line = {
        "mark": {"type": "line", "strokeWidth": 2.2},
        "encoding": {
            "x": _number(
                "x", titles[0], scale={"domain": [0, end], "nice": False}, axis=shares if roc else {"tickCount": 5}
            ),
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
    return {"width": SMALL, "height": 270, "data": {"values": kept}, "layer": [line]}


def calibration(bins: Rows, task: str, unit: str) -> Spec:
    """Mean outcome against mean prediction, with the diagonal on which both agree."""
    both = [entry[key] for entry in bins for key in ("predicted", "observed")]
    low, high = (0.0, max(both)) if task == "classification" else (min(both), max(both))
    axis = {"format": "~%", "tickCount": 5} if task == "classification" else {"tickCount": 5}
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
        "width": SMALL,
        "height": 270,
        "layer": [
            {"data": {"values": ends}, "mark": diagonal, "encoding": {"x": x, "y": y}},
            {"data": {"values": list(bins)}, "mark": dots, "encoding": {"x": x, "y": y}},
        ],
    }


def learning(points: Rows) -> Spec:
    """The loss on each part after each step of the fit."""
    parts = {"train": COLOUR["baseline"], "validation": COLOUR["model"]}
    dashes = {"domain": list(parts), "range": [DASHES["linear"], DASHES["model"]]}
    line = {
        "mark": {"type": "line", "strokeWidth": 2.2},
        "encoding": {
            "x": _number("step", "step", scale={"nice": False}, axis={"tickCount": 5}),
            "y": _number("loss", "loss", scale={"zero": False}, axis={"tickCount": 5}),
            "color": {
                "field": "part",
                "type": "nominal",
                "scale": {"domain": list(parts), "range": list(parts.values())},
                "legend": {"title": None},
            },
            "strokeDash": {"field": "part", "type": "nominal", "scale": dashes},
        },
    }
    return {"width": SMALL, "height": 270, "data": {"values": list(points)}, "layer": [line]}


def errors(points: Rows, task: str, unit: str) -> Spec:
    """How the scores of the two classes spread; for regression, how the errors do."""
    y = _number("share", "share of rows", axis={"format": "~%", "tickCount": 5})
    if task == "classification":
        names = {"negative": COLOUR["baseline"], "positive": COLOUR["model"]}
        scale = {"domain": list(names), "range": list(names.values())}
        colour = {
            "field": "group",
            "type": "nominal",
            "scale": scale,
            "legend": {"title": None, "symbolType": "square"},
        }
        area = {
            "type": "area",
            "interpolate": "step",
            "fillOpacity": 0.28,
            "line": {"strokeWidth": 2},
        }
        y = {**y, "stack": None, "title": "share of the class"}
        x = _number("x", "predicted probability", scale={"domain": [0, 1]}, axis={"format": "%", "tickCount": 5})
        layers = [{"mark": area, "encoding": {"x": x, "y": y, "color": colour}}]
    else:
        half = (points[1]["x"] - points[0]["x"]) / 2 if len(points) > 1 else 0.5
        points = [{**point, "from": point["x"] - half, "to": point["x"] + half} for point in points]
        x = _number(
            "from", f"prediction less outcome{_in(unit)}", scale={"zero": False, "nice": False}, axis={"tickCount": 5}
        )
        bars = {"type": "bar", "orient": "vertical", "color": COLOUR["model"], "binSpacing": 0.5}
        bar = {"mark": bars, "encoding": {"x": x, "x2": {"field": "to"}, "y": y, "y2": {"datum": 0}}}
        layers = [bar, _line(0, "ink", [5, 4])]
    return {"width": SMALL, "height": 270, "data": {"values": list(points)}, "layer": layers}


def slices(entries: Rows, title: str, overall: float, limit: float | None, domain: list[float]) -> Spec:
    """A dot with its interval for each value of one column, and the gate's limit.

    Args:
        entries: `value`, `metric`, `low`, `high`, `rows`, in the order to show.
        title: of the x axis.
        overall: the metric on all rows.
        limit: what the gate asks of each slice, if it does.
        domain: of the x axis, the same for all columns.
    """
    names, counts = [_cut(entry["value"], 18) for entry in entries], [f"{entry['rows']:,}" for entry in entries]
    room = 7.5 * max(map(len, names), default=0) + 10
    values = [
        {
            **{key: entry[key] for key in ("metric", "low", "high")},
            "from": domain[0],
            "value": _stand_in(i),
            "n": _stand_in(i + len(entries)),
        }
        for i, entry in enumerate(entries)
    ]
    x = _number(
        "metric",
        title,
        scale={"domain": domain, "zero": False, "nice": False},
        axis={"tickCount": 6},
    )
    y: Spec = {"field": "value", "type": "ordinal", "sort": None, "title": None}
    y["axis"] = {"domain": False, "labelColor": COLOUR["ink"]}
    low = {**x, "field": "low"}
    guide = {"type": "rule", "color": COLOUR["grid"]}
    interval = {"type": "rule", "color": COLOUR["model"], "strokeWidth": 3, "opacity": 0.45}
    dot = {"type": "point", "filled": True, "size": 70, "opacity": 1, "color": COLOUR["model"]}
    count = {"type": "text", "align": "right", "color": COLOUR["muted"], "fontSize": 11}
    lines = [_line(overall, "muted", [4, 3])]
    lines += [] if limit is None else [_line(limit, "limit")]
    return {
        "width": WIDTH - room,
        "height": 24 * max(len(values), 1),
        "autosize": "none",
        "padding": {"left": room, "right": 8, "top": 2, "bottom": 40},
        "usermeta": {"texts": names + counts},
        "data": {"values": values},
        "layer": [
            {"mark": guide, "encoding": {"y": y, "x": {**x, "field": "from"}, "x2": {"field": "low"}}},
            *lines,
            {"mark": interval, "encoding": {"y": y, "x": low, "x2": {"field": "high"}}},
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
            dots.append({"moved": moved, "lower": row + 0.72 + offset, "rank": -1.0 if rank is None else rank})
    ranks: Spec = {"field": "rank", "type": "quantitative", "legend": None}
    ranks |= {"scale": {"domain": [0, 1], "range": RANKS}}
    colour = {"condition": {"test": "datum.rank >= 0", **ranks}, "value": COLOUR["baseline"]}
    mark = {"type": "point", "shape": "circle", "filled": True, "size": 9, "opacity": 1}
    x = _number("moved", f"moves the prediction by ({unit})", axis={"tickCount": 6})
    layer = {"data": {"values": dots}, **_layer(mark, "lower", x=x, color=colour)}
    return _rows([{"label": labels[name]} for name in points], [layer], [_line(0, "grid")])


def gains(entries: Rows, title: str) -> Spec:
    """How far each run is ahead, with its interval, beside the line of no difference.

    Args:
        entries: `label`, `colour`, `value`, `low`, `high` and `text`, in the order to show.
        title: of the x axis.
    """
    rows = [{**entry, "colour": COLOUR[entry["colour"]]} for entry in entries]
    known = [entry for entry in entries if math.isfinite(entry["low"]) and math.isfinite(entry["high"])]
    width = sorted(entry["high"] - entry["low"] for entry in known)[len(known) // 2] or 1.0 if known else 1.0
    lowest, highest = (
        min((entry["low"] for entry in known), default=0),
        max((entry["high"] for entry in known), default=0),
    )
    # The verdicts stand on the right; what is far worse would press all the others into one corner.
    low, high = max(min(0.0, lowest), -6 * width) - width / 4, max(0.0, highest) + width / 4
    domain = [low, high + (high - low) * 0.15]
    x = _number("value", title, scale={"domain": domain, "nice": False}, axis={"tickCount": 7})
    colour = {"field": "colour", "type": "nominal", "scale": None}
    interval = {"type": "rule", "strokeWidth": 4, "opacity": 0.45, "clip": True}
    dot = {"type": "point", "filled": True, "size": 90, "opacity": 1, "clip": True}
    layers = [
        _layer(interval, "lower", x={**x, "field": "low"}, x2={"field": "high"}, color=colour),
        _layer(dot, "lower", x=x, color=colour),
        _numbers(),
    ]
    return {**_rows(rows, layers, [_line(0, "ink", [5, 4])]), "width": WIDE}


class Axis(NamedTuple):
    """A vertical line of `parallel`: where on it each run lies, and what stands beside which height."""

    title: str
    places: list[float]
    ticks: list[tuple[float, str]]


def axis(title: str, texts: Sequence[str]) -> Axis:
    """An axis from 0 to 1 for the values of one parameter: by size if all that are set are numbers, else in order."""
    known = [text for text in texts if text != NONE]
    numbers = [value for text in known if (value := _float(text)) is not None]
    unset = [(-0.14, "not set")] if len(known) < len(texts) else []
    if len(numbers) < len(known) or len(set(numbers)) < 2:
        names = sorted(set(known))
        heights = {name: (index + 0.5) / len(names) for index, name in enumerate(names)}
        step = math.ceil(len(names) / TICKS)
        return Axis(
            title, [heights.get(text, -0.14) for text in texts], unset + [(heights[n], n) for n in names[::step]]
        )
    low, high = min(numbers), max(numbers)
    logarithmic = low > 0 and high / low >= 50
    scale = math.log if logarithmic else float
    heights = {text: (scale(float(text)) - scale(low)) / (scale(high) - scale(low)) for text in known}
    few = sorted({(heights[text], f"{float(text):.4g}") for text in known})
    ticks = few if len(few) <= 4 and logarithmic else [few[0], few[-1]]
    return Axis(title, [heights.get(text, -0.14) for text in texts], unset + ticks)


def parallel(lines: Rows, axes: Sequence[Axis]) -> Spec:
    """Parallel coordinates: a line for each run through all axes, coloured by how good it is.

    Args:
        lines: `run`, `quality` (0 is the worst, 1 the best) and `champion`, in the order of the places of each axis.
        axes: from left to right.
    """
    points = [
        {**line, "at": number, "place": axis.places[row]}
        for row, line in enumerate(lines)
        for number, axis in enumerate(axes)
    ]
    ticks = [
        {"at": number, "place": place, "text": _cut(text, 16)}
        for number, axis in enumerate(axes)
        for place, text in axis.ticks
    ]
    titles = [{"at": number, "place": 1.16, "text": _cut(axis.title, 22)} for number, axis in enumerate(axes)]
    x = {**_number("at", None, scale={"domain": [-0.45, len(axes) - 0.55], "nice": False}), "axis": None}
    y = {**_number("place", None, scale={"domain": [-0.2, 1.2], "nice": False}), "axis": None}
    text = {"x": x, "y": y, "text": {"field": "text"}}
    quality = {
        "field": "quality",
        "type": "quantitative",
        "scale": {"domain": [0, 1], "range": RANKS[::-1], "interpolate": "rgb"},
        "legend": None,
    }
    by_run = {"x": x, "y": y, "detail": {"field": "run"}}
    drawn = {"type": "line", "strokeWidth": 2, "opacity": 0.85}
    rule = {"type": "rule", "color": COLOUR["muted"], "strokeWidth": 1}
    spans = [{"at": number, "place": 0.0, "top": 1.0} for number in range(len(axes))]
    best = {"filter": "datum.champion"}
    return {
        "width": WIDE,
        "height": 320,
        "layer": [
            {"data": {"values": spans}, "mark": rule, "encoding": {"x": x, "y": y, "y2": {"field": "top"}}},
            {"data": {"values": points}, "mark": drawn, "encoding": {**by_run, "color": quality}},
            {
                "data": {"values": points},
                "transform": [best],
                "mark": {**drawn, "color": COLOUR["ink"], "strokeDash": [5, 4], "opacity": 1},
                "encoding": by_run,
            },
            {
                "data": {"values": ticks},
                "mark": {"type": "text", "align": "left", "dx": 5, "dy": -7, "fontSize": 11},
                "encoding": text,
            },
            {"data": {"values": titles}, "mark": {"type": "text", "fontWeight": 600}, "encoding": text},
        ],
    }


def _float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def dependence(entry: Mapping[str, Any], task: str, domain: list[float]) -> Spec:
    """The mean prediction as one feature varies, and the band of the middle 80 % of predictions."""
    keys = ("values", "mean", "low", "high")
    names = {"boolean": {0.0: "false", 1.0: "true"}}.get(entry["kind"], {})
    values = [dict(zip(keys, point, strict=True)) for point in zip(*(entry[key] for key in keys), strict=True)]
    values = [{**value, "values": names.get(value["values"], value["values"])} for value in values]
    axis = {"format": "~%", "tickCount": 5} if task == "classification" else {"tickCount": 5}
    y = _number("mean", None, scale={"domain": domain, "zero": False, "nice": True}, axis=axis)
    low = {**y, "field": "low"}
    steps = entry["kind"] != "numeric"
    if steps:
        labels = {"labelAngle": -55, "labelLimit": 60, "labelFontSize": 10, "labelOverlap": False, "grid": False}
        x: Spec = {
            "field": "values",
            "type": "ordinal",
            "sort": None,
            "title": None,
            "axis": labels,
        }
        band: Spec = {"type": "rule", "color": COLOUR["model"], "strokeWidth": 7, "opacity": 0.2}
        middle: Spec = {"type": "point", "filled": True, "size": 45, "opacity": 1, "color": COLOUR["model"]}
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


def example(entries: Rows, unit: str, domain: list[float]) -> Spec:
    """What moved one prediction up or down, largest first.

    Args:
        entries: `label`, `moved` and `text`.
        unit: of the contributions.
        domain: of the x axis, the same for all examples.
    """
    scale = {"domain": domain, "nice": True}
    x = _number("moved", f"moves the prediction by ({unit})", scale=scale, axis={"tickCount": 5})
    bar = {"type": "bar", "orient": "horizontal", "size": 11}
    up = {"condition": {"test": "datum.moved > 0", "value": COLOUR["up"]}, "value": COLOUR["down"]}
    bars = _layer(bar, "lower", x=x, x2={"datum": 0}, color=up)
    return _rows(entries, [bars, _numbers()], [_line(0, "grid")])


def _look(spec: Spec) -> Spec:
    """The common look: quiet axes, one font, room for the whole chart within its width."""
    axis = {
        "domainColor": COLOUR["grid"],
        "gridColor": COLOUR["grid"],
        "labelColor": COLOUR["muted"],
        "labelFontSize": 11.5,
        "labelOverlap": True,
        "labelSeparation": 8,
        "ticks": False,
        "labelPadding": 6,
        "titleColor": COLOUR["muted"],
        "titleFontSize": 11.5,
        "titleFontWeight": "normal",
    }
    legend = {
        "orient": "top",
        "labelColor": COLOUR["ink"],
        "labelFontSize": 12,
        "symbolSize": 160,
        "symbolStrokeWidth": 2.5,
    }
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
            "text": {"fontSize": 12, "color": COLOUR["ink"]},
            "view": {"stroke": None},
        },
        **spec,
    }


def _shorten(tag: str) -> str:
    """The tag without defaults, and with positions in tenths of a pixel."""
    tag = re.sub(r' (?:class|role|aria-[a-z]+|pointer-events)="[^"]*"| opacity="1"', "", tag)
    return re.sub(r' (?:d|transform)="[^"]*"', lambda found: TENTHS.sub(r"\1", found[0]), tag)


def _rows(entries: Rows, layers: list[Spec], under: Sequence[Spec] = ()) -> Spec:
    """One row for each entry: its `label` in the upper part, marks of `layers` in the lower, `under` below both."""
    texts = [_cut(entry["label"], LABEL) for entry in entries] + [entry.get("text", "") for entry in entries]
    rows: list[Spec] = [
        {
            **entry,
            "label": _stand_in(i),
            "text": _stand_in(i + len(entries)),
            "upper": i + 0.3,
            "lower": i + 0.7,
        }
        for i, entry in enumerate(entries)
    ]
    scale = {"domain": [0, max(len(rows), 1)], "reverse": True, "nice": False}
    label = _layer({"type": "text", "align": "left"}, "upper", x={"value": 0}, text={"field": "label"})
    label["encoding"]["y"] |= {"scale": scale, "axis": None}
    return {
        "width": WIDTH,
        "height": ROW * max(len(rows), 1),
        "autosize": "none",
        "padding": {"left": 4, "right": 4, "top": 2, "bottom": 40},
        "usermeta": {"texts": texts},
        "data": {"values": rows},
        "layer": [*under, label, *layers],
    }


def _stand_in(number: int) -> str:
    return chr(FIRST + number)


def _text(texts: Sequence[str], letter: str) -> str:
    """The text that `letter` stands for, escaped; a letter that stands for none is one of the data."""
    number = ord(letter) - FIRST
    return escape(texts[number]) if number < len(texts) else letter


def _cut(text: str, letters: int) -> str:
    return text if len(text) <= letters else text[: letters - 1] + "…"


def _layer(mark: Spec, y: str, **encoding: Spec) -> Spec:
    return {"mark": mark, "encoding": {"y": {"field": y, "type": "quantitative"}, **encoding}}


def _line(at: float, colour: str, dash: Sequence[int] = (1, 0)) -> Spec:
    """A line through the whole chart at one value of x."""
    mark = {"type": "rule", "color": COLOUR[colour], "strokeDash": list(dash), "strokeWidth": 1.5}
    x = {"datum": at, "type": "quantitative"}
    return {"data": {"values": [{}]}, "mark": mark, "encoding": {"x": x}}


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


def _known(value: Any) -> Any:
    """The specification with null in place of nan and infinity, which JSON does not have."""
    if isinstance(value, dict):
        return {key: _known(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_known(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _in(unit: str) -> str:
    return f", {unit}" if unit else ""


def _percentile(points: Rows, share: float) -> float:
    """The largest x at which some curve has not yet reached `share`."""
    return max((point["x"] for point in points if point["y"] <= share), default=1.0)
