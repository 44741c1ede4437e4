"""How the report writes numbers and names, the same in text, tables and charts."""

import math

from ..config import Config
from ..metrics import LARGER_IS_BETTER

NONE = "–"
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
RULES = {
    "margin_over_baseline": "Better than guessing",
    "margin_over_linear": "Better than a linear model",
    "slice_limit": "Good enough on every slice",
    "sensitive_gap": "Even over sensitive groups",
    "parity": "Exported as trained",
    "latency_ms": "Fast enough",
}


def number(value: float | None, like: float | None = None) -> str:
    """A number with about four significant digits, or with as many decimals as `like` gets."""
    if value is None or not math.isfinite(value):
        return NONE
    if isinstance(value, int):
        return f"{value:,}".replace("-", "−")
    size = abs(value if like is None or not math.isfinite(like) else like)
    decimals = 0 if size >= 1000 else 1 if size >= 100 else 2 if size >= 10 else 3 if size >= 1 else 4
    return f"{value:,.{decimals}f}".replace("-", "−")


def signed(value: float, like: float | None = None) -> str:
    """The same, with its sign."""
    return ("+" if value > 0 else "") + number(value, like)


def share(value: float) -> str:
    """A share as a percentage; what is not nothing is not written as 0."""
    if not math.isfinite(value):
        return NONE
    return "< 0.1 %" if 0 < value < 0.001 else f"{value * 100:.3g} %" if value < 0.9995 else f"{value * 100:.4g} %"


def metric_title(name: str) -> str:
    """The metric as people call it."""
    return METRICS.get(name, name)


def direction(name: str) -> str:
    """Which way is better; nothing for the bias, which should be near zero."""
    return "near 0 is better" if name == "bias" else "higher is better" if name in LARGER_IS_BETTER else "lower is better"


def rule_title(name: str) -> str:
    """What a rule of the gate asks for."""
    return RULES.get(name, name)


def unit(config: Config) -> str:
    """The unit of the predictions: none for probabilities, else what the declaration calls it, if it is short."""
    if config.task.name == "classification":
        return ""
    told = config.data.columns[config.target].description
    return told if 0 < len(told) <= 20 else config.target


def prediction(config: Config, value: float) -> str:
    """A prediction or an outcome, with its unit."""
    return share(value) if config.task.name == "classification" else f"{number(value, 10)} {unit(config)}"


def outcome(config: Config, value: float) -> str:
    """What really happened."""
    if config.task.name == "classification":
        return f"{config.target}: {'yes' if value else 'no'}"
    return prediction(config, value)
