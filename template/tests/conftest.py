"""What many tests share: the whole pipeline, run once, in this process, on a sample of the data."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from hypothesis import settings

from . import artifact, builders, config, pipeline, run

# The same examples on every run: a test that fails, fails for everyone.
settings.register_profile("project", derandomize=True, deadline=None, max_examples=25)
settings.load_profile("project")

# Enough rows for a model worth the name, and as little of everything else as will do.
OVERRIDES = (
    "gate=smoke",
    "data.sample=20000",
    "evaluate.bootstrap=80",
    "evaluate.min_slice_rows=100",
    "explain.permutation_rows=300",
    "explain.permutation_repeats=1",
    "explain.contribution_rows=50",
    "explain.dependence_rows=50",
)


@dataclass(frozen=True)
class Sample:
    """A finished run of the pipeline."""

    config: config.Config
    files: run.Files

    def table(self, path: str) -> pl.DataFrame:
        """A Parquet file that the run wrote."""
        return pl.read_parquet(self.files.read(path))

    def model(self, name: str = "model") -> artifact.Artifact:
        """A model that the run exported."""
        return artifact.load(self.files.read(f"models/{name}"))


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """All stages on the sample."""
    return run_pipeline(tmp_path_factory.mktemp("sample"))


def run_pipeline(folder: Path) -> Sample:
    """All stages on the sample, into `folder`."""
    # An empty project: nothing that an earlier run left in this one can stand in for what a stage should have written.
    finished = Sample(config.parse(builders.raw(*OVERRIDES)), run.Files(folder, project=folder))
    pipeline.run(finished.config, finished.files)
    return finished
