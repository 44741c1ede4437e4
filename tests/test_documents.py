"""Documents that are filled: cards agree with the run, the site builds, the notebook runs, the runbook quotes truly."""

import hashlib
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness import Project, commit, files, render, run

HOSTILE = '<script>alert("x")</script> & {{ 7 * 7 }} `tick`'


def table(text: str, head: str) -> list[list[str]]:
    """The cells of the rows below the line of a table that begins with `head`."""
    lines = iter(text.splitlines())
    next(line for line in lines if line.startswith(f"| {head} "))
    next(lines)
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return rows


def number(text: str) -> float:
    """The first number of a cell."""
    found = re.search(r"[\u2212-]?[\d,]+(\.\d+)?", text)
    assert found, text
    return float(found[0].replace(",", "").replace("\u2212", "-"))


@pytest.mark.project
def test_the_model_card_says_what_the_metrics_say(trained: Project) -> None:
    card = (trained.path / "docs/model_card.md").read_text()
    metrics = trained.json("reports/metrics.json")
    rows = table(card, "metric")
    assert [number(row[1]) for row in rows] == pytest.approx(list(metrics["test"].values()), rel=1e-3, abs=5e-4)
    assert [number(rows[0][2]), number(rows[0][3])] == pytest.approx(
        [*metrics["linear"].values(), *metrics["baseline"].values()], rel=1e-3
    )
    low, high = re.findall(r"\((\S+) to (\S+)\)", rows[0][1])[0]
    assert [float(low), float(high)] == pytest.approx(list(metrics["interval"].values()), rel=1e-3)
    verdicts = [row[1] for row in table(card, "rule")]
    assert verdicts == ["holds" if of["passed"] else "**is broken**" for of in trained.json("reports/gate.json")]


@pytest.mark.project
def test_the_data_card_says_what_the_validation_found(trained: Project) -> None:
    card = (trained.path / "docs/data_card.md").read_text()
    validation = trained.json("reports/validation.json")
    rows = table(card, "column")
    assert [row[0].strip("`") for row in rows] == list(validation["columns"])
    assert f"| Rows | {validation['rows']:,} |" in card
    parts = {row[0]: number(row[1]) for row in table(card, "part")}
    evaluation = trained.json("reports/evaluation.json")
    assert parts["test"] == evaluation["rows"]["test"]


@pytest.mark.project
def test_the_model_card_names_the_file_that_it_speaks_of(trained: Project) -> None:
    digest = hashlib.sha256((trained.path / "models/model/model.onnx").read_bytes()).hexdigest()
    assert f"`{digest}`" in (trained.path / "docs/model_card.md").read_text()


@pytest.mark.project
@pytest.mark.parametrize("trained", ["classification"], indirect=True)
def test_a_card_that_is_stale_or_edited_is_noticed(mine: Project) -> None:
    card = mine.path / "docs/model_card.md"
    card.write_text(card.read_text().replace("0.", "9."))
    params = mine.path / "params.yaml"
    text = params.read_text()
    for said, other in (("seed: 2013", "seed: 1"), ("drop: []", "drop: [temp]"), ("min_rows: ", "min_rows: 1")):
        assert text.count(said) >= 1, said
        text = text.replace(said, other)
    params.write_text(text)
    declaration = mine.path / "data/declaration.json"
    told = declaration.read_text().replace("airport of departure", "where it starts")
    declaration.unlink()  # in the cache it is one file with others' copies
    declaration.write_text(told)
    words = mine.path / "docs/cards/flights/model.md"
    words.write_text(words.read_text() + "\nOne more limit.\n")
    status = json.dumps(json.loads(mine.dvc("status", "--json").stdout)["report"])
    for cause in ("docs/model_card.md", "docs/cards", "data/declaration.json", "seed", "features", "validate"):
        assert f'"{cause}"' in status, cause


def hostile(report: Any) -> Any:
    """The same report with every description and every name of a slice made hostile."""
    if isinstance(report, dict):
        return {
            key: HOSTILE if key == "description" or (key == "value" and isinstance(of, str)) else hostile(of)
            for key, of in report.items()
        }
    return [hostile(of) for of in report] if isinstance(report, list) else report


@pytest.mark.project
@pytest.mark.parametrize("trained", ["classification"], indirect=True)
def test_hostile_words_stay_words_in_report_and_cards(mine: Project) -> None:
    for name in ("evaluation", "validation"):
        path = mine.path / f"reports/{name}.json"
        path.write_text(json.dumps(hostile(json.loads(path.read_text()))))
    params = mine.path / "params.yaml"
    params.write_text(re.sub(r"(?m)^  description: .*(\n    .*)?$", f"  description: '{HOSTILE}'", params.read_text()))
    mine.module("stages.report", "--params")
    page = (mine.path / "reports/report.html").read_text()
    assert "&lt;script&gt;alert(" in page
    assert "<script>alert(" not in page
    assert "{{ 7 * 7 }}" in page
    for name in ("model_card", "data_card"):
        card = (mine.path / f"docs/{name}.md").read_text()
        assert "alert(" in card
        assert "<script" not in re.sub(r"`[^`\n]*`", "", card)
    mine.run("make", "docs")
    for name in ("model_card", "data_card"):
        page = (mine.path / f"site/{name}/index.html").read_text()
        assert "&lt;script&gt;alert(" in page
        assert "<script>alert(" not in page
        assert "&amp;lt;" not in page  # escaped once, not twice
        assert "{{ 7 * 7 }}" in page


@pytest.mark.project
@pytest.mark.parametrize("trained", ["classification"], indirect=True)
def test_the_report_compares_with_the_last_committed_run(mine: Project) -> None:
    path = mine.path / "reports/evaluation.json"
    evaluation = json.loads(path.read_text())
    interval = evaluation["models"]["model"]["test"]["roc_auc"]
    then = interval["value"]
    interval |= {key: of - 0.05 for key, of in interval.items()}
    path.write_text(json.dumps(evaluation))
    mine.module("stages.report", "--params")
    page = re.sub(r"<[^>]+>", "", (mine.path / "reports/report.html").read_text())
    assert f"Worse: ROC AUC was {then:.4f}, now it is {then - 0.05:.4f}." in page


@pytest.mark.project
@pytest.mark.parametrize("trained", ["classification"], indirect=True)
def test_the_site_holds_the_cards_and_the_report_and_fetches_nothing(mine: Project) -> None:
    mine.run("make", "docs")
    assert "0.7784" in (mine.path / "site/model_card/index.html").read_text()
    report = mine.path / "reports/report.html"
    assert (mine.path / "site/report.html").read_bytes() == report.read_bytes()
    for page in (mine.path / "site").rglob("*.html"):
        assert not re.findall(r'<(?:script|link rel="stylesheet")[^>]+(?:src|href)="https?://', page.read_text()), page
    for style in (mine.path / "site").rglob("*.css"):
        assert not re.findall(r"@import|url\(['\"]?https?://", style.read_text()), style
    assert 'href="report.html"' in (mine.path / "site/index.html").read_text()
    assert mine.run("git", "status", "--porcelain").stdout == ""


@pytest.mark.project
def test_a_name_that_looks_like_markup_is_a_name_on_the_site(template: Path, tmp_path: Path) -> None:
    name = "= Tom & <b>Jerry</b> | $5 *off* ~now~"
    path = render(template, tmp_path / "project", project_name=name, package_name="tom")
    for written in ("reports/report.html", "docs/model_card.md", "docs/data_card.md"):
        (path / written).write_text("# As if it had run\n")
    run("make", "docs", cwd=path)
    page = (path / "site/index.html").read_text()
    (heading,) = re.findall(r"<h1[^>]*>(.*?)<a ", page)
    assert "<" not in heading
    assert html.unescape(heading) == name


@pytest.mark.project
@pytest.mark.parametrize("trained", ["classification"], indirect=True)
def test_the_site_refuses_a_broken_link_and_asks_for_a_run(mine: Project) -> None:
    page = mine.path / "docs/index.md"
    page.write_text(page.read_text() + "\n[gone](gone.md)\n")
    done = mine.run("make", "docs", check=False)
    assert done.returncode != 0
    assert "page does not exist" in done.stderr
    (mine.path / "reports/report.html").unlink()
    (mine.path / "docs/report.html").unlink()
    assert "reports/report.html is missing: run `make run` first" in mine.run("make", "docs", check=False).stderr


@pytest.mark.project
def test_the_notebook_runs_without_a_browser(mine: Project) -> None:
    mine.run("make", "notebook-html")
    page = (mine.path / "outputs/explore.html").read_text()
    assert "further" in page  # the title of the first figure
    assert "marimo-error" not in page
    assert mine.run("git", "status", "--porcelain").stdout == ""
    assert mine.run("uv", "run", "--quiet", "--group", "notebooks", "python", "notebooks/explore.py").stdout == ""
    (mine.path / "reports/evaluation.json").unlink()
    assert mine.run("make", "notebook-html", check=False).returncode != 0


# DVC prints it, so a test below sees it do so.
OF_DVC = ["Some of the cache files do not exist neither locally nor on remote"]


def quotes(text: str) -> Iterator[str]:
    """What the runbook quotes as messages of the project."""
    yield from re.findall(r"^> `(.+)`$", text, re.MULTILINE)


def test_every_message_in_the_runbook_is_one_of_the_project(project: Path) -> None:
    written = files(project).items()
    sources = "\n".join(path.read_text() for name, path in written if name == "Makefile" or name.startswith("src/"))
    sources = re.sub(r"\{plain\}", "", sources)
    found = [quote for quote in quotes((project / "docs/runbook.md").read_text()) if quote not in OF_DVC]
    assert len(found) >= 11
    for quote in found:
        parts = [quote] if not quote.startswith("gate ") else [quote.split()[1], " refuses"]
        assert all(part in sources for part in parts), quote


@pytest.mark.project
@pytest.mark.parametrize("trained", ["classification"], indirect=True)
def test_a_pull_of_what_nobody_pushed_says_what_the_runbook_quotes(mine: Project, tmp_path: Path) -> None:
    run("git", "clone", "--quiet", mine.path, tmp_path / "clone", cwd=tmp_path)
    refused = Project(tmp_path / "clone").run("make", "pull", check=False)
    assert refused.returncode != 0
    (quote,) = OF_DVC
    assert quote in refused.stderr
    assert quote in quotes((mine.path / "docs/runbook.md").read_text())


def test_the_commands_that_documents_name_exist(project: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", "".join(p.read_text() for p in project.glob("*.mk")), re.MULTILINE))
    targets |= set(re.findall(r"^([a-z-]+):", (project / "Makefile").read_text(), re.MULTILINE))
    for name in ("README.md", "AGENTS.md", "docs/design.md", "docs/runbook.md"):
        named = set(re.findall(r"`make ([a-z-]+)", (project / name).read_text()))
        assert named - targets == set(), name


@pytest.mark.project
@pytest.mark.parametrize("trained", ["classification"], indirect=True)
def test_the_runbook_rolls_a_commit_back_with_its_model(mine: Project) -> None:
    before = (mine.path / "models/model/model.onnx").read_bytes()
    mine.dvc("exp", "run", "-S", "model.estimator.n_estimators=50")
    assert (mine.path / "models/model/model.onnx").read_bytes() != before
    commit(mine.path)
    text = (mine.path / "docs/runbook.md").read_text()
    (block,) = re.findall(r"^```\n(.+?)^```", text.split("## Roll back")[1], re.MULTILINE | re.DOTALL)
    run("bash", "-e", "-c", block, cwd=mine.path)
    assert (mine.path / "models/model/model.onnx").read_bytes() == before
    assert "up to date" in mine.dvc("status").stdout
