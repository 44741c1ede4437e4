"""The table of all runs, and which of them are really better than the champion: `make experiments`.

Runs are DVC's experiments and the commits that they began from. Their predictions come from DVC's cache.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import StringIO
from pathlib import Path
from typing import Any

from . import record
from .config import ROOT
from .errors import ProjectError, execute
from .metrics import advantage
from .pipeline import stages
from .report import history, words
from .run import output
from .simultaneous import Gain, gains

PAGE = "reports/experiments.html"
PREDICTIONS = "data/predictions.parquet"
TOLD = 4  # parameters of a run: the rest shows `git diff` after `dvc exp apply`
MODELS = ("model", "linear", "baseline")
CHAMPION = re.compile(r"model#champion(!?)#(\d+)")
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Run:
    """An experiment or a commit with what its run left."""

    name: str
    revision: str
    experiment: bool
    state: str = ""  # queued, running or failed: there is nothing yet to judge
    params: Values = field(default_factory=dict)
    metrics: Values = field(default_factory=dict)
    predictions: str | None = None  # their hash in DVC's cache
    seconds: float | None = None  # what all its stages took when they last ran
    gain: Gain | None = None
    reason: str = ""  # why it is not compared
    champion: bool = False

    @property
    def question(self) -> tuple[Any, ...]:
        """What it answers, and by what it is judged."""
        task = self.params.get("task", {})
        return task.get("name"), self.params.get("data", {}).get("target", {}).get(task.get("name")), task.get("metric")

    @property
    def value(self) -> float | None:
        """The metric that decides, on the test rows."""
        found = self.metrics.get("test", {}).get(self.question[2])
        return found if isinstance(found, float | int) else None

    @property
    def verdict(self) -> str:
        """What is to be said of it in two words."""
        if self.champion:
            return "the champion"
        return self.state or self.reason or (self.gain.verdict if self.gain else "")


def main() -> None:
    """Print the table and write the page; refuse if there is nothing to list."""
    parser = argparse.ArgumentParser(prog="experiments", description=__doc__)
    parser.add_argument("--of", default="", help="only the experiments of this commit (default: of all commits)")
    show(*table(parser.parse_args().of))


def table(of: str = "") -> tuple[list[Run], str]:
    """All runs, the best first, compared with the champion; and what the champion is called.

    Raises:
        ProjectError: there is no commit, or no such commit, or none holds a run.
    """
    asked = [_commit(of)] if of else [*baselines(), _commit("HEAD")]
    revision, title = champion()
    revisions = [*asked, revision]
    found = list(listed(_dvc("exp", "show", "--json", *(f"--rev={each}" for each in dict.fromkeys(revisions)))))
    runs = [replace(run, champion=run.revision == revision and not run.experiment) for run in found]
    if not any(run.metrics for run in runs):
        raise ProjectError("no commit and no experiment holds a run: `make run` and commit it first")
    return ordered(judged(runs, Path(_dvc("cache", "dir").strip()) / "files/md5")), title


def champion() -> tuple[str, str]:
    """The commit that every run is compared with, and what it is called.

    The newest tag `model#champion#N` names it; without one it is the last commit.

    Raises:
        ProjectError: there is no commit.
    """
    tags = [CHAMPION.fullmatch(tag) for tag in (history.git("tag", "--list", "model#champion*") or "").split()]
    newest = max((tag for tag in tags if tag), key=lambda tag: int(tag[2]), default=None)
    if newest and not newest[1]:
        return _commit(newest[0]), newest[0]
    return _commit("HEAD"), "the last commit"


def baselines() -> list[str]:
    """The commits that have experiments. Asking Git is instant; `dvc exp show -A` reads every commit there ever was."""
    names = (history.git("for-each-ref", "--format=%(refname)", "refs/exps") or "").split()
    found = [re.fullmatch(r"refs/exps/([0-9a-f]{2})/([0-9a-f]{38})/[^/]+", name) for name in names]
    return list(
        dict.fromkeys(
            match[1] + match[2] for match in found if match and history.git("cat-file", "-t", match[1] + match[2])
        )
    )


def listed(text: str) -> Iterator[Run]:
    """The runs in what `dvc exp show --json` prints."""
    for commit in json.loads(text):
        if commit["rev"] == "workspace":
            continue
        run = _run(commit["name"] or commit["rev"][:7], commit, experiment=False)
        if run.metrics:
            yield run
        for entry in commit.get("experiments") or []:
            state = (entry.get("executor") or {}).get("state") or "success"
            for each in (entry.get("revs") or [])[:1]:
                run = _run(entry["name"] or each["rev"][:7], each, experiment=True)
                failed = "failed" if each.get("error") or not run.metrics else ""
                if state != "success":  # a running one shows what lies in its folder, which is not yet its own
                    run = replace(run, metrics={}, seconds=None)
                yield replace(run, state=failed if state == "success" else state)


def _run(name: str, entry: Values, experiment: bool) -> Run:
    data = entry.get("data") or {}

    def file(kind: str, path: str) -> Any:
        return (data.get(kind) or {}).get(path, {}).get("data") or {}

    took = file("metrics", record.PATH)
    known = set(stages())
    return Run(
        name=name,
        revision=entry["rev"],
        experiment=experiment,
        params=file("params", "params.yaml"),
        metrics=file("metrics", "reports/metrics.json"),
        predictions=((data.get("outs") or {}).get(PREDICTIONS) or {}).get("hash"),
        seconds=sum(value for stage, value in took["seconds"].items() if stage in known)
        if record.sound(took)
        else None,
    )


def judged(runs: Sequence[Run], cache: Path) -> list[Run]:
    """The runs with their gain over the champion, or with the reason why there is none.

    Args:
        runs: one of them is the champion.
        cache: the folder of DVC's cache that holds files by their hash.
    """
    best = next((run for run in runs if run.champion), None)
    theirs = _predictions(best, cache) if best else None
    scores: dict[str, Any] = {}
    reasons: dict[str, str] = {}
    for number, run in enumerate(runs):
        if run.state or run.champion:
            continue
        ours = _predictions(run, cache)
        if best is None or theirs is None:
            reasons[str(number)] = "no champion here"
        elif run.question != best.question:
            reasons[str(number)] = "other question"
        elif ours is None:
            reasons[str(number)] = "not here"
        elif not _same_rows(ours, theirs, str(best.question[1])):
            reasons[str(number)] = "other rows"
        else:
            scores[str(number)] = ours["model"].to_numpy()
    found: dict[str, Gain] = {}
    if scores and best and theirs is not None:
        task, target, metric = best.question
        confidence, seed = best.params["evaluate"]["confidence"], best.params["seed"]
        truth = theirs[target].cast(float).to_numpy()
        found = gains(task, metric, truth, theirs["model"].to_numpy(), scores, confidence, seed)
    return [
        replace(run, gain=found.get(str(number)), reason=reasons.get(str(number), ""))
        for number, run in enumerate(runs)
    ]


def _predictions(run: Run, cache: Path) -> Any:
    """The predictions of a run in the order of their keys, or None if the cache does not hold them."""
    import polars as pl

    path = cache / (run.predictions or "none")[:2] / (run.predictions or "none")[2:]
    if not path.is_file():
        return None
    table = pl.read_parquet(path)
    return table.sort([name for name in table.columns if name not in MODELS])


def _same_rows(ours: Any, theirs: Any, target: str) -> bool:
    """Whether both predict the same target of the same rows."""
    keys = [name for name in theirs.columns if name not in MODELS]
    return target in keys and set(keys) <= set(ours.columns) and bool(ours.select(keys).equals(theirs.select(keys)))


def ordered(runs: Sequence[Run]) -> list[Run]:
    """The best first by the metric that decides, then those that answer another question or have no answer."""
    best = next((run for run in runs if run.champion), None)
    question = best.question if best else next((run.question for run in runs if run.metrics), ())

    def place(run: Run) -> tuple[bool, float, str]:
        if run.value is None or run.question != question:
            return True, 0.0, run.name
        return False, -float(advantage(str(run.question[2]), run.value, 0.0)), run.name

    return sorted(runs, key=place)


def telling(runs: Sequence[Run]) -> dict[str, list[str]]:
    """The parameters that differ between runs, as text for each; without those that only follow from another.

    What comes with the choice of a file in `conf/` follows from its `name`; what has the same values as a shorter
    parameter is a copy of it.
    """
    flat = [history.flat(run.params) for run in runs]
    keys = sorted(
        {key for each in flat for key in each}, key=lambda key: (not key.endswith("name"), key.count("."), key)
    )
    values = {key: [each.get(key, words.NONE) for each in flat] for key in keys}
    differ = {key: of for key, of in values.items() if len(set(of)) > 1}
    kept: dict[str, list[str]] = {}
    for key, of in differ.items():
        parents = [f"{key[: end.start()]}.name" for end in re.finditer(r"\.", key)]
        follows = any(
            parent != key and len(set(zip(kept[parent], of, strict=True))) == len(set(kept[parent]))
            for parent in parents
            if parent in kept
        )
        copy = any(
            all(one in (other, words.NONE) for one, other in zip(of, first, strict=True)) for first in kept.values()
        )
        if not follows and not copy:
            kept[key] = of
    return kept


def differences(runs: Sequence[Run]) -> list[list[str]]:
    """For each run the parameters in which it is not the champion, as `key=value`; none for the champion."""
    shown = [run for run in runs if run.params]
    found = telling(shown)
    base = next((number for number, run in enumerate(shown) if run.champion), 0)
    texts = [
        [f"{key}={of[number]}" for key, of in found.items() if of[number] not in (of[base], words.NONE)]
        for number in range(len(shown))
    ]
    told = iter([*each[:TOLD], f"{len(each) - TOLD} more"] if len(each) > TOLD + 1 else each for each in texts)
    return [next(told) if run.params else [] for run in runs]


def headline(runs: Sequence[Run], title: str) -> str:
    """The answer in one sentence."""
    tried = [run for run in runs if run.gain]
    better = [run.name for run in tried if run.verdict == "better"]
    if not tried:
        return f"There is no run to compare with {title}."
    names = f": {', '.join(better)}" if better else ""
    return (
        f"{len(better)} of {len(tried)} runs {'is' if len(better) == 1 else 'are'} really better than {title}{names}."
    )


def advice(runs: Sequence[Run]) -> list[str]:
    """What to do about runs that could not be compared."""
    missing = [run for run in runs if run.reason == "not here"]
    told = []
    if any(run.reason == "no champion here" for run in runs):
        told.append(
            "the predictions of the champion are not here: `uv run dvc fetch --all-tags` or `make pull` fetches them"
        )
    for run in missing:
        command = f"dvc exp pull origin {run.name}" if run.experiment else "dvc fetch --all-branches --all-tags"
        told.append(f"the predictions of {run.name} are not in the cache: `uv run {command}` fetches them")
    if any(run.reason == "other rows" for run in runs):
        told.append("other rows: judged on another test set, so what differs may be the rows and not the model")
    return told


def show(runs: Sequence[Run], title: str) -> None:
    """Print the table and write the page."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from .report.experiments import render

    console = Console(soft_wrap=True)
    lines = Table(box=SIMPLE_HEAD if console.is_terminal else None, pad_edge=False)
    metric = next((run.question[2] for run in runs if run.champion), "metric")
    for name, justify in (
        ("run", "left"),
        (str(metric), "right"),
        ("ahead of the champion", "left"),
        ("verdict", "left"),
    ):
        lines.add_column(name, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    lines.add_column("seconds", justify="right", no_wrap=True)
    lines.add_column("differs in", overflow="fold", no_wrap=not console.is_terminal)
    colours = {"better": "bold green", "worse": "red", "the champion": "bold"}
    for run, differs in zip(runs, differences(runs), strict=True):
        lines.add_row(
            Text(run.name),
            words.number(run.value),
            "{} ({})".format(*ahead(run)) if run.gain else "",
            Text(run.verdict, style=colours.get(run.verdict, "")),
            words.NONE if run.seconds is None else f"{run.seconds:.0f}",
            Text(", ".join(differs)),
        )
    if console.is_terminal:
        console.print(lines)
    else:  # whole lines for other programs, however long
        plain = Console(width=100_000, no_color=True, file=StringIO())
        plain.print(lines)
        print("\n".join(line.rstrip() for line in plain.file.getvalue().splitlines()))  # type: ignore[attr-defined]
    print(headline(runs, title))
    print("Intervals hold for all runs at once, so trying many makes none of them look better.")
    for line in advice(runs):
        print(line)
    target = ROOT / PAGE
    target.parent.mkdir(exist_ok=True)
    target.write_text(render(runs, title), encoding="utf-8")
    print(f"\n{target}")


def ahead(run: Run) -> tuple[str, str]:
    """How far a run is ahead, and the interval."""
    if run.gain is None:
        return "", ""
    value, low, high = (words.signed(limit, run.value) for limit in run.gain)
    return value, f"{low} to {high}"


def _commit(revision: str) -> str:
    found = history.git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    if not found:
        fix = "commit the first run" if revision == "HEAD" else "`git log` lists those there are"
        raise ProjectError(f"there is no commit {revision}: {fix}")
    return found


def _dvc(*arguments: str) -> str:
    return output(sys.executable, "-m", "dvc", *arguments)


if __name__ == "__main__":
    execute(main)
