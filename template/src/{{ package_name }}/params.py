"""Compile `conf/` into `params.yaml`, the one file that every stage reads; or check that it is up to date.

`dvc exp run -S` composes by itself, with the same bytes; `dvc repro` and `dvc status` never do, hence this command.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from .config import ROOT, read
from .errors import ProjectError, execute
from .run import composing, not_composed

if TYPE_CHECKING:
    from omegaconf import DictConfig


def composed(primary: str, overrides: list[str], root: Path = ROOT) -> "DictConfig":
    """What a file in `conf/` composes to, with its references as they stand.

    Raises:
        ProjectError: Hydra cannot compose it.
    """
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir

    try:
        with initialize_config_dir(str(root / "conf"), version_base="1.3"):
            return hydra_compose(primary, overrides=overrides)
    except composing() as error:
        raise not_composed(error) from None


def compose(overrides: list[str], root: Path = ROOT) -> str:
    """The composed and resolved configuration as YAML text.

    Raises:
        ProjectError: Hydra cannot compose it, or a key or value is wrong.
    """
    from omegaconf import OmegaConf

    whole = composed("config", overrides, root)
    read(whole, root)
    OmegaConf.resolve(whole)
    return OmegaConf.to_yaml(whole)


def compile_into(target: str, text_of: Callable[[list[str]], str], stale: str, optional: bool = False) -> None:
    """The command that writes `target`, or with `--check` says whether it is what `conf/` compiles to.

    Args:
        target: the path of the file in the project.
        text_of: what it should hold, by the overrides.
        stale: what to say if it holds something else.
        optional: whether it need not be there.

    Raises:
        ProjectError: it cannot be composed or, with `--check`, is stale.
    """
    parser = argparse.ArgumentParser(description=f"Compile conf/ into {target}.")
    parser.add_argument("--check", action="store_true", help=f"change nothing; exit 1 if {target} is stale")
    parser.add_argument("overrides", nargs="*", help="Hydra overrides such as model=linear")
    arguments = parser.parse_args()
    path = ROOT / target
    text = text_of(arguments.overrides)
    current = path.read_text() if path.exists() else None
    if text == current or (arguments.check and optional and current is None):
        return
    if arguments.check:
        raise ProjectError(stale)
    path.write_text(text)
    print(f"{target}: compiled from conf/")


def main() -> None:
    """Write or check `params.yaml`."""
    reason = "params.yaml is not what conf/ compiles to: run `make params` and commit the result"
    compile_into("params.yaml", compose, f"{reason}; to keep an experiment, write its settings into conf/ before")


if __name__ == "__main__":
    execute(main)
