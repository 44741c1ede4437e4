"""The template's own files: settings, registry, ownership, reserved names, paths, docs."""

import configparser
import re
import sys
from pathlib import Path
from typing import Any

import generate
import pytest
import yaml
from checks import misowned, trusted_settings, unportable
from harness import ROOT, choices, copier_yml, files, include, questions, render, run, toml

REGISTRY = include("features.yml")


def test_the_template_asks_nobody_for_trust() -> None:
    assert trusted_settings({**include("ownership.yml"), **copier_yml()}) == []


@pytest.mark.parametrize("setting", ["_tasks", "_jinja_extensions", "_migrations"])
def test_a_setting_that_needs_trust_is_noticed(setting: str) -> None:
    assert trusted_settings({**copier_yml(), setting: ["true"]}) == [setting]


def test_there_are_ten_questions_with_a_default_and_a_help() -> None:
    assert list(questions()) == [
        "project_name",
        "package_name",
        "description",
        "author_name",
        "author_email",
        "license",
        "repository_owner",
        "task",
        "storage",
        "features",
    ]
    assert all({"default", "help", "type"} <= question.keys() for question in questions().values())


def test_the_registry_describes_every_feature_completely() -> None:
    keys = ["id", "title", "help", "default", "requires", "paths", "group", "docs"]
    ids = [feature["id"] for feature in REGISTRY]
    assert ids == list(dict.fromkeys(ids))
    for feature in REGISTRY:
        assert list(feature) == keys, feature
        assert re.fullmatch(r"[a-z][a-z_]*", feature["id"])
        assert feature["help"].endswith(".")
        assert feature["help"].count(". ") == 0, "one sentence"
        assert isinstance(feature["default"], bool)
        assert set(feature["requires"]) <= set(ids) - {feature["id"]}
        assert all(re.fullmatch(r"/(src/\*/)?[^\s*]*[^/\s*]", path) for path in feature["paths"]), "anchored"


def test_a_feature_that_is_on_by_default_requires_only_such_features() -> None:
    on = {feature["id"] for feature in REGISTRY if feature["default"]}
    assert [feature["id"] for feature in REGISTRY if feature["default"] and not set(feature["requires"]) <= on] == []


def test_every_path_of_the_registry_is_rendered(project: Path) -> None:
    paths = [path for feature in REGISTRY for path in feature["paths"] if feature["default"]]
    assert [path for path in paths if not list(project.glob(path.strip("/")))] == []


def test_every_rendered_path_has_one_owner(project: Path) -> None:
    assert misowned(files(project), ownership(project)) == []


def ownership(project: Path) -> list[dict[str, Any]]:
    """The rules that a project carries."""
    return list(yaml.safe_load((project / ".repa/ownership.yml").read_text())["rules"])


def test_a_path_without_an_owner_or_with_two_is_noticed(project: Path) -> None:
    second = {"class": "merged", "why": "", "paths": ["/README.md"]}
    found = misowned(["stray.txt", "README.md", "models/model.onnx"], [*ownership(project), second])
    assert found == [
        "stray.txt: owned by nobody",
        "README.md: owned by ['seeded', 'merged']",
        "models/model.onnx: rendered although a tool writes it",
    ]


def test_every_rule_of_ownership_says_why_and_tells_the_truth(project: Path) -> None:
    for rule in ownership(project):
        assert rule["class"] in {"managed", "seeded", "merged", "generated"}
        assert rule["why"].endswith(".")
        for path in rule["paths"]:
            assert re.fullmatch("!?/.*[^/]", path), "anchored, and without a trailing slash"
            # A seeded path may be one that only its owner fills.
            assert rule["class"] in {"seeded", "generated"} or list(project.glob(path[1:])), path


def test_no_path_breaks_on_windows(template: Path, project: Path) -> None:
    assert unportable(files(template)) == []
    assert unportable(files(project)) == []


@pytest.mark.parametrize("path", ['a"b', "a:b", "what?", "aux.py", "conf/nul", "dot.", "a\\b"])
def test_a_path_that_breaks_on_windows_is_noticed(path: str) -> None:
    assert unportable([path]) == [path]


def test_two_paths_that_differ_in_case_only_are_noticed() -> None:
    assert unportable(["Makefile", "makefile"]) == ["Makefile", "makefile"]


def test_reserved_names_hold_the_standard_library_the_keywords_and_the_dependencies() -> None:
    reserved = {kind: set(names.split()) for kind, names in include("reserved.yml").items()}
    takeable = {name for name in sys.stdlib_module_names if re.fullmatch(r"[a-z][a-z0-9_]{0,29}", name)}
    assert takeable <= reserved["stdlib"]
    assert {"annotationlib", "class", "match", "type"} <= reserved["stdlib"] | reserved["keywords"]
    requirements = {re.sub("-", "_", name) for name in include("versions.yml")["requirements"]}
    assert requirements <= reserved["dependencies"]
    assert {"sklearn", "hydra", "vl_convert", "yaml", "dvc_s3"} <= reserved["dependencies"]


def test_every_storage_but_the_local_folder_has_its_plugin() -> None:
    versions = include("versions.yml")
    assert set(versions["storage_plugins"]) == set(choices("storage")) - {"local"}
    assert set(versions["storage_plugins"].values()) <= set(versions["requirements"])


def test_one_date_and_one_uv_hold_everywhere() -> None:
    versions = include("versions.yml")
    assert f'exclude-newer = "{versions["exclude_newer"]}"' in (ROOT / "pyproject.toml").read_text()
    assert f"uv=={versions['uv']}\n" in (ROOT / "Makefile").read_text()


def test_the_reference_is_generated_from_the_registry_and_the_questions(template: Path) -> None:
    for name, text in generate.pages(template).items():
        assert (ROOT / "docs/reference" / name).read_text() == text, f"run `uv run docs/generate.py` for {name}"


@pytest.mark.parametrize("where", ["", "template"])
def test_editors_keep_to_what_ruff_git_and_make_want(where: str, project: Path) -> None:
    folder = project if where else ROOT
    sections = configparser.ConfigParser()
    sections.read_string("[top]\n" + (folder / ".editorconfig").read_text())
    (python,) = [section for name, section in sections.items() if ".{py" in name]
    (make,) = [section for name, section in sections.items() if name.startswith("{Makefile")]
    assert python["max_line_length"] == str(toml(folder)["tool"]["ruff"]["line-length"])
    assert python["indent_size"] == "4"
    assert make["indent_style"] == "tab"
    assert f"* text=auto eol={sections['*']['end_of_line']}\n" in (folder / ".gitattributes").read_text()


def test_make_lists_every_command() -> None:
    listed = [line.split()[1] for line in run("make", cwd=ROOT).stdout.splitlines()]
    text = (ROOT / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: (.+)$", text, re.MULTILINE)
    assert listed == phony.split()
    assert {"demo", "test", "docs", "release"} <= set(listed)


FORM = {"name", "description", "labels", "body"}
KINDS = {"input", "textarea"}


def form_problems(form: dict[str, Any]) -> list[str]:
    """What GitHub would refuse in the form of an issue."""
    found = [f"unknown key {key}" for key in sorted(form.keys() ^ FORM)]
    ids = [field["id"] for field in form["body"]]
    found += [f"id twice: {name}" for name in sorted({name for name in ids if ids.count(name) > 1})]
    for field in form["body"]:
        found += [] if field["type"] in KINDS else [f"unknown type {field['type']}"]
        found += [] if field["attributes"].get("label") else [f"{field['id']}: no label"]
    return found


def test_the_forms_for_issues_are_what_github_takes(project: Path) -> None:
    forms = sorted((project / ".github/ISSUE_TEMPLATE").iterdir())
    assert [path.name for path in forms] == ["bug.yml", "experiment.yml"]
    for path in forms:
        form = yaml.safe_load(path.read_text())
        assert form_problems(form) == []
        spoilt = {**form, "title": 1, "body": [{**form["body"][0], "type": "text"}, form["body"][0]]}
        assert form_problems(spoilt) == ["unknown key title", f"id twice: {form['body'][0]['id']}", "unknown type text"]


def test_the_owner_of_the_repository_is_asked_to_review(template: Path, tmp_path: Path) -> None:
    project = render(template, tmp_path / "project", repository_owner="the-owner")
    rules = [line for line in (project / ".github/CODEOWNERS").read_text().splitlines() if line[:1] not in ("#", "")]
    assert rules == ["* @the-owner"]
