"""Explain the exported model: what it relies on, how it responds, and why it said what it said."""

import json
from typing import TYPE_CHECKING

from ..config import Config
from ..run import Files, start

if TYPE_CHECKING:
    import polars as pl


def run(config: Config, files: Files) -> None:
    """Write `reports/explanation.json` and `reports/plots/importance.csv`."""
    # Imported late, so that --help does not wait for them.
    import polars as pl

    from ..artifact import load
    from ..contributions import contributions
    from ..explanation import dependence, examples, importance, summary

    folder, settings = files.read("models/model"), config.explain
    model = load(folder)
    test = pl.read_parquet(files.read("data/split/test.parquet"))
    ranked = importance(config, model, _some(test, settings.permutation_rows))
    sample = _some(test, settings.contribution_rows)
    parts = contributions(folder, model, sample, config.seed)
    top = [entry["feature"] for entry in ranked[: settings.dependence_features]]
    result = {
        "metric": config.task.metric,
        "importance": ranked,
        "contributions": summary(model, sample, parts),
        "dependence": [dependence(config, model, _some(test, settings.dependence_rows), name) for name in top],
        "examples": examples(config, model, sample, parts),
    }
    files.write("reports/explanation.json").write_text(json.dumps(result, indent=1) + "\n")
    pl.DataFrame(ranked).write_csv(files.write("reports/plots/importance.csv"), float_precision=6)
    print(f"explain: {config.task.metric} rests most on {', '.join(top[:3])}")


def _some(rows: "pl.DataFrame", count: int) -> "pl.DataFrame":
    """`count` rows, evenly spread."""
    return rows[:: max(1, len(rows) // count)].head(count)


if __name__ == "__main__":
    start(run)
