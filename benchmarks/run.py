"""Speed and size of a rendered project, side by side with what one would do without it: `make benchmark`.

Each pair of commands runs in turn, A B A B …, and the ratio is taken pair by pair, so that it holds on a machine whose
speed drifts. Writes `docs/benchmarks.md`.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

from harness import Project, commit, environment, render, run, snapshot  # noqa: E402

ROUNDS = 5
Command = tuple[Sequence[str | Path], Path]
STAGES = ("ingest", "validate", "split", "train", "evaluate", "explain", "gate", "report")


def seconds(command: Command) -> float:
    """Wall time of a command."""
    environ = environment()
    environ["PATH"] = f"{Path(environ['UV_PROJECT_ENVIRONMENT']) / 'bin'}{os.pathsep}{environ['PATH']}"
    begun = perf_counter()
    subprocess.run(command[0], cwd=command[1], env=environ, check=True, capture_output=True)
    return perf_counter() - begun


def side_by_side(ours: Command, theirs: Command, rounds: int = ROUNDS) -> tuple[float, float, float]:
    """Median seconds of both, after a warm-up, and the median of the ratio of each pair."""
    seconds(ours), seconds(theirs)
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(rounds)]
    a, b = zip(*pairs, strict=True)
    result = statistics.median(a), statistics.median(b), statistics.median(x / y for x, y in pairs)
    print(f"{ours[0][1:3]}: {result}", flush=True)
    return result


def peak(command: Command) -> int:
    """Largest resident memory of a command's process in MB."""
    code = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); "
    code += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    done = run(sys.executable, "-c", code, *command[0], cwd=command[1], PYTHONPATH="src")
    return int(done.stdout.split()[-1]) // (1 if sys.platform == "darwin" else 1024)


def parsing(project: Path, python: Path) -> float:
    """Seconds in which DVC's parser reads params.yaml as often as a `dvc repro` does: once for each stage."""
    code = "from pathlib import Path; from time import perf_counter; from ruamel.yaml import YAML; "
    code += "begun = perf_counter(); "
    code += f"[YAML(typ='safe').load(Path('params.yaml')) for _ in range({len(STAGES)})]; "
    code += "print(perf_counter() - begun)"
    return statistics.median(float(run(python, "-c", code, cwd=project).stdout) for _ in range(ROUNDS))


def trivial_pipeline(folder: Path, dvc: Path) -> Path:
    """A DVC repository with as many stages as ours, each of which copies a file."""
    folder.mkdir()
    (folder / "0").write_text("0")
    stages = "".join(
        f"  s{n}:\n    cmd: cp {n} {n + 1}\n    deps: ['{n}']\n    outs: ['{n + 1}']\n" for n in range(len(STAGES))
    )
    (folder / "dvc.yaml").write_text(f"stages:\n{stages}")
    commit(folder)
    run(dvc, "init", "--quiet", cwd=folder)
    return folder


def empty_template(folder: Path, paths: Sequence[Path] = ()) -> Path:
    """A Copier template of one question and one file, and of empty files at these paths that it copies as they are."""
    folder.mkdir()
    (folder / "copier.yml").write_text("name: {type: str, default: x}\n_subdirectory: template\n")
    for path in paths:
        (folder / "template" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "template" / path).touch()
    (folder / "template").mkdir(exist_ok=True)
    (folder / "template/NAME.jinja").write_text("{{ name }}\n")
    commit(folder, "v1.0.0")
    return folder


def largest(environment_folder: Path) -> list[tuple[str, int]]:
    """The size of an environment with its programs, and its ten largest packages, in MB."""
    (packages,) = environment_folder.glob("lib/python*/site-packages")
    sizes: dict[str, int] = {}
    for path in packages.rglob("*"):
        if path.is_file():
            name = path.relative_to(packages).parts[0].split(".")[0].removesuffix("_libs")
            sizes[name] = sizes.get(name, 0) + path.stat().st_size
    rows = sorted(((name, size // 2**20) for name, size in sizes.items()), key=lambda row: -row[1])
    everything = (path for path in environment_folder.rglob("*") if path.is_file() and not path.is_symlink())
    whole = sum(path.stat().st_size for path in everything)
    return [("the whole environment", whole // 2**20), *rows[:10]]


def main() -> None:
    """Measure and write the page."""
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        template = snapshot(scratch / "template")
        commit(template, "v999.0.0")
        project = Project(render(template, scratch / "flights"))
        run("git", "init", "--quiet", cwd=project.path)
        project.run("make", "run", UV_PROJECT_ENVIRONMENT=str(scratch / "environment"))
        packages = largest(scratch / "environment")  # as the first run leaves it
        commit(project.path)
        project.run("make", "setup")
        venv = Path(environment()["UV_PROJECT_ENVIRONMENT"])
        python, dvc = venv / "bin/python", venv / "bin/dvc"
        copier = [sys.executable, "-m", "copier", "copy", "--quiet", "--defaults", "--overwrite"]
        (scratch / "bare").mkdir()

        rows = []
        idle = ([dvc, "repro"], project.path)
        trivial = ([dvc, "repro"], trivial_pipeline(scratch / "trivial", dvc))
        rows.append(
            ("`dvc repro` with nothing to do | the same for eight stages of `cp`", *side_by_side(idle, trivial), 1.1)
        )
        parsed = parsing(project.path, python)
        ours = ([*copier, template, scratch / "out"], scratch)
        theirs = ([*copier, empty_template(scratch / "empty"), scratch / "out-empty"], scratch)
        rows.append(("rendering | an empty Copier template", *side_by_side(ours, theirs), 1.5))
        found = (path for path in (scratch / "out").rglob("*") if path.is_file())
        paths = [path.relative_to(scratch / "out") for path in found if path.name != ".copier-answers.yml"]
        hollow = ([*copier, empty_template(scratch / "hollow", paths), scratch / "out-hollow"], scratch)
        empty = f"a Copier template of the same {len(paths)} paths, empty"
        rows.append((f"rendering | {empty}", *side_by_side(ours, hollow), 1.5))
        rows.append((f"{empty} | an empty Copier template", *side_by_side(hollow, theirs), 1.5))

        stages = {stage: [python, "-m", f"{project.package}.stages.{stage}"] for stage in STAGES}
        helps = {stage: seconds(([*command, "--help"], project.path)) for stage, command in stages.items()}
        libraries = "import dvclive, hydra, lightgbm, onnxmltools, onnxruntime, polars, pydantic, skl2onnx, sklearn"
        imports = peak(([python, "-c", libraries], project.path))
        size = "import polars; print(polars.read_parquet('data/ingested.parquet').estimated_size() >> 20)"
        data = int(run(python, "-c", size, cwd=project.path).stdout)
        peaks = {s: peak(([*command, "--params"], project.path)) for s, command in stages.items()}
        times = {stage: max(0, peaks[stage] - imports) / data for stage in STAGES}
        whole = ([dvc, "repro", "--force"], project.path)
        bare = ([python, HERE / "bare.py"], scratch / "bare")
        rows.append(("the whole pipeline | the same work as one bare script", *side_by_side(whole, bare, 3), 1.5))

    lines = [
        "# Speed and size\n",
        f"Written by `make benchmark`: medians of {ROUNDS} pairs in turn (3 for the pipeline), {os.cpu_count()} cores.",
        "The ratios count; the seconds are those of one shared machine. `bare.py`, which the pipeline is measured",
        "against, does the same reading, joining, fitting, evaluating, explaining and exporting in one process.\n",
        "| ours | theirs | seconds | seconds | ratio | aim |",
        "| --- | --- | --- | --- | --- | --- |",
        *(f"| {label} | {a:.2f} | {b:.2f} | {ratio:.2f} | at most {aim} |" for label, a, b, ratio, aim in rows),
        "",
        "A `dvc repro` with nothing to do runs no code of the project's: DVC parses `params.yaml` anew for each stage,",
        f"{parsed:.2f} s in all, and looks at each dependency and output. Copier starts `git config` for each file",
        "that it writes and compiles each part of each path, so that the empty files are the floor for as many files.",
        "",
        f"`--help` of a stage: {max(helps.values()):.2f} s at most.\n",
        f"Memory at its peak, against the {data} MB that the data take. {imports} MB are there once the libraries are",
        "imported, and do not count; a stage that imports fewer may need less in all.\n",
        "| stage | MB | times the data | aim |",
        "| --- | --- | --- | --- |",
        *(f"| {stage} | {peaks[stage]} | {ratio:.1f} | at most 3 |" for stage, ratio in times.items()),
        "",
        "| package | MB |",
        "| --- | --- |",
        *(f"| {name} | {size} |" for name, size in packages),
    ]
    (HERE.parent / "docs/benchmarks.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
