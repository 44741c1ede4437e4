"""The charts of the studies that the report has none of; they share its palette and are drawn by it."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..report.charts import COLOUR, WIDTH, Spec

Rows = Sequence[Mapping[str, Any]]


def band(points: Rows, x: str, y: str, limit: float | None = None, log: bool = False) -> Spec:
    """A value with its interval along a number.

    Args:
        points: `at`, `value`, `low` and `high`.
        x: title of the x axis.
        y: title of the y axis.
        limit: drawn as a line across.
        log: whether x doubles rather than grows.
    """
    along: Spec = {"field": "at", "type": "quantitative", "title": x}
    along["scale"] = {"type": "log" if log else "linear", "zero": False, "nice": False, "padding": 14}
    along["axis"] = {"values": [point["at"] for point in points], "format": ".2~s" if log else "d"}
    up: Spec = {"field": "value", "type": "quantitative", "title": y, "axis": {"tickCount": 5}}
    up["scale"] = {"zero": False}
    bar = {"type": "rule", "color": COLOUR["model"], "strokeWidth": 4, "opacity": 0.4}
    line = {"type": "line", "color": COLOUR["model"], "strokeWidth": 1.5}
    dot = {"type": "point", "filled": True, "size": 60, "opacity": 1, "color": COLOUR["model"]}
    layers: list[Spec] = [
        {"mark": bar, "encoding": {"x": along, "y": {**up, "field": "low"}, "y2": {"field": "high"}}},
        {"mark": line, "encoding": {"x": along, "y": up}},
        {"mark": dot, "encoding": {"x": along, "y": up}},
    ]
    if limit is not None:
        layers.append(_across(limit, "limit"))
    return {"width": WIDTH, "height": 270, "data": {"values": list(points)}, "layer": layers}


def matrix(cells: Rows, x: str, better: str) -> Spec:
    """A table of numbers, in which the better ones are stronger.

    Args:
        cells: `x`, `y`, `value` and `text`.
        x: title of the columns.
        better: `ascending` if larger is better, else `descending`.
    """
    labels = {"labelAngle": -45, "grid": False, "labelOverlap": False, "labelFontSize": 10}
    across: Spec = {"field": "x", "type": "ordinal", "title": x, "axis": labels}
    down: Spec = {"field": "y", "type": "ordinal", "title": None, "axis": {"grid": False, "labelFontSize": 10}}
    shade: Spec = {"field": "value", "type": "quantitative", "legend": None}
    shade["scale"] = {"zero": False, "nice": False, "range": [0.06, 0.6] if better == "ascending" else [0.6, 0.06]}
    tile = {"type": "rect", "color": COLOUR["model"]}
    text = {"type": "text", "fontSize": 9.5, "color": COLOUR["ink"]}
    return {
        "width": WIDTH + 60,
        "height": 27 * len({cell["y"] for cell in cells}) + 70,
        "autosize": {"type": "fit", "contains": "padding"},
        "padding": {"left": 8, "right": 4, "top": 4, "bottom": 2},
        "data": {"values": list(cells)},
        "encoding": {"x": across, "y": down},
        "layer": [
            {"mark": tile, "encoding": {"fillOpacity": shade}},
            {"mark": text, "encoding": {"text": {"field": "text"}}},
        ],
    }


def costs(points: Rows, x: str, y: str, chosen: float | None, levels: Mapping[str, float]) -> Spec:
    """The cost on two sets of rows along the choice, and what it costs to choose without a model.

    Args:
        points: `at`, `cost` and `rows`, which is `validation` or `test`.
        x: title of the x axis.
        y: title of the y axis.
        chosen: where it is cheapest on the validation rows.
        levels: costs that do not depend on x, by name.
    """
    along: Spec = {"field": "at", "type": "quantitative", "title": x, "axis": {"tickCount": 6}}
    along["scale"] = {"nice": False}
    up: Spec = {"field": "cost", "type": "quantitative", "title": y, "axis": {"tickCount": 5}}
    names = {"domain": ["test", "validation"], "range": [COLOUR["model"], COLOUR["linear"]]}
    style: Spec = {"field": "rows", "type": "nominal", "scale": names, "legend": {"title": None}}
    dashes: Spec = {"field": "rows", "type": "nominal", "scale": {"domain": names["domain"], "range": [[1, 0], [6, 3]]}}
    line = {"type": "line", "strokeWidth": 2}
    layers: list[Spec] = [
        {"mark": line, "encoding": {"x": along, "y": up, "color": style, "strokeDash": {**dashes, "legend": None}}}
    ]
    if chosen is not None:
        rule = {"type": "rule", "color": COLOUR["limit"], "strokeWidth": 1.5}
        layers.append({"data": {"values": [{}]}, "mark": rule, "encoding": {"x": {"datum": chosen}}})
    top = max(point["cost"] for point in points)
    for name, level in levels.items():
        if level > 1.3 * top:
            continue
        layers.append(_across(level, "muted", [4, 3]))
        words = {"type": "text", "align": "right", "dy": -6, "color": COLOUR["muted"], "fontSize": 11, "text": name}
        place = {"x": {"value": WIDTH - 130}, "y": {"datum": level, "type": "quantitative"}}
        layers.append({"data": {"values": [{}]}, "mark": words, "encoding": place})
    return {"width": WIDTH, "height": 270, "data": {"values": list(points)}, "layer": layers}


def _across(at: float, colour: str, dash: Sequence[int] = (1, 0)) -> Spec:
    mark = {"type": "rule", "color": COLOUR[colour], "strokeDash": list(dash), "strokeWidth": 1.5}
    return {"data": {"values": [{}]}, "mark": mark, "encoding": {"y": {"datum": at, "type": "quantitative"}}}
