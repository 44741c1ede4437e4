"""Trains FLAML and scikit-learn's HistGradientBoosting on the rows of a project, and judges all on its test rows.

Run by `automl.py`, in an environment of its own. The clock of FLAML's budget starts with this process, as that of
`make automl` starts with its own, so imports and reading count for both. Writes what it measured to a JSON file.
"""

import time

BEGUN = time.monotonic()

import json  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import pandas as pd  # noqa: E402
import polars as pl  # noqa: E402
from flaml import AutoML  # noqa: E402
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor  # noqa: E402

RESAMPLES = 1000


def frame(rows: pl.DataFrame, inputs: dict[str, Any]) -> pd.DataFrame:
    """The inputs as our own models get them: numbers as Float32, and categories of which the training rows knew."""
    columns = {}
    for name, entry in inputs.items():
        if entry["kind"] == "categorical":
            values = rows[name].fill_null("missing").to_list()
            columns[name] = pd.Series(pd.Categorical(values, categories=entry["values"]))
        else:
            columns[name] = pd.Series(rows[name].cast(pl.Float32).fill_null(float("nan")).to_numpy())
    return pd.DataFrame(columns)


def main(project: Path, winner: Path, asked: dict[str, Any], result: Path) -> None:
    """Train both, and write the metric of each, and how far ours is ahead, with intervals over the same resamples."""
    sys.path.insert(0, str(project / "src"))
    from flight_delays.metrics import advantage, intervals

    parts = {part: pl.read_parquet(project / f"data/split/{part}.parquet") for part in ("known", "test")}
    inputs = json.loads((project / "data/split/inputs.json").read_text())
    if asked["time"]:
        parts["known"] = parts["known"].sort(asked["time"], maintain_order=True)
    tables = {part: frame(rows, inputs) for part, rows in parts.items()}
    y = {part: rows[asked["target"]].cast(pl.Float64).to_numpy() for part, rows in parts.items()}
    judged = pl.read_parquet(winner / "data/predictions.parquet")
    # The keys of both files are in the same order, or the comparison would mix rows up.
    keys = [name for name in judged.columns if name not in ("model", "linear", "baseline")]
    assert judged.select(keys).equals(parts["test"].select(keys))
    classification = asked["task"] == "classification"

    flaml = AutoML()
    options: dict[str, Any] = {"split_type": "time"} if asked["time"] else {}
    flaml.fit(
        tables["known"],
        y["known"].astype(int) if classification else y["known"],
        task=asked["task"],
        metric=asked["metric"],
        time_budget=asked["budget"] - (time.monotonic() - BEGUN),
        n_jobs=asked["cores"],
        seed=1,
        verbose=0,
        **options,
    )
    seconds, processor = time.monotonic() - BEGUN, time.process_time()
    # The loss that the metric measures, as in our own conf/task; everything else is the default.
    boosting = (
        HistGradientBoostingClassifier(random_state=0)
        if classification
        else HistGradientBoostingRegressor(loss="absolute_error", random_state=0)
    )
    boosting.fit(tables["known"], y["known"])

    def score(model: Any) -> Any:
        return model.predict_proba(tables["test"])[:, 1] if classification else model.predict(tables["test"])

    scores = {"ours": judged["model"].to_numpy(), "flaml": score(flaml), "defaults": score(boosting)}
    scores["linear"] = judged["linear"].to_numpy()
    metric = asked["metric"]
    summary, draws = intervals(asked["task"], y["test"], scores, RESAMPLES, 0.95, seed=0)
    found: dict[str, Any] = {name: summary[name][metric]["value"] for name in scores}
    for rival in ("flaml", "defaults"):
        ahead = pd.Series(advantage(metric, draws["ours"][metric], draws[rival][metric]))
        value = float(advantage(metric, found["ours"], found[rival]))
        found[f"ahead of {rival}"] = [value, float(ahead.quantile(0.025)), float(ahead.quantile(0.975))]
    missing = sum(rows.select(list(inputs)).null_count().sum_horizontal().item() for rows in parts.values())
    found |= {
        "rows": [len(rows) for rows in parts.values()],
        "categorical": sum(entry["kind"] == "categorical" for entry in inputs.values()),
        "numeric": sum(entry["kind"] != "categorical" for entry in inputs.values()),
        "missing": missing / sum(len(rows) * len(inputs) for rows in parts.values()),
        "flaml family": flaml.best_estimator,
        "flaml settings": {name: str(of) for name, of in flaml.best_config.items()},
        "flaml seconds": seconds,
        "flaml processor": processor,
    }
    result.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3]), Path(sys.argv[4]))
