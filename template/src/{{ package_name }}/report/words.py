"""How the report writes numbers and names, the same in text, tables and charts."""

import re
from math import isclose, isfinite

from markupsafe import Markup, escape

from ..config import Config
from ..metrics import LARGER_IS_BETTER

NONE, SPACE = "\u2013", "\u00a0"
METRICS = {
    "roc_auc": "ROC AUC",
    "average_precision": "average precision",
    "log_loss": "log loss",
    "brier": "Brier score",
    "mae": "mean absolute error",
    "rmse": "root mean squared error",
    "bias": "bias",
    "r2": "R²",
}
IN_UNITS = ("mae", "rmse", "bias")
RULES = {
    "margin_over_baseline": "better than a guess",
    "margin_over_linear": "better than a linear model",
    "slice_limit": "good enough on every slice",
    "sensitive_gap": "even over sensitive groups",
    "parity": "exported as trained",
    "latency_ms": "fast enough",
}


def number(value: float | None, like: float | None = None) -> str:
    """A number with about four significant digits, or with as many decimals as `like` would get."""
    if value is None or not isfinite(value):
        return NONE
    if isinstance(value, int):
        return f"{value:,}".replace("-", "\u2212")
    size = abs(value if like is None or not isfinite(like) else like)
    decimals = next((places for bound, places in ((1000, 0), (100, 1), (10, 2), (1, 3)) if size >= bound), 4)
    return f"{value:,.{decimals}f}".replace("-", "\u2212")


def signed(value: float, like: float | None = None) -> str:
    """The same, with its sign."""
    return ("+" if value > 0 else "") + number(value, like)


def plain(value: float) -> str:
    """A value of the data, without zeros at its end."""
    return number(value, 1000) if abs(value) >= 1000 else f"{value:.4g}".replace("-", "\u2212")


def share(value: float) -> str:
    """A share as a percentage; what is not nothing is not written as 0."""
    if not isfinite(value):
        return NONE
    percent = value * 100
    if 0 < percent < 0.1:
        return f"< 0.1{SPACE}%"
    return f"{percent:.{0 if isclose(percent, round(percent)) else 1}f}{SPACE}%"


def breakable(text: str) -> Markup:
    """The text, escaped, with places where a long name may go on in the next line."""
    return Markup(re.sub(r"([_/]|\.(?=[^\d\s]))(?=\w)", r"\1<wbr>", str(escape(text))))


def metric_title(name: str) -> str:
    """The metric as people call it."""
    return METRICS.get(name, name)


def metric_unit(config: Config, name: str) -> str:
    """The unit of a metric, to be appended to its title."""
    return f", {unit(config)}" if name in IN_UNITS else ""


def direction(name: str) -> str:
    """Which way is better."""
    if name == "bias":
        return "near 0 is better"
    return "higher is better" if name in LARGER_IS_BETTER else "lower is better"


def capitalized(text: str) -> str:
    """With a capital first letter, and the others as they are."""
    return text[:1].upper() + text[1:]


def rule_title(name: str) -> str:
    """What a rule of the gate asks for."""
    return RULES.get(name, name)


def unit(config: Config) -> str:
    """The unit of predictions: none for probabilities, else what the declaration calls it if that is short."""
    if config.task.name == "classification":
        return ""
    told = config.data.columns[config.target].description
    return told if 0 < len(told) <= 20 else f"{config.target} units"


def split_note(config: Config) -> str:
    """How the rows were parted, and which were kept out."""
    split = config.split
    kept = f" Rows from {split.until.date()} on stay out: the model meets them in production." if split.until else ""
    return f"Split by {split.name}.{kept}"


def prediction(config: Config, value: float) -> str:
    """A prediction, with its unit."""
    return share(value) if config.task.name == "classification" else f"{number(value, 10)} {unit(config)}"


def outcome(config: Config, value: float) -> str:
    """What happened in truth."""
    if config.task.name == "classification":
        return f"{config.target}: {'yes' if value else 'no'}"
    return f"it was {plain(value)} {unit(config)}"
