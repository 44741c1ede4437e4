"""Every stage of `dvc.yaml` in one process, into a folder of its own in `outputs/`: for trying out, debugging, tests.

`python -m <package>.pipeline debug=smoke` takes seconds. What counts is `dvc repro`: it caches, and it compares.
"""

from importlib import import_module
from typing import Any

from omegaconf import OmegaConf

from .config import ROOT, Config
from .run import Files, start


def stages() -> list[str]:
    """The names of the stages, in the order of `dvc.yaml`; each is a module in `stages/`."""
    pipeline: Any = OmegaConf.load(ROOT / "dvc.yaml")
    return [str(name) for name in pipeline["stages"]]


def run(config: Config, files: Files) -> None:
    """Run all stages; they write below `files.run`."""
    for stage in stages():
        import_module(f".stages.{stage}", __package__).run(config, files)


if __name__ == "__main__":
    start(run)
