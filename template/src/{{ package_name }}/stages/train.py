"""Fit the chosen model and the two it has to beat, and export each as the file that would be shipped."""

import ctypes
import json
import os
from contextlib import suppress
from typing import Any

from ..config import Config
from ..run import Files, start


def run(config: Config, files: Files) -> None:
    """Write `models/{model,linear,baseline}/`, `reports/learning/` and `reports/training.json`."""
    _give_memory_back()
    # Imported late, so that --help does not wait for them.
    import polars as pl

    from ..columns import prepare
    from ..learning import curves
    from ..training import Watch, cross_validate, fit, ship

    inputs = json.loads(files.read("data/split/inputs.json").read_text())
    others = [name for name in (config.target, config.data.time) if name and name not in inputs]
    # Prepared while they are read, so that the rows as they were are never there as a whole.
    train, validation = (
        prepare(pl.scan_parquet(files.read(f"data/split/{part}.parquet")), inputs, *others).collect()
        for part in ("train", "validation")
    )
    # In the order of fitting: the linear model's encoding needs most memory, begins once LightGBM has made its bins.
    models = {"model": config.model, "baseline": config.references.baseline, "linear": config.references.linear}
    report: dict[str, Any] = {}
    with curves(files.write("reports/learning")) as log:
        fitted = fit(models, config, inputs, train, Watch(log, validation))
    for name, pipeline in fitted.items():
        shipped = ship(pipeline, config, inputs, train, validation, files.write(f"models/{name}"))
        report[name] = {"name": models[name].name, **shipped}
    if config.train.folds:
        report["model"]["folds"] = cross_validate(config, inputs, train)
    files.write("reports/training.json").write_text(json.dumps(report, indent=1) + "\n")
    chosen = report["model"]
    print(f"train: {config.model.name} exported as {chosen['format']}; {config.task.metric}", end=" ")
    print(f"{chosen['train']:.4f} on train, {chosen['validation']:.4f} on validation")


def _give_memory_back() -> None:
    """Let both allocators return at once what is freed. Before polars is imported.

    Here it takes a quarter less memory in the same time, since few large blocks come and go; other stages get slower.
    """
    os.environ["_RJEM_MALLOC_CONF"] += ",dirty_decay_ms:0"  # that of polars, else after ten seconds
    with suppress(AttributeError, OSError, TypeError):  # glibc's, which then does not learn to keep ever larger blocks
        ctypes.CDLL(None).mallopt(-3, 1 << 17)  # M_MMAP_THRESHOLD


if __name__ == "__main__":
    start(run)
