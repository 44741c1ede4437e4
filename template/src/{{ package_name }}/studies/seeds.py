"""How much of the metric is luck: fits that differ in nothing but their seed, beside the interval of one of them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from ..columns import Input
from ..config import Config
from ..report.words import metric_title, number
from ..run import Files
from .fitting import Fit, needed, newest, parts, scores, seeded
from .resampling import interval, sampled
from .settings import Studies, of, start, write


def study(
    config: Config,
    settings: Studies,
    inputs: Mapping[str, Input],
    train: pl.DataFrame,
    validation: pl.DataFrame,
) -> dict[str, Any]:
    """The metric of each seed on the validation rows, their spread, and the bootstrap interval of the project's own."""
    if seeded(config.model, config.seed) is None:
        reason = f"It does not apply: conf/model/{config.model.name}.yaml sets no `random_state`."
        return {"applies": False, "good": None, "verdict": reason}
    columns = needed(config, inputs)
    train, validation = newest(train.select(columns), config, settings.rows, config.seed), validation.select(columns)
    fits = {}
    for seed in range(config.seed, config.seed + settings.seeds.count):
        fits[seed] = Fit(seeded(config.model, seed) or config.model, inputs, train, [validation])
    said = {seed: part[0] for seed, part in scores(config, fits, "seeds").items()}
    values, _ = sampled(config, validation, said, 0)
    _, draws = sampled(config, validation, {config.seed: said[config.seed]}, settings.bootstrap)
    own = interval(config, values[config.seed], draws[config.seed])
    low, high = min(values.values()), max(values.values())
    width = own["high"] - own["low"]
    return {
        "applies": True,
        "good": None,
        "verdict": _verdict(config, len(values), low, high, width),
        "metric": config.task.metric,
        "seeds": [{"seed": seed, "value": value} for seed, value in values.items()],
        "mean": float(np.mean(list(values.values()))),
        "deviation": float(np.std(list(values.values()), ddof=1)),
        "own": own,
    }


def _verdict(config: Config, count: int, low: float, high: float, width: float) -> str:
    title, spread = metric_title(config.task.metric), high - low
    if spread == 0:
        return f"No luck in it: {count} seeds give the same {title}."
    text = (
        f"{count} seeds give {title} from {number(low, high)} to {number(high)}, a range of {number(spread, 1)}; "
        f"the choice of rows alone moves it over {number(width, 1)}."
    )
    if spread > width:
        return f"{text} The seed matters more than the rows: average several seeds, or make the model more stable."
    return f"{text} A gain of less than {number(spread, 1)} from one change may be the seed."


def run(config: Config, files: Files) -> None:
    """Write `studies/results/seeds.json`."""
    write(files, "seeds", study(config, of(config), *parts(files)))


if __name__ == "__main__":
    start(run)
