"""Trials a second of `make tune` beside the same trials without it: `make benchmark-tuning`.

The same settings are tried on the same folds of the same rows by our engine, by a bare Optuna loop that fits the whole
pipeline, and by one process for each trial. Prints the table for `docs/features/tuning.md`.
"""

import json
import os
import statistics
import sys
import tempfile
from pathlib import Path
from time import perf_counter

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

from harness import Project, commit, environment, render, run, snapshot  # noqa: E402

TRIALS, ROWS, ROUNDS, APART = 12, 20_000, 3, 3
# What both do: no pruner, as it would stop other trials.
SEARCH = (
    f"search.trials={TRIALS}",
    f"search.sample={ROWS}",
    "search.pruner._target_=optuna.pruners.NopPruner",
    "~search.pruner.n_startup_trials",
    "search.sampler._target_=optuna.samplers.RandomSampler",
    "~search.sampler.multivariate",
)
LOOP = """
import json, sys, time
from pathlib import Path
import numpy as np, optuna
from sklearn.metrics import roc_auc_score
from {package}.tuning.__main__ import _compose
from {package}.tuning.folds import Folds
from {package}.tuning.space import plan, settings
from {package}.model import build_pipeline
from {package}.run import Files
from {package}.config import ROOT
from {package}.tuning.folds import Patience
overrides, points = json.loads(sys.argv[1]), json.loads(sys.argv[2])
optuna.logging.set_verbosity(optuna.logging.ERROR)
it = plan(_compose(overrides))
folds = Folds(it, Files(ROOT))
((family, candidate),) = it.search.candidates.items()
begun = time.perf_counter()
def objective(trial):
    from {package}.tuning.space import suggest
    model = settings(family, candidate, suggest(trial, it.search.candidates))
    fitted = []
    for taught, judged in folds.cuts:
        pipeline = build_pipeline(model, folds.inputs)
        x = pipeline[:-1].fit_transform(folds.ready[taught], folds.target[taught])
        x_judged = pipeline[:-1].transform(folds.ready[judged])
        stop = Patience(candidate.early_stopping)
        pipeline[-1].set_params(metric="auc").fit(
            x, folds.target[taught], eval_X=x_judged, eval_y=folds.target[judged],
            callbacks=[stop],
        )
        fitted.append((pipeline[-1], x_judged, folds.target[judged], stop.best))
    trees = folds.trees([best for _, _, _, best in fitted])
    scores = []
    for (taught, _), (of, x, y, _) in zip(folds.cuts, fitted):
        if of.booster_.num_trees() < trees:
            of = build_pipeline(model, folds.inputs).set_params(estimator__n_estimators=trees)
            of = of.fit(folds.ready[taught], folds.target[taught])[-1]
        scores.append(roc_auc_score(y, of.booster_.predict(x, num_iteration=trees)))
    return float(np.mean(scores))
study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=1))
for point in points:
    study.enqueue_trial(point)
study.optimize(objective, n_trials=len(points))
print(json.dumps([time.perf_counter() - begun, [trial.value for trial in study.trials]]))
"""
OURS = """
import json, sys, time, os
from {package}.tuning.__main__ import _compose
from {package}.tuning import worker
from {package}.tuning.space import plan
from {package}.tuning.study import Study
from {package}.run import Files
from {package}.config import ROOT
it = plan(_compose(json.loads(sys.argv[1])))
if sys.argv[2] != "all":
    worker.threads_of = lambda _: int(sys.argv[2])
worker.work(it, Files(ROOT), show=False)
study = Study(it, Files(ROOT))
trials = study.finished()
print(json.dumps([study.spent(), [trial.value for trial in trials], [trial.params for trial in trials]]))
"""


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        template = snapshot(Path(name) / "template")
        commit(template, "v999.0.0")
        project = Project(render(template, Path(name) / "flights"))
        run("git", "init", "--quiet", cwd=project.path)
        project.run("make", "params")
        project.dvc("repro", "split")
        project.run("uv", "sync", "--quiet", "--inexact", "--group", "tuning")
        python = Path(environment()["UV_PROJECT_ENVIRONMENT"]) / "bin/python"
        overrides = json.dumps(SEARCH)

        def ours(threads: str) -> tuple[float, list[float], list[dict[str, float]]]:
            project.run("rm", "-rf", "outputs/search")
            code = OURS.format(package=project.package)
            return tuple(json.loads(project.run(python, "-c", code, overrides, threads).stdout.splitlines()[-1]))

        _, values, points = ours("1")
        loop = LOOP.format(package=project.package)
        rows: dict[str, list[float]] = {"ours, one thread": [], "ours, all cores": [], "bare": [], "process": []}
        for _ in range(ROUNDS):
            rows["ours, one thread"].append(TRIALS / ours("1")[0])
            rows["ours, all cores"].append(TRIALS / ours("all")[0])
            seconds, bare = json.loads(
                project.run(python, "-c", loop, overrides, json.dumps(points)).stdout.splitlines()[-1]
            )
            assert max(abs(a - b) for a, b in zip(values, bare, strict=True)) < 1e-9, "not the same trials"
            rows["bare"].append(TRIALS / seconds)
            begun = perf_counter()
            for point in points[:APART]:
                project.run(python, "-c", loop, overrides, json.dumps([point]))
            rows["process"].append(APART / (perf_counter() - begun))
    labels = {
        "ours, one thread": "`make tune`, one thread",
        "ours, all cores": f"`make tune`, {os.cpu_count()} cores",
        "bare": "a bare Optuna loop in one process",
        "process": "the same, one process a trial",
    }
    ratio = statistics.median(a / b for a, b in zip(rows["ours, one thread"], rows["bare"], strict=True))
    print("| what | trials a second |\n| --- | --- |")
    for key, label in labels.items():
        print(f"| {label} | {statistics.median(rows[key]):.2f} |")
    print(f"\nThe ratio of the first to the third, pair by pair: {ratio:.2f} (at least 0.8).")
    if ratio < 0.8:
        sys.exit("error: the engine costs more than a fifth of a bare loop")


if __name__ == "__main__":
    main()
