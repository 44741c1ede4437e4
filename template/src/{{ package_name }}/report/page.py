"""The page: what a run wrote, arranged for a reader who has one minute, then for one who has ten."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from ..config import Config
from ..metrics import LARGER_IS_BETTER
from . import charts, history

Values = Mapping[str, Any]
HERE = Path(__file__).parent
TITLES = {
    "roc_auc": "ROC AUC",
    "average_precision": "Average precision",
    "log_loss": "Log loss",
    "brier": "Brier score",
    "mae": "Mean absolute error",
    "rmse": "Root mean squared error",
    "bias": "Bias",
    "r2": "R²",
}
IN_UNITS = ("mae", "rmse", "bias")
RULES = {
    "margin_over_baseline": "Better than guessing",
    "margin_over_linear": "Better than a linear model",
    "slice_limit": "Good enough on every slice",
    "sensitive_gap": "Fair to sensitive groups",
    "parity": "Exported as trained",
    "latency_ms": "Fast enough",
}
LIBRARIES = ("polars", "scikit-learn", "lightgbm", "onnxruntime")
SLICED, VALUES, BARS, DOTTED = 8, 16, 15, 10  # what is shown of long lists; the page says what is left out


@dataclass(frozen=True)
class Run:
    """What the stages before wrote; None where a file is not there."""

    validation: Values
    training: Values
    evaluation: Values
    explanation: Values | None
    gate: Sequence[Values] | None
    latency: Values | None
    parts: Sequence[Values]  # name, rows, from, to (None without a time), mean of the target
    curve: Sequence[Values]
    errors: Sequence[Values]


def render(config: Config, run: Run, past: history.Past, commit: history.Commit | None) -> str:
    """The whole page as HTML."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"number": number, "signed": signed, "share": share, "title": title}
    environment.globals["draw"] = lambda spec, label: Markup(charts.svg(spec, label))  # noqa: S704: drawn, so escaped
    return environment.get_template("page.html").render(
        config=config,
        run=run,
        commit=commit,
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        versions=_versions(),
        style=Markup((HERE / "page.css").read_text(encoding="utf-8")),  # noqa: S704: a file of ours
        palette=charts.PALETTE.values(),
        ranks=charts.RANKS,
        larger=LARGER_IS_BETTER,
        rules=RULES,
        unit=_unit(config),
        comparison=_comparison(config, run, past),
        charts=_charts(config, run),
        columns=_columns(config, run),
        settings=_settings(config),
    )
