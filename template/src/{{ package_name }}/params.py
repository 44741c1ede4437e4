"""Compile `conf/` into `params.yaml`, the one file that every stage reads; or check that it is up to date.

`dvc exp run -S` composes by itself, with the same bytes; `dvc repro` and `dvc status` never do, hence this command.
"""

import argparse
import sys
from pathlib import Path

from .config import ROOT, read
from .errors import ProjectError
from .run import complain, composing, not_composed


def compose(overrides: list[str], root: Path = ROOT) -> str:
    """The composed and resolved configuration as YAML text.

    Raises:
        ProjectError: Hydra cannot compose it, or a key or value is wrong.
    """
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from omegaconf import OmegaConf

    try:
        with initialize_config_dir(str(root / "conf"), version_base="1.3"):
            composed = hydra_compose("config", overrides=overrides)
    except composing() as error:
        raise not_composed(error) from None
    read(composed, root)
    OmegaConf.resolve(composed)
    return OmegaConf.to_yaml(composed)


def main() -> None:
    """Write `params.yaml`, or with `--check` say whether it is what `conf/` compiles to."""
    parser = argparse.ArgumentParser(prog="params", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if params.yaml is stale")
    parser.add_argument("overrides", nargs="*", help="Hydra overrides such as model=linear")
    arguments = parser.parse_args()
    path = ROOT / "params.yaml"
    try:
        text = compose(arguments.overrides)
        current = path.read_text() if path.exists() else None
        if text == current:
            return
        if arguments.check:
            reason = "params.yaml is not what conf/ compiles to: run `make params` and commit the result"
            raise ProjectError(f"{reason}; to keep an experiment, write its settings into conf/ before")
    except ProjectError as error:
        complain(error)
        sys.exit(1)
    path.write_text(text)
    print("params.yaml: compiled from conf/")


if __name__ == "__main__":
    main()
