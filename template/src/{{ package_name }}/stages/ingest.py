"""Read the source that `conf/data` names into one Parquet file with the declared columns and types."""

from hydra.errors import InstantiationException
from hydra.utils import instantiate

from ..config import Config
from ..errors import ProjectError
from ..run import Files, start


def run(config: Config, files: Files) -> None:
    """Write `data/ingested.parquet`, all rows of the source or an evenly spread sample of them.

    `data/declaration.json` is what later stages depend on: were the whole declaration a parameter of each, `dvc.lock`
    would hold it as often, and take DVC long to read.
    """
    # Imported late, so that --help does not wait for them.
    from ..columns import conform

    here = f"conf/data/{config.data.name}.yaml"
    try:
        table = instantiate(config.data.source)
    except InstantiationException as error:
        if isinstance(error.__cause__, ProjectError):
            raise error.__cause__ from None
        raise ProjectError(f"{here}: source: {error}") from error
    table = conform(table, config.data)
    if config.data.sample and config.data.sample < len(table):
        step = len(table) / config.data.sample
        table = table[[int(i * step) for i in range(config.data.sample)]]
    table.write_parquet(files.write("data/ingested.parquet"))
    files.write("data/declaration.json").write_text(config.data.model_dump_json(indent=1) + "\n")
    print(f"ingest: {len(table):,} rows, {table.width} columns")


if __name__ == "__main__":
    start(run)
