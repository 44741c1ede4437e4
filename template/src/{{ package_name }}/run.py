"""How a stage is started: the same entry point for a person, a sweep and DVC.

A person writes `python -m <package>.stages.train model=linear`: Hydra composes `conf/`, and the results go to a
folder of their own in `outputs/`. DVC runs the same module with `--params`, which takes `params.yaml`, composed
already, as it stands and writes where `dvc.yaml` says. Hydra would read it too, but take half a second for each stage.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

BEGUN = time.perf_counter()
# Sums in another order are other sums: one thread in every BLAS, whatever the machine. Before numpy is imported.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
# The allocator of polars keeps what each thread frees to itself; shared, it is a fifth less memory for the same time.
os.environ.setdefault("_RJEM_MALLOC_CONF", "narenas:1")

from omegaconf import DictConfig, OmegaConf  # noqa: E402

from .config import ROOT, Config, read  # noqa: E402
from .errors import ProjectError, execute  # noqa: E402
from .record import record  # noqa: E402


@dataclass(frozen=True)
class Files:
    """Where a run reads and writes. Its own folder comes first, then the project's, so that it can build on both."""

    run: Path
    project: Path = ROOT

    def read(self, path: str) -> Path:
        """The path of an existing file or folder of this run or, failing that, of the project.

        Raises:
            ProjectError: it is in neither.
        """
        for root in (self.run, self.project):
            if (root / path).exists():
                return root / path
        raise ProjectError(f"{path} is missing: an earlier stage of dvc.yaml writes it; `make run` runs them all")

    def write(self, path: str) -> Path:
        """The path to write to; its folder exists afterwards."""
        target = self.run / path
        target.parent.mkdir(parents=True, exist_ok=True)
        return target


Stage = Callable[[Config, Files], None]


def start(stage: Stage) -> None:
    """Run a stage of the pipeline, and write down how long it took if DVC has started it."""

    def timed(config: Config, files: Files) -> None:
        stage(config, files)
        if files.run == ROOT:
            record(Path(sys.argv[0]).stem, time.perf_counter() - BEGUN)

    enter(timed, "config", "params.yaml")


def enter(stage: Stage, primary: str, *settings: str) -> None:
    """Take the configuration from what was compiled or from the command line, check it and run the stage.

    Args:
        stage: what to run.
        primary: the file in `conf/` that the command line is composed from.
        settings: the files that hold it compiled, for `--params`; together they are the configuration.
    """

    def configured() -> None:
        if sys.argv[1:] == ["--params"]:
            whole = OmegaConf.merge(*(compiled(ROOT / path) for path in settings))
            assert isinstance(whole, DictConfig)  # as each of them is
            stage(read(whole), Files(ROOT))
        else:
            _compose(stage, primary)

    execute(configured)


def _compose(stage: Stage, primary: str) -> None:
    import hydra
    from hydra.core.hydra_config import HydraConfig

    def task(composed: DictConfig) -> None:
        stage(read(composed), Files(Path(HydraConfig.get().runtime.output_dir)))

    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra would print and exit by itself
    try:
        hydra.main(version_base="1.3", config_path=str(ROOT / "conf"), config_name=primary)(task)()
    except composing() as error:
        raise not_composed(error) from None


def compiled(path: Path) -> DictConfig:
    """The configuration that `make params` or `dvc exp run` has written.

    Raises:
        ProjectError: there is none, or it is no YAML mapping.
    """
    try:
        found = OmegaConf.load(path)
    except FileNotFoundError:
        raise ProjectError(f"{path.name} is missing: `make params` compiles it from conf/") from None
    except composing() as error:
        raise ProjectError(f"{path.name} cannot be read: {error}; `make params` writes it anew") from None
    if not isinstance(found, DictConfig):
        raise ProjectError(f"{path.name} is no mapping of settings: `make params` writes it anew")
    return found


def composing() -> tuple[type[Exception], ...]:
    """What Hydra, OmegaConf and the YAML parser raise when people's files or overrides are wrong."""
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    return (HydraException, OmegaConfBaseException, YAMLError)


def not_composed(error: Exception) -> ProjectError:
    """What Hydra, OmegaConf or the YAML parser says, as one failure over several lines."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return ProjectError("\n  ".join([f"conf/config.yaml does not compose: {lines[0]}", *lines[1:]]))


def output(*command: str) -> str:
    """What a command prints.

    Raises:
        ProjectError: it fails.
    """
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ProjectError(f"`{' '.join(command[-3:])}` failed: {done.stderr.strip()}")
    return done.stdout
