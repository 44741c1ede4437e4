"""The end of a search: the winner goes into `conf/`, the trials and a page into `reports/search/`."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from ..config import ROOT
from ..metrics import LARGER_IS_BETTER
from ..report import charts, words
from ..run import Files
from .folds import Folds
from .space import FAMILY, Plan, names
from .study import FIRST, Study
from .winner import Comparison, Winner, choose, compare, ensemble, write
from .worker import threads_of

HERE = Path(__file__).parent
SHOWN = 12  # parameters in the picture of importance


def tell(plan: Plan, study: Study, folds: Folds, files: Files) -> None:
    """Compare the best settings with the current ones, write them down, and say so.

    Raises:
        ProjectError: no trial was finished, or none of the best can be exported.
    """
    asked, plan = plan, study.plan  # without the families that are too slow
    winner, threads = choose(plan, study, folds, files), threads_of(plan)
    if plan.search.ensemble:
        winner = ensemble(plan, study, folds, files, winner, threads) or winner
    ahead = compare(plan, study, folds, winner.model, threads)
    best = study.complete()[0]
    family = best.params.get(FAMILY, next(iter(plan.search.candidates)))
    importance = study.importance(family)
    trials = study.finished()
    lines = _lines(plan, winner, ahead, len(trials))
    written = [path.relative_to(ROOT).as_posix() for path in write(asked, winner, lines)]
    board = _board(plan, trials, (study.recall(FIRST) or {}).get("slow", {}))
    _csv(plan, trials).write_csv(files.write(f"reports/search/{plan.search.name}.csv"))
    about = {
        "name": plan.search.name,
        "metric": plan.search.metric,
        "trials": len(trials),
        "winner": {"family": winner.family, "model": winner.model.model_dump(), "parity": winner.parity},
        "comparison": vars(ahead),
        "confidence": plan.config.evaluate.confidence,
        "importance": {"family": family, "parameters": importance},
        "written": written,
    }
    files.write(f"reports/search/{plan.search.name}.json").write_text(json.dumps(about, indent=1) + "\n")
    page = files.write(f"reports/search/{plan.search.name}.html")
    page.write_text(_page(plan, trials, winner, ahead, board, importance, family, written), encoding="utf-8")
    _print(plan, lines, winner, importance, board, written, page)


def _lines(plan: Plan, winner: Winner, ahead: Comparison, trials: int) -> list[str]:
    """What there is to say about the winner: the same words in its files and on the screen."""
    metric, name = words.metric_title(plan.search.metric), plan.search.name
    shown = {key: words.number(getattr(ahead, key), ahead.winner) for key in ("winner", "current")}
    gain, low, high = (words.signed(of, ahead.winner) for of in (ahead.gain, ahead.low, ahead.high))
    sure = "surely better" if ahead.sure else "not surely better"
    folds = "validation part" if plan.search.folds == 1 else f"mean of {plan.search.folds} folds"
    return [
        f"`{name}`, {trials} trials, seed {plan.config.seed}; best family {winner.family}",
        f"{metric}, {folds}: {shown['winner']}; as it stands ({plan.config.model.name}): {shown['current']}",
        f"ahead by {gain}, {plan.config.evaluate.confidence:.0%} interval {low} to {high}: {sure} on the same rows",
    ]


def _board(plan: Plan, trials: Sequence[Any], slow: Mapping[str, int]) -> list[dict[str, Any]]:
    """The families, best first: their trials, the best metric, and the seconds of its trial."""
    sign = -1 if plan.search.metric in LARGER_IS_BETTER else 1
    rows = []
    for family in plan.search.candidates:
        own = [of for of in trials if of.params.get(FAMILY, family) == family]
        done = [of for of in own if Study.value(of) is not None]
        best = min(done, key=lambda of: (sign * of.value, of.number), default=None)
        rows.append(
            {
                "family": family,
                "trials": len(own),
                "cut": sum(Study.value(of) is None and "error" not in of.user_attrs for of in own),
                "failed": sum("error" in of.user_attrs for of in own),
                "value": best.value if best else None,
                "seconds": best.user_attrs["seconds"] if best else None,
                "note": "",
            }
        )
    rows.sort(key=lambda row: (row["value"] is None, sign * (row["value"] or 0)))
    none = {"trials": 0, "cut": 0, "failed": 0, "value": None, "seconds": None}
    return rows + [
        {"family": family, **none, "note": f"left out: one trial would take about {seconds} s"}
        for family, seconds in slow.items()
    ]


def _csv(plan: Plan, trials: Sequence[Any]) -> pl.DataFrame:
    """A row for each trial. No times: the same search gives the same file."""
    families = plan.search.candidates
    columns = [name for family, of in families.items() for name in names(family, of)]
    rows = [
        {
            "trial": number,
            "family": of.params.get(FAMILY, next(iter(families))),
            "state": "failed" if "error" in of.user_attrs else "cut off" if Study.value(of) is None else "complete",
            plan.search.metric: Study.value(of),
            "folds": " ".join(f"{value:.6g}" for value in of.user_attrs.get("folds", [])),
            "trees": " ".join(str(value) for value in of.user_attrs.get("rounds", []) if value),
            **{name: None if name not in of.params else str(of.params[name]) for name in columns},
        }
        for number, of in enumerate(trials, 1)
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def _page(
    plan: Plan,
    trials: Sequence[Any],
    winner: Winner,
    ahead: Comparison,
    board: Sequence[Mapping[str, Any]],
    importance: Mapping[str, float],
    family: str,
    written: Sequence[str],
) -> str:
    """The page, with its charts drawn: nothing is loaded when it is read."""
    from ..report.figures import figure
    from ..report.page import environment

    values = [(number, Study.value(of)) for number, of in enumerate(trials, 1)]
    known = [(number, value) for number, value in values if value is not None]
    title = f"{words.metric_title(plan.search.metric)}{words.metric_unit(plan.config, plan.search.metric)}"
    figures = [
        figure(
            "The best so far",
            f"each dot is a trial; {words.direction(plan.search.metric)}",
            history(known, title, plan.search.metric),
        )
    ]
    if importance:
        entries = [
            {"label": short(name), "loss": of, "low": of, "high": of, "text": words.share(of)}
            for name, of in list(importance.items())[:SHOWN]
        ]
        note = "share of the metric's variation over the trials (PED-ANOVA)"
        figures.append(figure(f"What mattered within {family}", note, charts.importance(entries, "share")))
    return (
        environment(HERE)
        .get_template("search.html")
        .render(
            plan=plan,
            trials=len(trials),
            winner=winner,
            ahead=ahead,
            lines=_lines(plan, winner, ahead, len(trials)),
            board=board,
            figures=figures,
            settings=sorted((short(name), of) for name, of in winner.params.items() if name != FAMILY),
            written=written,
            made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        )
    )


def history(known: Sequence[tuple[int, float]], title: str, metric: str) -> charts.Spec:
    """A dot for each complete trial, and a line at the best so far.

    The axis leaves out what is far worse than most, or one bad trial would flatten all others.
    """
    pick = max if metric in LARGER_IS_BETTER else min
    best: list[float] = []
    for _, value in known:
        best.append(pick(best[-1], value) if best else value)
    ordered = sorted((value for _, value in known), reverse=metric not in LARGER_IS_BETTER)
    ends = sorted((ordered[len(ordered) // 4], best[-1]))
    room = (ends[1] - ends[0]) * 0.15 or abs(ends[0]) * 0.01 or 1.0
    domain = [min(ends[0], *best[len(best) // 4 :]) - room, max(ends[1], *best[len(best) // 4 :]) + room]
    rows = [{"trial": n, "value": of, "best": top} for (n, of), top in zip(known, best, strict=True)]
    scale = {"domain": domain, "zero": False, "nice": True, "clamp": True}
    x = {"field": "trial", "type": "quantitative", "title": "trial", "axis": {"tickMinStep": 1, "tickCount": 6}}
    y = {"type": "quantitative", "title": title, "scale": scale, "axis": {"tickCount": 5}}
    dot = {"type": "point", "filled": True, "size": 28, "opacity": 1, "color": charts.COLOUR["baseline"]}
    line = {"type": "line", "interpolate": "step-after", "strokeWidth": 2.2, "color": charts.COLOUR["model"]}
    return {
        "width": charts.WIDTH,
        "height": 240,
        "data": {"values": rows},
        "layer": [
            {"mark": dot, "encoding": {"x": x, "y": {**y, "field": "value"}}},
            {"mark": line, "encoding": {"x": x, "y": {**y, "field": "best"}}},
        ],
    }


def short(name: str) -> str:
    """A parameter as people call it: its last name."""
    parts = name.split(".")
    return parts[-1] if len(parts) > 1 else name


def _print(
    plan: Plan,
    lines: Sequence[str],
    winner: Winner,
    importance: Mapping[str, float],
    board: Sequence[Mapping[str, Any]],
    written: Sequence[str],
    page: Path,
) -> None:
    print(f"\nsearch {lines[0]}")
    for line in lines[1:]:
        print(f"  {line}")
    for name, value in winner.params.items():
        if name != FAMILY:
            shown = f"{value:.4g}" if isinstance(value, float) else value
            matters = f"   explains {importance[name]:.0%}" if name in importance else ""
            print(f"    {short(name):<22}{shown!s:<12}{matters}")
    if len(board) > 1:
        for row in board:
            shown = words.number(row["value"]) if row["value"] is not None else row["note"] or "no trial finished"
            print(f"    {row['family']:<22}{shown:<12}   {row['trials']} trials")
    print(f"\nwritten    {', '.join(written)}")
    print(f"report     {page.relative_to(ROOT) if page.is_relative_to(ROOT) else page}")
    print(f"next       uv run dvc exp run -S experiment={plan.search.name}    the test part and the gate judge it\n")
