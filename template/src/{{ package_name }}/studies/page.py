"""The page of the studies: one self-contained file, a verdict a study first, then what it rests on."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..config import Config
from ..run import Files
from .settings import of, start

QUESTIONS = {
    "staleness": "How often to train anew?",
    "learning": "Would more rows help?",
    "ablation": "Which inputs earn their place?",
    "seeds": "How much is luck?",
    "threshold": "When to act on a prediction?",
    "fairness": "Are groups served alike?",
    "privacy": "Does it give anyone away?",
}


def render(config: Config, results: Mapping[str, Mapping[str, Any]]) -> str:
    """The whole page as HTML, the same bytes for the same results."""
    from ..report import words
    from ..report.page import environment
    from . import figures, staleness

    pages = environment(Path(__file__).parent)
    pages.filters["span"] = staleness.span
    drawn = {
        name: vars(figures)[name](config, result) if result["applies"] and name in vars(figures) else []
        for name, result in results.items()
    }
    return pages.get_template("studies.html").render(
        config=config,
        settings=of(config),
        results=results,
        questions=QUESTIONS,
        figures=drawn,
        unit=words.unit(config),
    )


def run(config: Config, files: Files) -> None:
    """Write `reports/studies.html`."""
    results = {}
    for name in QUESTIONS:
        result = json.loads(files.read(f"studies/results/{name}.json").read_text(encoding="utf-8"))
        results[name] = {key: _numbers(value) if key != "chosen" else value for key, value in result.items()}
    target = files.write("reports/studies.html")
    target.write_text(render(config, results), encoding="utf-8")
    print(f"page: {target}")


def _numbers(value: Any) -> Any:
    """What could not be computed as nan, which charts and words know how to show."""
    if isinstance(value, dict):
        return {
            key: float("nan") if part is None and key in ("value", "low", "high", "gap") else _numbers(part)
            for key, part in value.items()
        }
    return [_numbers(part) for part in value] if isinstance(value, list) else value


if __name__ == "__main__":
    start(run)
