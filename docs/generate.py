"""Writes the reference pages that follow from copier.yml and the feature registry: `uv run docs/generate.py`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from copier import Settings, run_copy
from jinja2 import Environment

HERE = Path(__file__).parent
NOTE = "<!-- Written by docs/generate.py: change copier.yml or includes/features.yml instead. -->\n\n"


def pages(template: Path) -> dict[str, str]:
    """The text of each generated page by its name in docs/reference."""
    worker = run_copy(str(template), "unused", defaults=True, pretend=True, quiet=True, settings=Settings())
    answers = dict(worker.answers.combined)
    settings = worker.template.questions_data.items()
    asked = {name: question for name, question in settings if question.get("when") is not False}
    registry = yaml.safe_load((template / "includes/features.yml").read_text())
    asked["features"]["choices"] = [feature["id"] for feature in registry]
    rows = [
        (f"`{name}`", filled(question["help"], answers), choices(question), code(answers[name]))
        for name, question in asked.items()
    ]
    return {
        "questions.md": f"{NOTE}# Questions\n\nHelp and defaults as they are before you change an answer.\n\n"
        + table(("question", "what it asks", "answers", "default"), rows),
        "features.md": f"{NOTE}# Features\n\n"
        + table(("feature", "what you get", "default", "requires", "renders"), [row(feature) for feature in registry]),
    }


def filled(help_text: str, answers: dict[str, Any]) -> str:
    """The help as a person sees it who accepts every default."""
    return Environment(autoescape=False).from_string(help_text).render(answers)


def choices(question: dict[str, Any]) -> str:
    """The answers that a question accepts."""
    values = [choice[1] if isinstance(choice, list) else choice for choice in question.get("choices", [])]
    return ("any of " if question.get("multiselect") else "") + code(values) if values else "text"


def code(answer: str | list[str]) -> str:
    """An answer as code, or a word for none."""
    return ", ".join(f"`{part}`" for part in ([answer] if isinstance(answer, str) else answer) if part) or "empty"


def row(feature: dict[str, Any]) -> tuple[str, ...]:
    """What the table of features says about one."""
    title = f"[{feature['title']}](../{feature['docs']}) (`{feature['id']}`)"
    paths = ", ".join(f"`{path.lstrip('/')}`" for path in feature["paths"])
    return title, feature["help"], "on" if feature["default"] else "off", ", ".join(feature["requires"]) or "—", paths


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


if __name__ == "__main__":
    for name, text in pages(HERE.parent).items():
        (HERE / "reference" / name).write_text(text)
