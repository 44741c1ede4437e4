"""Let the model pass, or refuse it in plain words."""

import json
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from ..config import Config
from ..errors import ProjectError
from ..run import Files, start

if TYPE_CHECKING:
    import polars as pl

    from ..artifact import Artifact

ROUNDS = 200


def run(config: Config, files: Files) -> None:
    """Write `reports/gate.json` (the same bits on every run) and `reports/latency.json` (measured, so not tracked).

    Raises:
        ProjectError: at least one rule is broken. The report is written all the same, to show why.
    """
    from ..gates import judge  # imported late, so that --help does not wait for it

    evaluation = json.loads(files.read("reports/evaluation.json").read_text())
    training = json.loads(files.read("reports/training.json").read_text())
    latency = _latency_ms(files.read("models/model"), files.read("data/split/test.parquet"))
    files.write("reports/latency.json").write_text(json.dumps({"one_row_ms": latency}) + "\n")
    verdicts = judge(config, evaluation, training, latency)
    files.write("reports/gate.json").write_text(json.dumps(verdicts, indent=1) + "\n")
    broken = [verdict for verdict in verdicts if not verdict["passed"]]
    if broken:
        from .report import run as report

        report(config, files)
        told = [f"gate {verdict['rule']} refuses: {verdict['message']}" for verdict in broken]
        raise ProjectError("\n".join([*told, "the limits are in conf/gate; reports/report.html shows the whole run"]))
    print(f"gate: {len(verdicts)} rules hold")


def _latency_ms(folder: Path, test: Path) -> float:
    """The same for the model in a folder, asked for the first test row."""
    import polars as pl

    from ..artifact import load

    return one_row_ms(load(folder), pl.read_parquet(test, n_rows=1))


def one_row_ms(model: "Artifact", rows: "pl.DataFrame") -> float:
    """The median time of one prediction for the first row, in milliseconds, after a warm-up."""
    from ..columns import prepare

    row = prepare(rows.head(1), model.inputs)
    times = []
    for _ in range(ROUNDS):
        begun = perf_counter()
        model.predict(row)
        times.append(perf_counter() - begun)
    return sorted(times[ROUNDS // 10 :])[(ROUNDS - ROUNDS // 10) // 2] * 1000


if __name__ == "__main__":
    start(run)
