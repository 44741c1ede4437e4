"""What people may answer, and what becomes of it."""

import re
from pathlib import Path
from typing import Any

import pytest
from checks import problems
from harness import answers, render, toml
from markdown_it import MarkdownIt

HOSTILE = [
    'say "hi"',
    "it's",
    "back\\slash \\n \\u0041 \\",
    "# hash",
    "key: value",
    "{{ 7 * 7 }} {% raw %} {# no #} }} %}",
    "${oops} $HOME `id` $(id)",
    "emoji 🛫 and 🧑‍🚀",
    "Élan vital à Łódź, größer",
    "日本の遅延",
    "decomposed e\u0301",
    "- leading dash",
    "* star *emphasis* _under_",
    "<script>alert(1)</script> &amp; <!-- x",
    "[link](x) ![image](y) | cell",
    "> quote",
    "1. list",
    "+ plus",
    "=====",
    "~~~",
    "% percent %s %(name)s",
    "@at !bang ?ask",
    "'''",
    '"""',
    "3.10",
    "1e3",
    "null",
    "true",
    "yes",
    "~",
    "2024-01-01",
    "0o17",
    "a" * 300,
    "  spaces around  ",
    "nul.txt",
    "Polars",
    "class",
    "json",
    "2024 flights",
    "...",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_any_human_text_arrives_unharmed(text: str, template: Path, tmp_path: Path) -> None:
    project = render(template, tmp_path / "project", project_name=text, description=text, author_name=text)
    assert problems(project) == []
    recorded = answers(project)
    assert [recorded[name] for name in ("project_name", "description", "author_name")] == [text] * 3
    metadata = toml(project)["project"]
    assert metadata["description"] == text
    assert metadata["authors"] == [{"name": text.strip()}]
    assert f"Copyright (c) {text.strip()}\n" in (project / "LICENSE").read_text()
    title, paragraph = [token for token in MarkdownIt().parse((project / "README.md").read_text()) if token.children][
        :2
    ]
    assert (title.type, text_of(title)) == ("inline", text.strip())
    assert text_of(paragraph) == text.strip()
    assert (project / "src" / recorded["package_name"]).is_dir()


def text_of(token: Any) -> str:
    """The text that a reader sees; anything but plain text fails."""
    assert {child.type for child in token.children} <= {"text", "text_special"}, token.content
    return "".join(child.content for child in token.children)


@pytest.mark.parametrize(
    ("project_name", "package_name"),
    [
        ("Flight delays", "flight_delays"),
        ("Vols d'été à Łódź", "vols_d_ete_a_lodz"),
        ("Straße e\u0301", "strasse_e"),
        ("Polars", "polars_project"),
        ("class", "class_project"),
        ("JSON", "json_project"),
        ("scikit-learn", "scikit_learn_project"),
        ("Tests", "tests_project"),
        ("2024 flights", "project_2024_flights"),
        ("日本", "project"),
        ("Google Cloud Storage Control", "google_cloud_storage_c_project"),
        ("x" * 29 + " y", "x" * 29),
    ],
)
def test_the_package_name_follows_from_the_project_name(
    project_name: str, package_name: str, template: Path, tmp_path: Path
) -> None:
    project = render(template, tmp_path / "project", project_name=project_name)
    assert answers(project)["package_name"] == package_name
    assert package_name.isidentifier()
    assert toml(project)["tool"]["uv"]["build-backend"]["module-name"] == package_name


@pytest.mark.parametrize(
    ("question", "answer", "sentence"),
    [
        ("package_name", "Flight-Delays", "'Flight-Delays' is no package name: use lower-case ASCII letters"),
        ("package_name", "1st", "such as 'project_1st'."),
        ("package_name", "flights_", "is no package name"),
        ("package_name", "été", "such as 'ete'."),
        ("package_name", "", "such as 'project'."),
        ("package_name", "flights\n", "is no package name"),
        ("package_name", "x" * 31, "has 31 characters: use at most 30"),
        ("package_name", "lambda", "is a keyword of Python: use another name, such as 'lambda_project'."),
        ("package_name", "match", "is a keyword of Python"),
        ("package_name", "email", "is a module of Python's standard library"),
        ("package_name", "distutils", "is a module of Python's standard library"),
        ("package_name", "annotationlib", "is a module of Python's standard library"),
        ("package_name", "sklearn", "is a package that the project installs"),
        ("package_name", "scikit_learn", "is a package that the project installs"),
        ("package_name", "yes", "is a word that YAML takes for true, false or nothing"),
        ("package_name", "tests", "is a folder of the project or of Python's tools"),
        ("project_name", "  ", "The name is empty: write at least one visible character."),
        ("project_name", "two\nlines", "The name contains a line break or a control character"),
        ("description", "bell\a", "The description contains a line break"),
        ("description", "next\u0085line", "The description contains a line break"),
        ("description", "separated\u2028lines", "The description contains a line break"),
        ("author_name", "", "The author is empty"),
        ("author_email", "nobody", "'nobody' is no e-mail address: write one such as name@example.org"),
        ("author_email", "a b@example.org", "is no e-mail address"),
        ("author_email", "a@example.org\n", "is no e-mail address"),
        ("repository_owner", "-dash", "'-dash' is no GitHub user or organisation: use at most 39 letters"),
        ("repository_owner", "two--dashes", "such as 'two-dashes'."),
        ("repository_owner", "x" * 40, "is no GitHub user or organisation"),
        ("license", "GPL", "'GPL' is not in ['MIT', 'BSD-3-Clause', 'Apache-2.0', 'Proprietary']"),
        ("task", "clustering", "'clustering' is not in ['classification', 'regression']"),
        ("storage", "ftp", "'ftp' is not in ['local', 's3', 'gcs', 'azure', 'ssh']"),
        ("features", ["teleport"], "'teleport' is not in ['container'"),
    ],
)
def test_a_bad_answer_is_refused_with_a_sentence_that_says_what_would_do(
    question: str, answer: Any, sentence: str, template: Path, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)) as refusal:
        render(template, tmp_path / "project", **{question: answer})
    assert len(str(refusal.value).splitlines()) == 1 or "\n" in answer
    assert not (tmp_path / "project").exists()
