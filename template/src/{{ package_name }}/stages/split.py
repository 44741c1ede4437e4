"""Add the features, which may look back over all rows, and cut the rows into train, validation and test."""

import json

from ..config import Config
from ..run import Files, start


def run(config: Config, files: Files) -> None:
    """Write `data/split/{train,validation,test}.parquet` and `data/split/inputs.json`.

    Raises:
        ProjectError: a part is empty, or two parts overlap.
    """
    # Imported late, so that --help does not wait for them.
    import polars as pl

    from ..columns import model_inputs
    from ..features import add_features
    from ..splitting import assign, refuse_overlap

    table = pl.read_parquet(files.read("data/ingested.parquet"))
    if config.split.until is not None:
        table = table.filter(pl.col(str(config.data.time)) < config.split.until)
    rows = table.filter(pl.col(config.target).is_not_null())
    rows = rows.with_columns(assign(rows, config).alias("_part"))
    refuse_overlap(rows, config)
    rows = add_features(rows, table, config)
    sizes = {}
    for part in ("train", "validation", "test"):
        chosen = rows.filter(pl.col("_part") == part).drop("_part")
        chosen.write_parquet(files.write(f"data/split/{part}.parquet"))
        sizes[part] = len(chosen)
        if part == "train":
            inputs = model_inputs(chosen, config)
    files.write("data/split/inputs.json").write_text(json.dumps(inputs, indent=1) + "\n")
    print("split: " + ", ".join(f"{size:,} rows to {part}" for part, size in sizes.items()) + f"; {len(inputs)} inputs")


if __name__ == "__main__":
    start(run)
