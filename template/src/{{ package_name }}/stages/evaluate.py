"""Judge the exported model, and the two it has to beat, on rows that none of them has seen."""

import json

from ..config import Config
from ..run import Files, start

MODELS = ("model", "linear", "baseline")


def run(config: Config, files: Files) -> None:
    """Write `reports/metrics.json`, `reports/evaluation.json`, `reports/plots/*.csv` and `data/predictions.parquet`."""
    # Imported late, so that --help does not wait for them.
    import polars as pl

    from ..artifact import load
    from ..evaluation import calibration, compare, curve, errors, slices

    models = {name: load(files.read(f"models/{name}")) for name in MODELS}
    parts = {part: pl.read_parquet(files.read(f"data/split/{part}.parquet")) for part in ("validation", "test")}
    scores = {part: {name: model.score(rows) for name, model in models.items()} for part, rows in parts.items()}
    result = compare(config, parts, scores)
    test, said = parts["test"], scores["test"]["model"]
    result["slices"] = slices(config, test, said)
    plots = {
        "calibration": calibration(config, test, said),
        "curve": curve(config, test, scores["test"]),
        "errors": errors(config, test, said),
        "slices": pl.DataFrame(result["slices"]) if result["slices"] else pl.DataFrame({"column": []}),
    }
    for name, table in plots.items():
        table.write_csv(files.write(f"reports/plots/{name}.csv"), float_precision=6)
    result["calibration"] = plots["calibration"].to_dicts()
    keys = test.select(*config.data.key, config.target)
    keys.with_columns(pl.Series(name, scores["test"][name]) for name in MODELS).write_parquet(
        files.write("data/predictions.parquet")
    )
    files.write("reports/evaluation.json").write_text(json.dumps(result, indent=1) + "\n")
    files.write("reports/metrics.json").write_text(json.dumps(_flat(config, result), indent=1) + "\n")
    main = result["models"]["model"]["test"][config.task.metric]
    print(f"evaluate: {config.task.metric} {main['value']:.4f} ({main['low']:.4f} to {main['high']:.4f}) on test")


def _flat(config: Config, result: dict[str, dict[str, dict[str, dict[str, dict[str, float]]]]]) -> dict[str, object]:
    """What `dvc metrics` shows: few numbers, rounded so that a diff shows only what matters."""
    metric, models = config.task.metric, result["models"]
    flat: dict[str, object] = {
        "test": {name: round(entry["value"], 6) for name, entry in models["model"]["test"].items()},
        "interval": {limit: round(models["model"]["test"][metric][limit], 6) for limit in ("low", "high")},
        "validation": {metric: round(models["model"]["validation"][metric]["value"], 6)},
    }
    for name in MODELS[1:]:
        flat[name] = {metric: round(models[name]["test"][metric]["value"], 6)}
    return flat


if __name__ == "__main__":
    start(run)
