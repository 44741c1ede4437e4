"""Learning curves: the loss on training and on validation rows, written by DVCLive while the model is fitted.

They are watched from outside: the fitted model is the same to the bit, and nothing stops early.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from .metrics import Array

PARTS = ("train", "validation")
POINTS = 50  # of a curve: each costs the time to judge both parts
SAMPLE = 20_000  # rows of each part, where every stage of the model has to predict anew
Part = tuple[pl.DataFrame, Array]
Log = Callable[[int, int, Callable[[], tuple[float, float]]], None]


@contextmanager
def curves(folder: Path) -> Iterator[Log]:
    """Write `plots/metrics/{train,validation}/loss.tsv` into `folder`, and show how far the fit is on a terminal.

    Yields:
        A function of the step, the number of steps, and a function that gives both losses. It is asked for `POINTS`
        of the steps only.
    """
    from dvclive.live import Live  # half a second, for this stage only
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    class Files(Live):
        """DVCLive without its questions to Git: it fails before the first commit, and DVC tracks the folder anyway."""

        def _init_dvc(self) -> None: ...

    console = Console(stderr=True)
    shown = (
        TextColumn("fitting"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[loss]}"),
    )
    with (
        Files(str(folder), dvcyaml=None, save_dvc_exp=False) as live,
        Progress(*shown, console=console, transient=True, disable=not console.is_terminal) as progress,
    ):
        bar = progress.add_task("", total=None, loss="")

        def log(step: int, steps: int, losses: Callable[[], tuple[float, float]]) -> None:
            if step % max(1, steps // POINTS) and step != steps:
                return
            found = losses()
            live.step = step
            for part, loss in zip(PARTS, found, strict=True):
                live.log_metric(f"{part}/loss", loss)
            progress.update(bar, total=steps, completed=step, loss=f"validation loss {found[1]:.4f}")

        yield log
    for part in PARTS:  # an estimator that does not learn in steps has an empty curve
        path = folder / f"plots/metrics/{part}/loss.tsv"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("step\tloss\n")


def arguments(pipeline: Any, log: Log, validation: Part) -> dict[str, Any]:
    """What the fit of a pipeline takes in addition, so that each step of LightGBM is logged; nothing for others."""
    from lightgbm import LGBMModel

    name, estimator = pipeline.steps[-1]
    return {f"{name}__callbacks": _callbacks(pipeline, log, validation)} if isinstance(estimator, LGBMModel) else {}


def replay(pipeline: Any, log: Log, train: Part, validation: Part) -> None:
    """Log the steps of a fitted pipeline whose estimator can predict after each of them, as scikit-learn's boosting."""
    estimator = pipeline[-1]
    of = getattr(estimator, "staged_predict_proba", None) or getattr(estimator, "staged_predict", None)
    if of is None:
        return
    parts = [
        (rows[:: max(1, len(rows) // SAMPLE)], target[:: max(1, len(rows) // SAMPLE)])
        for rows, target in (train, validation)
    ]
    losses = [[_loss(estimator, said, target) for said in of(pipeline[:-1].transform(rows))] for rows, target in parts]
    for step, (first, second) in enumerate(zip(*losses, strict=True), 1):
        log(step, len(losses[0]), lambda found=(first, second): found)  # type: ignore[misc]


def _callbacks(pipeline: Any, log: Log, validation: Part) -> list[Callable[[Any], None]]:
    """LightGBM asks all callbacks at each step; its own evaluation would judge both parts at each step too."""

    def begin(env: Any) -> None:
        if env.iteration == env.begin_iteration:  # only now is what comes before the estimator fitted
            rows = pipeline[:-1].transform(validation[0])
            taught = env.model.train_set
            env.model.add_valid(taught.create_valid(rows, validation[1], params=taught.get_params()), "validation")

    def end(env: Any) -> None:
        def losses() -> tuple[float, float]:
            (train, *_), (unseen, *_) = env.model.eval_train(), env.model.eval_valid()
            return train.metric_value, unseen.metric_value

        log(env.iteration + 1 - env.begin_iteration, env.end_iteration - env.begin_iteration, losses)

    begin.before_iteration = True  # type: ignore[attr-defined]
    return [begin, end]


def _loss(estimator: Any, said: Array, target: Array) -> float:
    """Log loss of probabilities; for numbers the absolute error if the estimator fits that, else the squared one."""
    if said.ndim == 2:
        chance = np.clip(np.where(target == 1, said[:, 1], said[:, 0]), 1e-7, 1)
        return float(-np.log(chance).mean())
    error = np.abs(said - target)
    return float((error if getattr(estimator, "loss", "") == "absolute_error" else error**2).mean())
