"""What the commands of the registry cost beside the plain tools: `uv run python benchmarks/registry.py`.

Each pair runs in turn, and the ratio is taken pair by pair. A promotion is measured without its comparison: to a stage
that asks for none. Prints a table.
"""

import shutil
import tempfile
from pathlib import Path

from run import ROUNDS, Command, Project, commit, environment, render, side_by_side, snapshot


def project(folder: Path) -> Project:
    """A project with two versions of one model; `origin` and the storage are folders beside it."""
    made = Project(render(snapshot(folder / "template"), folder / "flights"))
    made.run("git", "init", "--quiet")
    made.run("git", "init", "--quiet", "--bare", "../origin.git")
    made.run("git", "remote", "add", "origin", "../origin.git")
    made.run("make", "run")
    for _ in range(2):
        commit(made.path)
        made.run("make", "register")
    return made


def pairs(of: Project) -> dict[str, tuple[Command, Command]]:
    """Ours and theirs, by what they do. What must not be repeated is done and undone."""
    tools = Path(environment()["UV_PROJECT_ENVIRONMENT"]) / "bin"
    both = "make promote STAGE=challenger VERSION=v0.{}.0"
    assign = f"{tools / 'gto'} assign model --version v0.{{}}.0 --stage production --force"
    get = f"rm -rf got && {tools / 'dvc'} get --quiet . models/model --rev model@v0.1.0 -o got"

    def shell(line: str) -> Command:
        return (("sh", "-ec", line), of.path)

    return {
        "`make models` / `git tag --list`": (shell("make models"), shell("git tag --list")),
        "`make models` / `gto show model`": (shell("make models"), shell(f"{tools / 'gto'} show model")),
        "two `make promote` without comparison / two `gto assign`": (
            shell(f"{both.format(1)} && {both.format(2)}"),
            shell(f"{assign.format(1)} && {assign.format(2)}"),
        ),
        "`make fetch` / `dvc get`": (shell("rm -rf got && make fetch MODEL=v0.1.0 TO=got"), shell(get)),
    }


def main() -> None:
    """Print seconds and ratios."""
    folder = Path(tempfile.mkdtemp())
    try:
        print(f"| ours / theirs | s | s | ratio |\n| --- | --- | --- | --- |\n{table(project(folder))}")
    finally:
        shutil.rmtree(folder)


def table(of: Project) -> str:
    """One row for each pair."""
    measured = {name: side_by_side(*pair, rounds=ROUNDS) for name, pair in pairs(of).items()}
    return "\n".join(f"| {name} | {a:.2f} | {b:.2f} | {ratio:.1f} |" for name, (a, b, ratio) in measured.items())


if __name__ == "__main__":
    main()
