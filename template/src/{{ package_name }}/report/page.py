"""The page: what a run wrote, arranged for a reader who has one minute, then for one who has ten."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import OmegaConf

from ..config import Config
from . import answers, charts, figures, history, words

if TYPE_CHECKING:
    from jinja2 import Environment

Values = Mapping[str, Any]
HERE = Path(__file__).parent
LIBRARIES = ("polars", "scikit-learn", "lightgbm", "onnxruntime")
SETTINGS = ("seed", "task", "model", "split", "features", "train", "evaluate", "gate")
TOP, BIN, TALL = 3, 4, 28  # most frequent values to show; width of a bar and height of a histogram, in pixels


@dataclass(frozen=True)
class Run:
    """What the stages before have written; None where a file is not there."""

    validation: Values
    training: Values
    evaluation: Values
    explanation: Values | None
    gate: Sequence[Values] | None
    latency: Values | None
    parts: Sequence[Values]  # for each part of the split: name, rows, mean of the target, from and to (or None)
    curve: Sequence[Values]
    errors: Sequence[Values]
    learning: Sequence[Values]


def render(config: Config, run: Run, past: history.Past, commit: history.Commit | None) -> str:
    """The whole page as HTML."""
    compared = history.compare(config, run.evaluation, past)
    then = past.evaluation if compared else None
    slices, slices_note = figures.slices(config, run.evaluation)
    told = run.explanation
    return (
        environment()
        .get_template("page.html")
        .render(
            config=config,
            run=run,
            commit=commit,
            made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
            versions=_versions(),
            unit=words.unit(config),
            broken=[verdict for verdict in run.gate or [] if not verdict["passed"]],
            past=past,
            compared=compared,
            answers=[
                answers.is_it_good(config, run.evaluation),
                answers.is_it_better(config, run.evaluation, compared),
                answers.where_is_it_weak(config, run.evaluation),
                answers.what_does_it_rely_on(run.explanation),
                answers.what_are_the_data(config, run.validation),
            ],
            standing=figures.standing(config, run.evaluation, then),
            quality=figures.quality(config, run.evaluation, run.curve, run.errors),
            learning=figures.learning(run.learning),
            slices=slices,
            slices_note=slices_note,
            reliance=figures.reliance(config, told) if told else [],
            responses=figures.responses(config, told) if told else [],
            examples=figures.examples(config, told) if told else [],
            columns=_columns(config, run),
            derived=_derived(config, run),
            settings=_settings(config),
        )
    )


def environment(*folders: Path) -> "Environment":
    """The template engine of the pages, with their words and their look; `folders` hold pages of other parts."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader([HERE, *folders]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {name: word for name, word in vars(words).items() if callable(word)}
    style = (HERE / "page.css").read_text(encoding="utf-8")
    made.globals |= {"style": style, "palette": charts.PALETTE.values(), "ranks": charts.RANKS}
    return made


def _columns(config: Config, run: Run) -> list[dict[str, Any]]:
    """What the table of the columns shows: the profile of each, and its part in the model."""
    rows = run.validation["rows"]
    return [
        {
            **of,
            "name": name,
            "role": _role(config, name),
            "sensitive": config.data.columns[name].sensitive,
            "bars": _histogram(of.get("histogram", [])),
            "common": [
                (value, count / max(rows * (1 - of["missing"]), 1))
                for value, count in list(of.get("top", {}).items())[:TOP]
            ],
        }
        for name, of in run.validation["columns"].items()
    ]


def _role(config: Config, name: str) -> str:
    column = config.data.columns[name]
    if name == config.target:
        return "target"
    if column.kind == "identifier":
        return "identifier"
    if not column.known:
        return "known afterwards"
    if column.kind == "datetime":
        return "time"
    return "left out" if name in config.features.drop else "input"


def _histogram(counts: Sequence[int]) -> str:
    """The outline of a histogram as an SVG path."""
    top = max(counts, default=0)
    heights = [round(count / top * TALL, 1) for count in counts] if top else []
    return "".join(f"M{i * BIN} {TALL}v-{high:g}h{BIN - 1}v{high:g}z" for i, high in enumerate(heights) if high)


def _derived(config: Config, run: Run) -> list[str]:
    """The inputs that are made from the columns."""
    ranked = run.explanation["importance"] if run.explanation else []
    return sorted(entry["feature"] for entry in ranked if entry["feature"] not in config.data.columns)


def _settings(config: Config) -> str:
    """The groups of the configuration that decide what the model is, as YAML."""
    plain = history.plain(config)
    return OmegaConf.to_yaml(OmegaConf.create({name: plain[name] for name in SETTINGS}))


def _versions() -> dict[str, str]:
    """Python, and the libraries whose version shows in the results."""
    found = {"Python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
