"""The model card and the data card: what a run measured, as Markdown that Git keeps.

The sections follow Mitchell et al. 2019 (Model Cards for Model Reporting) and Gebru et al. 2021 (Datasheets for
Datasets). What only people can say stands in `docs/cards/<data set>/` and is taken over as it is. Nothing here tells of
a machine or a moment, so that the same run writes the same bytes.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .checks import rules
from .config import Config
from .report.answers import goodness, is_it_good, where_is_it_weak
from .report.words import (
    capitalized,
    direction,
    metric_title,
    metric_unit,
    number,
    plain,
    rule_title,
    share,
    split_note,
)

Values = Mapping[str, Any]
MODELS = {"model": "this model", "linear": "linear model", "baseline": "baseline"}
NOTE = "<!-- Written by the stage report: change docs/cards/, conf/ or the code, then `make run`. -->\n"
WORST, TOP = 10, 10
# GitHub and the site read two dialects of Markdown: only these may be escaped by a backslash in both of them.
BACKSLASHED = re.compile(r"([\\`*_\[\]])")
ENTITIES = {ord(sign): f"&#{ord(sign)};" for sign in "~|$#"} | {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;"}
LIST_ITEM = re.compile(r"^(\d*)([-+.)])(?= |$)")


def model_card(
    config: Config,
    evaluation: Values,
    training: Values,
    explanation: Values | None,
    gate: Sequence[Values] | None,
    parts: Sequence[Values],
    digest: str,
    words: str,
) -> str:
    """The model card.

    Args:
        config: the whole configuration.
        evaluation: what the stage evaluate wrote.
        training: what the stage train wrote.
        explanation: what the stage explain wrote, if it has run.
        gate: the verdict of each rule, if the stage gate has run.
        parts: rows, mean of the target, and period of each part of the split.
        digest: SHA-256 of the file that holds the model, which is its version.
        words: what people have to say: intended use, limits.
    """
    return "\n".join(
        [
            NOTE,
            f"# Model card: {config.task.name} of {text(config.target)}",
            "",
            text(is_it_good(config, evaluation).answer),
            "",
            *_details(config, training, digest),
            "",
            words.strip(),
            "",
            "## Metrics",
            "",
            f"On {number(evaluation['rows']['test'])} test rows that no model has seen, with "
            f"{share(evaluation['confidence'])} bootstrap intervals over the rows.",
            "",
            *_metrics(config, evaluation),
            "",
            *_ahead(config, evaluation),
            "",
            "## Training and evaluation data",
            "",
            f"The [data card](data_card.md) says what they are. {text(split_note(config))}",
            "",
            *_parts(config, parts),
            "",
            "## Slices",
            "",
            text(where_is_it_weak(config, evaluation).answer),
            "",
            *_slices(config, evaluation),
            "",
            "## Fairness",
            "",
            *_fairness(config, evaluation),
            "",
            "## What it relies on",
            "",
            *_reliance(config, explanation),
            "",
            "## Gate",
            "",
            *_gate(gate),
            "",
        ]
    )


def data_card(config: Config, validation: Values, parts: Sequence[Values], words: str) -> str:
    """The data card.

    Args:
        config: the whole configuration.
        validation: what the stage validate wrote.
        parts: rows, mean of the target, and period of each part of the split.
        words: what people have to say: where the data come from, what they lack.
    """
    data, columns = config.data, validation["columns"]
    span = columns.get(data.time) if data.time else None
    found = validation["findings"]
    return "\n".join(
        [
            NOTE,
            f"# Data card: {text(data.name)}",
            "",
            text(data.description),
            "",
            *table(
                ("of the whole", ""),
                [
                    ("Rows", number(validation["rows"])),
                    ("Columns", number(len(columns))),
                    ("Target", f"{code(config.target)}: {text(data.columns[config.target].description)}"),
                    ("A row is", " + ".join(map(code, data.key)) + ", once"),
                    *([("Time", f"{code(str(data.time))}, {span['from']} to {span['to']} (UTC)")] if span else []),
                    *([("Predicted", f"{text(data.horizon)} before that time")] if span else []),
                    ("Checks", "all hold" if not found else f"{number(len(found))} broken, see the report"),
                ],
            ),
            "",
            words.strip(),
            "",
            "## Columns",
            "",
            "Only what is known when a prediction is made can be an input. The model card compares sensitive groups.",
            "",
            *table(
                ("column", "what it is", "kind", "known in time", "sensitive", "allowed", "missing", "distinct"),
                [_column(config, name, of) for name, of in columns.items()],
            ),
            "",
            "## Parts",
            "",
            text(split_note(config)),
            "",
            *_parts(config, parts),
            "",
            "## Checks",
            "",
            "The pipeline goes no further than the stage validate, unless the data have",
            "",
            *(f"- {text(rule)}" for rule in rules(config)),
            "",
        ]
    )


def words(data: str, card: str, root: Path) -> str:
    """What people wrote about a data set for the card `model` or `data`, or a sentence that says that nobody has."""
    path = Path("docs/cards", data, f"{card}.md")
    if (root / path).exists():
        return (root / path).read_text(encoding="utf-8")
    return f"*Nobody has written {code(path.as_posix())} yet, so use and limits are not stated.*"


def text(value: str) -> str:
    """Human text as literal Markdown on one line."""
    literal = BACKSLASHED.sub(r"\\\1", " ".join(value.split()).translate(ENTITIES))
    return LIST_ITEM.sub(r"\1\\\2", literal)


def code(value: str) -> str:
    """A name as code; what would end the code or the cell is replaced, and nothing at all would be no code."""
    name = " ".join(value.split()) or "(empty)"
    return f"`{name.replace('`', chr(39)).replace('|', '¦')}`"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a Markdown table."""
    return [f"| {' | '.join(cells)} |" for cells in [head, ["---"] * len(head), *rows]]


def _interval(of: Values, like: float) -> str:
    return f"{number(of['value'], like)} ({number(of['low'], like)} to {number(of['high'], like)})"


def _mean(config: Config, value: float) -> str:
    """A mean of predictions or of what happened: a share of rows, or an amount with as many decimals in each row."""
    return share(value) if config.task.name == "classification" else number(value, 10)


def _details(config: Config, training: Values, digest: str) -> list[str]:
    chosen, target = training["model"], config.data.columns[config.target]
    features = f"{code(config.features.name)}; dropped: {', '.join(map(code, config.features.drop)) or 'none'}"
    return table(
        ("of the model", ""),
        [
            ("Model", code(config.model.name)),
            ("Estimator", code(str(config.model.estimator["_target_"]))),
            ("File", f"{text(chosen['format'])}; at most {chosen['parity']:.1e} off the trained model"),
            ("Version", f"SHA-256 of the file: {code(digest)}"),
            ("Task", f"{config.task.name} of {code(config.target)}: {text(target.description)}"),
            ("Features", features),
            ("Seed", str(config.seed)),
        ],
    )


def _metrics(config: Config, evaluation: Values) -> list[str]:
    models = [name for name in MODELS if name in evaluation["models"]]
    tests = {name: evaluation["models"][name]["test"] for name in models}
    rows = [
        (
            f"{capitalized(metric_title(name))}{metric_unit(config, name)} ({direction(name)})",
            *(_interval(tests[model][name], of["value"]) for model in models),
        )
        for name, of in tests["model"].items()
    ]
    return table(("metric", *(MODELS[name] for name in models)), rows)


def _ahead(config: Config, evaluation: Values) -> list[str]:
    metric = evaluation["metric"]
    like = evaluation["models"]["model"]["test"][metric]["value"]
    return [
        f"- Advantage over the {MODELS[name].removesuffix(' model')} model in {metric_title(metric)}"
        f"{metric_unit(config, metric)}, on the same resampled rows: {_interval(of, like)}"
        for name, of in evaluation["ahead"].items()
    ]


def _parts(config: Config, parts: Sequence[Values]) -> list[str]:
    if not parts:
        return ["The rows are not here."]
    rows = []
    for of in parts:
        period = f"{of['from']} to {of['to']}" if of["from"] else "any"
        rows.append((of["name"], number(of["rows"]), _mean(config, of["target"]), period))
    label = "share of positives" if config.task.name == "classification" else "mean of the target"
    return table(("part", "rows", label, "period (UTC)"), rows)


def _slices(config: Config, evaluation: Values) -> list[str]:
    if not evaluation["slices"]:
        return []
    worst = sorted(evaluation["slices"], key=lambda of: goodness(evaluation["metric"], of["metric"]))[:WORST]
    return [f"The {len(worst)} weakest:", "", *_groups("slice", worst, config, evaluation)]


def _fairness(config: Config, evaluation: Values) -> list[str]:
    sensitive = [name for name, column in config.data.columns.items() if column.sensitive]
    if not sensitive:
        return ["No column is declared as sensitive (`sensitive: true` in `conf/data`), so no groups are compared."]
    groups = [of for of in evaluation["slices"] if of["column"] in sensitive]
    if not groups:
        return [f"Of {', '.join(map(code, sensitive))} no group is large enough to tell."]
    return _groups("group", groups, config, evaluation)


def _groups(head: str, groups: Sequence[Values], config: Config, evaluation: Values) -> list[str]:
    metric = evaluation["metric"]
    rows = [
        (
            f"{code(of['column'])} {code(str(of['value']))}",
            number(of["rows"]),
            _interval({"value": of["metric"], "low": of["low"], "high": of["high"]}, of["metric"]),
            _mean(config, of["mean_score"]),
            _mean(config, of["mean_target"]),
        )
        for of in groups
    ]
    title = f"{metric_title(metric)}{metric_unit(config, metric)}"
    return table((head, "rows", title, "mean prediction", "mean outcome"), rows)


def _reliance(config: Config, explanation: Values | None) -> list[str]:
    if explanation is None:
        return ["This run was not explained."]
    title = metric_title(explanation["metric"])
    rows = [
        (code(of["feature"]), f"{number(of['loss'])} ({number(of['low'])} to {number(of['high'])})")
        for of in explanation["importance"][:TOP]
    ]
    return table(("feature", f"loss of {title} when it is shuffled (span of the repeats)"), rows)


def _gate(gate: Sequence[Values] | None) -> list[str]:
    if gate is None:
        return ["This run was not judged."]
    rows = [
        (capitalized(rule_title(of["rule"])), "holds" if of["passed"] else "**is broken**", text(of["message"]))
        for of in gate
    ]
    return table(("rule", "verdict", "why"), rows)


def _column(config: Config, name: str, of: Values) -> tuple[str, ...]:
    column = config.data.columns[name]
    allowed = ""
    if column.range:
        low, high = ("" if limit is None else plain(limit) for limit in column.range)
        allowed = f"{low} to {high}"
    elif column.values:
        allowed = ", ".join(map(text, column.values[:TOP])) + (" …" if len(column.values) > TOP else "")
    if column.known is None:
        known = ""
    elif column.known:
        known = "yes"
    else:
        known = f"from {code(column.available_at)} on" if column.available_at else "no"
    nullable = share(of["missing"]) if column.nullable or of["missing"] else "none"
    sensitive = "yes" if column.sensitive else ""
    told = text(column.description)
    return code(name), told, column.kind, known, sensitive, allowed, nullable, number(of["distinct"])
