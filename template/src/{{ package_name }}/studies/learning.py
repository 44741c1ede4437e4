"""Would more rows help: the metric on the validation rows by the number of rows that were learned from."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from ..columns import Input
from ..config import Config
from ..metrics import Array, advantage
from ..report.words import metric_title, number, share, signed
from ..run import Files
from .fitting import Fit, needed, newest, parts, scores, seeded
from .resampling import interval, pooled, sampled
from .settings import Studies, of, start, write

EXPONENTS = np.linspace(0.05, 2, 79)


def study(
    config: Config,
    settings: Studies,
    inputs: Mapping[str, Input],
    train: pl.DataFrame,
    validation: pl.DataFrame,
) -> dict[str, Any]:
    """The metric by number of rows, the gain of the second half of them, and what twice as many would bring if known.

    The rows of a share are the newest, so that more rows are older ones, as they are when a project keeps more history.
    """
    told, columns = settings.learning, needed(config, inputs)
    train = newest(train.select(columns), config, settings.rows, config.seed)
    validation = validation.select(columns)
    counts = {part: max(2, round(part * len(train))) for part in told.shares}
    fits = {}
    for part, count in counts.items():
        for seed in range(config.seed, config.seed + told.seeds):
            rows = newest(train, config, count, seed)
            fits[part, seed] = Fit(seeded(config.model, seed) or config.model, inputs, rows, [validation])
    said = {key: judged[0] for key, judged in scores(config, fits, "learning curve").items()}
    values, draws = sampled(config, validation, said, settings.bootstrap)
    points = [_point(config, part, count, values, draws) for part, count in counts.items()]
    gain = _gain(config, told.shares, values, draws)
    future = _future(config, points)
    return {
        "applies": True,
        "good": None,
        "verdict": _verdict(config, points, gain, future),
        "metric": config.task.metric,
        "points": points,
        "gain": gain,
        "twice": future,
    }


def _point(
    config: Config,
    part: float,
    count: int,
    values: Mapping[tuple[float, int], float],
    draws: Mapping[tuple[float, int], Array],
) -> dict[str, Any]:
    mine = [key for key in values if key[0] == part]
    mean = float(np.mean([values[key] for key in mine]))
    spread = pooled(np.stack([draws[key] for key in mine]), config.seed)
    return {"share": part, "rows": count, **interval(config, mean, spread)}


def _gain(
    config: Config,
    shares: list[float],
    values: Mapping[tuple[float, int], float],
    draws: Mapping[tuple[float, int], Array],
) -> dict[str, Any]:
    """What all rows gain over the share that is nearest to half of them, on the same validation rows and seeds."""
    half, metric = min(shares[:-1], key=lambda part: abs(part - 0.5)), config.task.metric
    seeds = [seed for part, seed in values if part == half]
    gains = [float(advantage(metric, values[1.0, seed], values[half, seed])) for seed in seeds]
    moved = np.stack([np.asarray(advantage(metric, draws[1.0, seed], draws[half, seed])) for seed in seeds])
    return {"from_share": half, **interval(config, float(np.mean(gains)), pooled(moved, config.seed))}


def _future(config: Config, points: list[dict[str, Any]]) -> dict[str, Any]:
    """The metric with twice the rows by a power law, if the law that is fitted without the last point finds it."""
    if len(points) < 4:
        return {"known": False, "why": f"{len(points)} points are too few for a curve"}
    last = points[-1]
    foretold = power_law([p["rows"] for p in points[:-1]], [p["value"] for p in points[:-1]], last["rows"])
    if not last["low"] <= foretold <= last["high"]:
        why = f"the curve through the smaller shares foretells {number(foretold, last['value'])} for all rows"
        return {"known": False, "why": f"{why}, which is off by more than the noise"}
    known = [point["rows"] for point in points], [point["value"] for point in points]
    rise = power_law(*known, 2 * last["rows"]) - power_law(*known, last["rows"])
    return {"known": True, "rows": 2 * last["rows"], "value": last["value"] + rise, "change": rise}


def power_law(rows: list[int], values: list[float], at: float) -> float:
    """The value at `at` of the curve a + b · rows^-c that comes nearest to the values (least squares)."""
    x, y = np.array(rows, dtype=float), np.array(values)
    found = []
    for exponent in EXPONENTS:
        design = np.stack([np.ones(len(x)), (x / x[0]) ** -exponent], axis=1)
        weights, *_ = np.linalg.lstsq(design, y, rcond=None)
        error = float(((design @ weights - y) ** 2).sum())
        found.append((error, float(weights[0] + weights[1] * (at / x[0]) ** -exponent)))
    return min(found)[1]


def _verdict(config: Config, points: list[dict[str, Any]], gain: Mapping[str, Any], future: Mapping[str, Any]) -> str:
    title, last = metric_title(config.task.metric), points[-1]
    older = " older" if config.data.time else ""
    by = f"{signed(gain['value'], 1)} ({signed(gain['low'], 1)} to {signed(gain['high'], 1)})"
    span = f"from {share(gain['from_share'])} of the rows to all {last['rows']:,}"
    if gain["low"] > 0:
        text = f"More{older} rows still help: going {span} makes {title} better by {by}."
    elif gain["high"] < 0:
        text = f"More{older} rows make it worse: going {span} makes {title} better by {by}, so worse."
    else:
        text = f"More{older} rows are not shown to help: going {span} makes {title} better by {by}, which may be noise."
    if future["known"]:
        change = signed(future["change"], last["value"])
        return f"{text} Twice as many would move it by about {change}, if the curve holds."
    return f"{text} What twice as many would bring is not foretold: {future['why']}."


def run(config: Config, files: Files) -> None:
    """Write `studies/results/learning.json`."""
    write(files, "learning", study(config, of(config), *parts(files)))


if __name__ == "__main__":
    start(run)
