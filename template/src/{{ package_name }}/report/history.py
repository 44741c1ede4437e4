"""The last committed run: what it scored, how it was configured, and what has changed since."""

import json
import math
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import ValidationError

from ..config import ROOT, Config
from ..metrics import advantage

Values = Mapping[str, Any]
NEEDED = {"task", "target", "metric", "rows", "models"}  # of an evaluation, to compare with it
# A run writes them: they do not make the code dirty.
OUTPUTS = (":(exclude)reports", ":(exclude)dvc.lock", ":(exclude)docs/*_card.md")
FIRST = ("params.yaml", "uv.lock")  # the first run writes these too
NAMED = 3  # changed files, of more only the number is told


@dataclass(frozen=True)
class Commit:
    """The commit at hand, what has changed since in code and configuration, and whether it holds a run at all."""

    short: str
    day: str
    subject: str
    changed: tuple[str, ...]
    ran: bool

    @property
    def dirty(self) -> bool:
        """Whether code or configuration has changed since."""
        return bool(self.changed)

    @property
    def beyond(self) -> str:
        """What the run at hand has that the commit has not, in words; empty if there is nothing."""
        told = [] if self.ran else ["before its first run is committed"]
        if self.changed:
            more = f" and {len(self.changed) - NAMED} more" if len(self.changed) > NAMED else ""
            told.append(f"with changes that are not committed: {', '.join(self.changed[:NAMED])}{more}")
        return ", ".join(told)


@dataclass(frozen=True)
class Past:
    """What the last commit says of its run; None where it says nothing, or nothing readable."""

    evaluation: Values | None
    params: Values | None


@dataclass(frozen=True)
class Change:
    """A metric then and now. `verdict` is better, worse, same, or changed for a metric without a direction."""

    name: str
    then: float
    now: float
    verdict: str
    within_interval: bool


@dataclass(frozen=True)
class Comparison:
    """This run beside the last committed one: what has changed, and the number of test rows then."""

    metrics: list[Change]
    slices: list[Change]
    parameters: list[tuple[str, str, str]] | None  # None: there are none, or of another version
    rows: int
    headline: Change


def head(root: Path = ROOT, revision: str = "HEAD") -> Commit | None:
    """The last commit, or another; None without Git, a repository or such a commit."""
    told = git("log", "-1", "--format=%h%n%cs%n%s", "--end-of-options", revision, "--", root=root)
    if told is None:
        return None
    short, day, subject = (told + "\n\n").split("\n")[:3]

    def holds(name: str) -> bool:
        return git("cat-file", "-e", f"{short}:./{name}", root=root) is not None

    new = [f":(exclude){name}" for name in FIRST if not holds(name)]
    status = git("status", "--porcelain", "--", ".", *OUTPUTS, *new, root=root) or ""
    changed = tuple(line.split(maxsplit=1)[1] for line in status.splitlines())
    return Commit(short, day, subject, changed, holds("dvc.lock"))


def last_run(root: Path = ROOT, revision: str = "HEAD") -> Past:
    """The evaluation and the parameters of the last commit, or of another."""
    evaluation = _json(git("show", f"{revision}:./reports/evaluation.json", root=root))
    return Past(evaluation, _params(git("show", f"{revision}:./params.yaml", root=root)))


def compare(config: Config, now: Values, past: Past) -> Comparison | None:
    """This run beside the last committed one; None if there is none, or if it answered another question."""
    then = past.evaluation
    if then is None or any(now[key] != then.get(key) for key in ("task", "target", "metric")):
        return None
    metrics = metric_changes(now, then)
    return Comparison(
        metrics=metrics,
        slices=slice_changes(now, then),
        parameters=None if past.params is None else parameter_changes(plain(config), past.params),
        rows=then["rows"]["test"],
        headline=next(change for change in metrics if change.name == now["metric"]),
    )


def metric_changes(now: Values, then: Values) -> list[Change]:
    """Each metric of the model on the test rows, then and now."""
    before, after = then["models"]["model"]["test"], now["models"]["model"]["test"]
    return [_change(name, name, before[name]["value"], after[name]) for name in after if name in before]


def slice_changes(now: Values, then: Values) -> list[Change]:
    """The slices whose former metric lies outside today's interval, worst news first."""
    metric = now["metric"]
    before = {(entry["column"], entry["value"]): entry["metric"] for entry in then.get("slices", [])}
    changes = []
    for entry in now["slices"]:
        then_value = before.get((entry["column"], entry["value"]))
        if then_value is not None:
            today = {"value": entry["metric"], "low": entry["low"], "high": entry["high"]}
            changes.append(_change(f"{entry['column']} = {entry['value']}", metric, then_value, today))
    surely = [change for change in changes if change.verdict != "same" and not change.within_interval]
    return sorted(surely, key=lambda change: float(advantage(metric, change.now, change.then)))


def parameter_changes(now: Values, then: Values) -> list[tuple[str, str, str]]:
    """Key, then and now of each parameter that differs; a dash where it was not set."""
    before, after = flat(then), flat(now)
    keys = sorted(before.keys() | after.keys())
    return [
        (key, before.get(key, "\u2013"), after.get(key, "\u2013")) for key in keys if before.get(key) != after.get(key)
    ]


def plain(config: Config) -> dict[str, Any]:
    """The configuration as plain values, as `parameter_changes` compares them."""
    return config.model_dump(mode="json", by_alias=True)


def _change(name: str, metric: str, then: float, now: Mapping[str, float]) -> Change:
    gain = advantage(metric, now["value"], then)
    verdict = "better" if gain > 0 else "worse"
    if metric == "bias":
        verdict = "changed"
    if math.isclose(now["value"], then, rel_tol=1e-6):
        verdict = "same"
    return Change(name, then, now["value"], verdict, now["low"] <= then <= now["high"])


def flat(values: Any, path: str = "") -> dict[str, str]:
    """Dotted keys and their values as text. In a list of groups each is a key, whatever its place."""
    if isinstance(values, Mapping):
        return {
            key: text
            for name, value in values.items()
            for key, text in flat(value, f"{path}.{name}" if path else str(name)).items()
        }
    if isinstance(values, list) and all(isinstance(value, Mapping) for value in values):
        return {f"{path}: {json.dumps(value)}".replace('"', ""): "set" for value in values}
    return {path: values if isinstance(values, str) else json.dumps(values)}


def _params(text: str | None) -> Values | None:
    try:
        return None if text is None else plain(Config.model_validate(OmegaConf.to_container(OmegaConf.create(text))))
    except (OmegaConfBaseException, ValidationError, ValueError):
        return None  # of another version of the configuration


def _json(text: str | None) -> Values | None:
    try:
        found = json.loads(text or "null")
    except json.JSONDecodeError:
        return None
    return found if isinstance(found, dict) and found.keys() >= NEEDED else None


def git(*arguments: str, root: Path = ROOT) -> str | None:
    """What Git prints, or None where there is no Git, no repository, no commit, or no such file."""
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=root, capture_output=True, encoding="utf-8", errors="replace", check=False
        )
    except OSError:
        return None
    return None if done.returncode else done.stdout.strip()
