"""This run beside the run of another commit, as Markdown: `make compare BASE=origin/main`.

The text is made for a comment on a pull request. Intervals are drawn with characters: a comment shows no image that is
not public, Mermaid draws no intervals, and mail shows neither.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from .config import ROOT, read
from .errors import ProjectError, execute
from .report import history, words
from .run import compiled, output

TARGET = ROOT / "reports" / "comment.md"
WIDTH = 44
SIGNS = {"better": "🟢", "worse": "🔴", "same": "", "changed": ""}
MANY = 30


def main() -> None:
    """Write `reports/comment.md`; refuse if there is nothing to compare."""
    parser = argparse.ArgumentParser(prog="compare", description=__doc__)
    parser.add_argument("base", nargs="?", default="HEAD", help="the commit to compare with (default: the last one)")
    base = parser.parse_args().base
    text = comment(base)
    TARGET.write_text(text, encoding="utf-8")
    print(f"{TARGET.relative_to(ROOT)}: this run beside {base}")


def comment(base: str) -> str:
    """The comparison of the files in `reports/` with those of a commit.

    Raises:
        ProjectError: there is no such commit, or no run.
    """
    commit = history.head(revision=base)
    if commit is None:
        raise ProjectError(f"{base} is no commit here: fetch it, or name another, such as `make compare BASE=HEAD`")
    now, verdicts = _report("evaluation.json"), _report("gate.json")
    config = read(compiled(ROOT / "params.yaml"))
    past = history.last_run(revision=base)
    refused = [verdict for verdict in verdicts if not verdict["passed"]]
    parts = [
        *warning(stale(_status(), bool(refused))),
        *headline(now, verdicts, refused),
        *changes(now, history.compare(config, now, past), past, commit.short),
    ]
    return "\n\n".join(parts) + "\n"


def stale(status: Mapping[str, Sequence[Any]], refused: bool) -> list[str]:
    """The stages whose reports are older than code, data or configuration.

    Args:
        status: what `dvc status --json` says; an output that is only absent, as in a fresh clone, makes nothing old.
        refused: whether a gate refused the model: its stage then counts as failed, but its report is new.
    """
    expected = {"report", "gate"} if refused else {"report"}
    old = [stage for stage, entries in status.items() if set(_states(entries)) - {"deleted"}]
    return old if set(old) - expected else []


def _states(entries: Any) -> list[str]:
    """The innermost words: modified, new, deleted, changed command."""
    if isinstance(entries, Mapping):
        return [state for entry in entries.values() for state in _states(entry)]
    if isinstance(entries, list):
        return [state for entry in entries for state in _states(entry)]
    return [str(entries)]


def warning(stages: Sequence[str]) -> list[str]:
    """One paragraph if these figures are not those of the code at hand."""
    if not stages:
        return []
    named = ", ".join(code(stage) for stage in stages)
    return [f"⚠️ **These figures are older than the code or its configuration**, in {named}: `make run` has to finish."]


def headline(now: Mapping[str, Any], verdicts: Sequence[Any], refused: Sequence[Any]) -> list[str]:
    """The metric that counts, and what the gate says."""
    metric, rows = now["metric"], now["rows"]["test"]
    of = now["models"]["model"]["test"][metric]
    title = f"### {words.METRICS[metric]} {words.number(of['value'])} on {rows:,} unseen rows"
    if not refused:
        return [title, f"🟢 **The gate passes**: {len(verdicts)} rules hold."]
    told = [f"- {code(verdict['rule'])} {code(verdict['message'])}" for verdict in refused]
    return [title, "\n".join([f"🔴 **The gate refuses**: {len(refused)} of {len(verdicts)} rules are broken.", *told])]


def changes(now: Mapping[str, Any], found: history.Comparison | None, past: history.Past, base: str) -> list[str]:
    """Metrics, intervals, slices and parameters beside those of the base; the metrics alone if it has none."""
    test = now["models"]["model"]["test"]
    if found is None:
        alone = [(words.METRICS[name], words.number(of["value"])) for name, of in test.items()]
        return [
            f"{code(base)} holds no run that answers the same question, so there is nothing to compare with.",
            table(("metric", "this run"), alone),
        ]
    assert past.evaluation is not None  # or there would be no comparison
    then = past.evaluation["models"]["model"]["test"][now["metric"]]
    intervals = {base: then, "this run": test[now["metric"]]}
    if "linear" in now["models"]:
        intervals["linear model"] = now["models"]["linear"]["test"][now["metric"]]
    parts = [
        table(("metric", base, "this run", "change", ""), [_row(change) for change in found.metrics]),
        f"{words.METRICS[now['metric']]} and its {now['confidence']:.0%} interval:\n\n{picture(intervals)}",
    ]
    if found.rows != now["rows"]["test"]:
        parts.append(f"⚠️ {code(base)} was judged on {found.rows:,} rows: another test set, so compare with care.")
    if found.slices:
        rows = [_row(change, named=code(change.name)) for change in found.slices]
        head = ("slice", base, "this run", "change", "")
        parts.append(folded("slices that changed beyond their interval", head, rows))
    if found.parameters is None:
        parts.append(f"The parameters of {code(base)} are of another version and cannot be compared.")
    elif found.parameters:
        cells = [tuple(map(code, row)) for row in found.parameters]
        parts.append(folded("parameters that changed", ("parameter", base, "this run"), cells))
    else:
        parts.append("No parameter has changed.")
    return parts


def _row(change: history.Change, named: str | None = None) -> tuple[str, ...]:
    difference = words.signed(change.now - change.then, like=change.now)
    sign = SIGNS[change.verdict]
    verdict = f"{change.verdict}, within its interval" if sign and change.within_interval else change.verdict
    name = named or words.METRICS[change.name]
    return name, words.number(change.then), words.number(change.now), difference, f"{sign} {verdict}".strip()


def picture(intervals: Mapping[str, Mapping[str, float]]) -> str:
    """Each interval as a line of characters, all on one scale. A value may lie outside of its bootstrap interval."""
    drawn = {name: [of[key] for key in ("low", "high", "value")] for name, of in intervals.items()}
    drawn = {name: of for name, of in drawn.items() if all(map(isfinite, of))}
    if not drawn:
        return "No interval is finite."
    start = min(min(of) for of in drawn.values())
    span = max(max(of) for of in drawn.values()) - start or 1.0
    label = max(len(name) for name in drawn)
    lines = []
    for name, of in drawn.items():
        low, high, value = (round((number - start) / span * (WIDTH - 1)) for number in of)
        line = ["─" if low < place < high else " " for place in range(WIDTH)]
        line[low], line[high], line[value] = "├", "┤", "●"
        lines.append(f"{name:<{label}}  {''.join(line)}  {words.number(of[-1])}")
    return "\n".join(["```text", *lines, "```"])


def folded(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table behind a click, cut if it is long."""
    rest = f"\n\nand {len(rows) - MANY} more" if len(rows) > MANY else ""
    inside = table(head, rows[:MANY]) + rest
    return f"<details><summary>{len(rows)} {title}</summary>\n\n{inside}\n\n</details>"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, ["---"] * len(head), *rows])


def code(text: str) -> str:
    """Text of the project as code, in which nothing is a link, a mention or the end of a cell."""
    short = " ".join(text.split())
    short = short if len(short) <= 200 else f"{short[:199]}…"
    return f"`{short.replace('`', chr(39)).replace('|', chr(92) + '|')}`"


def _report(name: str) -> Any:
    try:
        return json.loads((ROOT / "reports" / name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ProjectError(f"reports/{name} is missing: `make run` runs the pipeline that writes it") from None
    except json.JSONDecodeError:
        raise ProjectError(f"reports/{name} cannot be read: `make run` writes it anew") from None


def _status() -> Any:
    """What has changed since the pipeline last ran, by stage."""
    return json.loads(output("dvc", "status", "--json"))


if __name__ == "__main__":
    execute(main)
