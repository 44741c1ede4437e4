"""What each group of features is worth: the loss on the validation rows when the model is fitted without it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from ..columns import Input
from ..config import Config
from ..errors import ProjectError
from ..metrics import advantage
from ..report.words import metric_title, signed
from ..run import Files
from .fitting import Fit, needed, newest, parts, scores, seeded
from .resampling import interval, pooled, sampled
from .settings import Studies, of, start, write

ALL = "all inputs"
EARNS, IDLE, HARMS = "earns its place", "not shown to earn its place", "harms"


def groups(config: Config, inputs: Mapping[str, Input], own: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """The groups of inputs by name: each block of the calendar, history by what it averages, declared columns by kind.

    Raises:
        ProjectError: a group of your own names what is no input, or has the name of another group.
    """
    found: dict[str, list[str]] = {}
    for block in config.features.calendar:
        found[f"calendar of {block.column}"] = [f"{block.column}_{part}" for part in block.parts]
    for past in config.features.history:
        found.setdefault(f"history of {past.mean}", []).append(past.name)
    made = {name for names in found.values() for name in names}
    for name, entry in inputs.items():
        if name not in made:
            found.setdefault(f"{'own' if entry['derived'] else 'declared'} {entry['kind']}", []).append(name)
    found = {group: [name for name in names if name in inputs] for group, names in found.items()}
    for group, names in own.items():
        here = f"conf/studies: ablation.groups: {group}"
        if group in found:
            raise ProjectError(f"{here}: there is a group of that name already; choose another")
        unknown = [name for name in names if name not in inputs]
        if unknown:
            raise ProjectError(f"{here}: {', '.join(unknown)}: no such input; the model has {', '.join(inputs)}")
        found[group] = list(names)
    return {group: names for group, names in found.items() if names}


def study(
    config: Config,
    settings: Studies,
    inputs: Mapping[str, Input],
    train: pl.DataFrame,
    validation: pl.DataFrame,
) -> dict[str, Any]:
    """For each group the loss without it, paired over rows and seeds, the most valuable first."""
    found = groups(config, inputs, settings.ablation.groups)
    found = {group: names for group, names in found.items() if len(names) < len(inputs)}
    if len(found) < 2:
        reason = "It does not apply: the inputs form a single group, and without it nothing would be left."
        return {"applies": False, "good": None, "verdict": reason}
    columns, metric = needed(config, inputs), config.task.metric
    train, validation = newest(train.select(columns), config, settings.rows, config.seed), validation.select(columns)
    seeds, fits = range(config.seed, config.seed + settings.ablation.seeds), {}
    for group, names in {ALL: [], **found}.items():
        kept = {name: entry for name, entry in inputs.items() if name not in names}
        for seed in seeds:
            fits[group, seed] = Fit(seeded(config.model, seed) or config.model, kept, train, [validation])
    said = {key: part[0] for key, part in scores(config, fits, "ablation").items()}
    values, draws = sampled(config, validation, said, settings.bootstrap)
    entries: list[dict[str, Any]] = []
    for group, names in found.items():
        losses = [float(advantage(metric, values[ALL, seed], values[group, seed])) for seed in seeds]
        moved = np.stack([np.asarray(advantage(metric, draws[ALL, seed], draws[group, seed])) for seed in seeds])
        loss = interval(config, float(np.mean(losses)), pooled(moved, config.seed))
        verdict = EARNS if loss["low"] > 0 else HARMS if loss["high"] < 0 else IDLE
        entries.append({"group": group, "inputs": names, "loss": loss, "verdict": verdict})
    entries.sort(key=lambda entry: -float(entry["loss"]["value"]))
    return {
        "applies": True,
        "good": None,
        "verdict": _verdict(config, entries),
        "metric": metric,
        "value": float(np.mean([values[ALL, seed] for seed in seeds])),
        "inputs": len(inputs),
        "groups": entries,
    }


def _verdict(config: Config, entries: list[dict[str, Any]]) -> str:
    best = entries[0]
    loss, title = best["loss"], metric_title(config.task.metric)
    worth = f"{signed(loss['value'], 1)} ({signed(loss['low'], 1)} to {signed(loss['high'], 1)})"
    text = f"Worth most is {best['group']}: without it {title} is worse by {worth}."
    idle = [f"{entry['group']} ({len(entry['inputs'])})" for entry in entries if entry["verdict"] != EARNS]
    if not idle:
        return f"{text} Every group earns its place."
    return f"{text} Not shown to earn their place, one at a time: {', '.join(idle)}."


def run(config: Config, files: Files) -> None:
    """Write `studies/results/ablation.json`."""
    write(files, "ablation", study(config, of(config), *parts(files)))


if __name__ == "__main__":
    start(run)
