"""For people: one HTML file that opens anywhere, offline, beside the last committed run; and the two cards."""

import hashlib
import json
from pathlib import Path
from typing import Any

import polars as pl

from ..config import Config
from ..errors import ProjectError
from ..report import history
from ..run import Files, start

PARTS = ("train", "validation", "test")


def run(config: Config, files: Files) -> None:
    """Write `reports/report.html` and the two cards. What an optional stage has not written is said to be missing."""
    from ..cards import data_card, model_card, words
    from ..report.page import Run, render  # charts and template engine: --help need not wait for them

    found = Run(
        validation=_json(files.read("reports/validation.json")),
        training=_json(files.read("reports/training.json")),
        evaluation=_json(files.read("reports/evaluation.json")),
        explanation=_optional(files, "reports/explanation.json"),
        gate=_optional(files, "reports/gate.json"),
        latency=_optional(files, "reports/latency.json"),
        parts=_parts(config, files),
        curve=_long(pl.read_csv(files.read("reports/plots/curve.csv"))),
        errors=pl.read_csv(files.read("reports/plots/errors.csv")).to_dicts(),
        learning=_learning(files),
    )
    told = {name: words(config.data.name, name, files.project) for name in ("model", "data")}
    model = files.read("models/model") / f"model.{found.training['model']['format']}"
    card = model_card(
        config,
        found.evaluation,
        found.training,
        found.explanation,
        found.gate,
        found.parts,
        hashlib.sha256(model.read_bytes()).hexdigest(),
        told["model"],
    )
    files.write("docs/model_card.md").write_text(card, encoding="utf-8")
    card = data_card(config, found.validation, found.parts, told["data"])
    files.write("docs/data_card.md").write_text(card, encoding="utf-8")
    page = render(config, found, history.last_run(), history.head())
    target = files.write("reports/report.html")
    target.write_text(page, encoding="utf-8")
    print(f"report: {target}")


def _long(table: pl.DataFrame) -> list[dict[str, Any]]:
    """A table with a column for each model as rows of x, model and y."""
    models = [name for name in table.columns if name != "x"]
    return [{"model": name, "x": x, "y": y} for name in models for x, y in table.select("x", name).iter_rows()]


def _learning(files: Files) -> list[dict[str, Any]]:
    """The learning curve as rows of step, part and loss; none if the model is not fitted in steps."""
    rows = []
    for part in ("train", "validation"):
        path = files.read("reports/learning") / f"plots/metrics/{part}/loss.tsv"
        table = pl.read_csv(path, separator="\t", schema={"step": pl.Int64, "loss": pl.Float64})
        rows += [{"part": part, **row} for row in table.to_dicts()]
    return rows


def _parts(config: Config, files: Files) -> list[dict[str, Any]]:
    """Rows, mean of the target and period of each part of the split; nothing if the data are not here."""
    time = config.data.time
    period = [pl.col(time).min().alias("from"), pl.col(time).max().alias("to")] if time else []
    found = []
    for part in PARTS:
        try:
            table = pl.scan_parquet(files.read(f"data/split/{part}.parquet"))
        except ProjectError:
            return []
        target = pl.col(config.target).cast(pl.Float64).mean().alias("target")
        row = table.select(pl.len().alias("rows"), target, *period).collect().row(0, named=True)
        found.append({"from": None, "to": None, **row, "name": part})
    return found


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _optional(files: Files, path: str) -> Any:
    try:
        return _json(files.read(path))
    except ProjectError:
        return None


if __name__ == "__main__":
    start(run)
