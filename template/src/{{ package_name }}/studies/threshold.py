"""From which probability on to act, by what mistakes cost; for numbers, the shift that is cheapest.

Chosen on the validation rows, reported on the test rows.
"""

from typing import Any

import numpy as np
import polars as pl

from ..config import Config
from ..metrics import Array
from ..report.words import number, plain, signed, unit
from ..run import Files
from .resampling import interval, means, target
from .settings import Studies, of, start, write

POINTS = 101


def cheapest(outcome: Array, score: Array, false_alarm: float, miss: float) -> float:
    """The threshold with the lowest cost: yes from it on; infinite if never to say yes is cheapest.

    For probabilities that mean what they say it is false_alarm / (false_alarm + miss) (Elkan 2001).
    """
    order = np.argsort(-score, kind="stable")
    outcome, score = outcome[order], score[order]
    last = np.append(score[1:] != score[:-1], True)  # a threshold cannot cut through ties
    cost = false_alarm * np.cumsum(1 - outcome)[last] + miss * (outcome.sum() - np.cumsum(outcome)[last])
    best = int(np.argmin(cost))
    return float(score[last][best]) if cost[best] < miss * outcome.sum() else float("inf")


def best_shift(outcome: Array, score: Array, over: float, under: float) -> float:
    """What to add to every prediction at the lowest cost: a quantile of the errors (Koenker and Bassett 1978)."""
    errors = np.sort(outcome - score)
    return float(errors[max(0, int(np.ceil(under / (over + under) * len(errors))) - 1)])


def study(
    config: Config, settings: Studies, validation: tuple[Array, Array], test: tuple[Array, Array]
) -> dict[str, Any]:
    """The choice and its cost a row, beside the choices that need no model.

    Args:
        config: the whole configuration.
        settings: of the studies.
        validation: outcome and score, each of shape (rows,), to choose on.
        test: the same, to report on.
    """
    return (_decide if config.task.name == "classification" else _move)(config, settings, validation, test)


def _decide(
    config: Config, settings: Studies, validation: tuple[Array, Array], test: tuple[Array, Array]
) -> dict[str, Any]:
    told = settings.threshold
    chosen = cheapest(*validation, told.false_alarm, told.miss)
    analytic = told.false_alarm / (told.false_alarm + told.miss)
    choices = {
        "the cheapest on validation": chosen,
        "by the costs alone": analytic,
        "one half": 0.5,
        "always yes": float("-inf"),
        "always no": float("inf"),
    }

    def costs(of: tuple[Array, Array], at: float) -> Array:
        yes = of[1] >= at
        return np.where(yes, told.false_alarm * (1 - of[0]), told.miss * of[0])

    entries = [_entry(test, name, at, costs(test, at)) for name, at in choices.items()]
    idle = min(entries[3:], key=lambda entry: float(entry["cost"]))
    saved = costs(test, choices[idle["choice"]]) - costs(test, chosen)
    saving = interval(config, float(saved.mean()), means(saved, settings.bootstrap, config.seed))
    grid = np.linspace(0, 1, POINTS)
    where = "Never say yes" if chosen == float("inf") else f"Say yes from a probability of {plain(chosen)} on"
    return {
        "applies": True,
        "good": saving["low"] > 0,
        "verdict": _verdict(where, entries[0]["cost"], idle, saving),
        "chosen": chosen,
        "analytic": analytic,
        "costs": {"false_alarm": told.false_alarm, "miss": told.miss},
        "choices": entries,
        "saving": saving,
        "curve": [
            {
                "at": float(at),
                "validation": float(costs(validation, at).mean()),
                "test": float(costs(test, at).mean()),
            }
            for at in grid
        ],
    }


def _entry(test: tuple[Array, Array], name: str, at: float, costs: Array) -> dict[str, Any]:
    yes = test[1] >= at
    return {
        "choice": name,
        "at": at,
        "cost": float(costs.mean()),
        "yes": float(yes.mean()),
        "false_alarms": float(((1 - test[0]) * yes).mean()),
        "misses": float((test[0] * ~yes).mean()),
    }


def _move(
    config: Config, settings: Studies, validation: tuple[Array, Array], test: tuple[Array, Array]
) -> dict[str, Any]:
    told = settings.threshold

    def costs(outcome: Array, said: Array) -> Array:
        error = said - outcome
        return np.asarray(np.where(error > 0, told.over * error, -told.under * error))

    chosen = best_shift(*validation, told.over, told.under)
    constant = best_shift(validation[0], np.zeros(len(validation[0])), told.over, told.under)
    choices: dict[str, tuple[float, Array]] = {
        "the cheapest on validation": (chosen, test[1] + chosen),
        "the prediction as it is": (0.0, test[1]),
        "one number for every row": (constant, np.full(len(test[0]), constant)),
    }
    entries: list[dict[str, Any]] = [
        {"choice": name, "at": at, "cost": float(costs(test[0], said).mean()), "over": float((said > test[0]).mean())}
        for name, (at, said) in choices.items()
    ]
    idle = min(entries[1:], key=lambda entry: float(entry["cost"]))
    saved = costs(test[0], choices[idle["choice"]][1]) - costs(test[0], test[1] + chosen)
    saving = interval(config, float(saved.mean()), means(saved, settings.bootstrap, config.seed))
    low, high = np.quantile(validation[0] - validation[1], [0.02, 0.98])
    return {
        "applies": True,
        "good": saving["low"] > 0,
        "verdict": _verdict(
            f"Add {signed(chosen, 10)} {unit(config)} to every prediction", entries[0]["cost"], idle, saving
        ),
        "chosen": chosen,
        "costs": {"over": told.over, "under": told.under},
        "choices": entries,
        "saving": saving,
        "curve": [
            {
                "at": float(at),
                "validation": float(costs(validation[0], validation[1] + at).mean()),
                "test": float(costs(test[0], test[1] + at).mean()),
            }
            for at in np.linspace(min(low, 0.0), max(high, 0.0), POINTS)
        ],
    }


def _verdict(where: str, cost: float, idle: dict[str, Any], saving: Any) -> str:
    by = f"{number(saving['value'], 1)} ({number(saving['low'], 1)} to {number(saving['high'], 1)})"
    other = f"next best is {idle['choice']}, {number(idle['cost'], 1)}"
    noise = "" if saving["low"] > 0 else ", which may be noise"
    return f"{where}: {number(cost, 1)} a row on the test rows; {other}. It saves {by} a row{noise}."


def run(config: Config, files: Files) -> None:
    """Write `studies/results/threshold.json`."""
    from ..artifact import load

    model = load(files.read("models/model"))
    parts = {part: pl.read_parquet(files.read(f"data/split/{part}.parquet")) for part in ("validation", "test")}
    both = {part: (target(rows, config), model.score(rows)) for part, rows in parts.items()}
    write(files, "threshold", study(config, of(config), both["validation"], both["test"]))


if __name__ == "__main__":
    start(run)
