"""Check the data against the declaration and against common sense; describe them; refuse bad ones."""

import json

from ..config import Config
from ..errors import ProjectError
from ..run import Files, start


def run(config: Config, files: Files) -> None:
    """Write `reports/validation.json`: what is wrong, and a description of each column.

    Raises:
        ProjectError: something is wrong; each finding names column, rule, count and examples.
    """
    # Imported late, so that --help does not wait for them.
    import polars as pl

    from ..checks import findings
    from ..description import describe

    table = pl.read_parquet(files.read("data/ingested.parquet"))
    found = findings(table, config)
    report = {"rows": len(table), "findings": found, "columns": describe(table, config.data)}
    files.write("reports/validation.json").write_text(json.dumps(report, indent=1) + "\n")
    if found:
        raise ProjectError("\n".join(f"{f['column']}: {f['rule']}: {f['message']}" for f in found))
    print(f"validate: {len(table):,} rows hold to conf/data/{config.data.name}.yaml")


if __name__ == "__main__":
    start(run)
