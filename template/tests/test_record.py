"""What is written down of a run: how long each stage took, and where."""

import hashlib
import json
from pathlib import Path

import pytest

from . import record


def test_each_stage_adds_its_time_and_keeps_those_of_the_others(tmp_path: Path) -> None:
    (tmp_path / "uv.lock").write_text("locked")
    for stage, seconds in (("train", 5.0), ("evaluate", 2.0), ("train", 4.256)):
        record.record(stage, seconds, tmp_path)
    found = record.read(tmp_path / record.PATH)
    assert found["seconds"] == {"train": 4.26, "evaluate": 2.0}
    assert found["environment"]["cores"] >= 1
    assert found["environment"]["uv.lock"] == hashlib.md5(b"locked").hexdigest()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"seconds": 3}', '{"seconds": {"train": "long"}}', "\ud800"])
def test_a_damaged_record_is_begun_anew(text: str, tmp_path: Path) -> None:
    path = tmp_path / record.PATH
    path.parent.mkdir()
    path.write_text(text, errors="surrogatepass")
    record.record("train", 1.0, tmp_path)
    assert json.loads(path.read_text())["seconds"] == {"train": 1.0}


def test_a_record_that_cannot_be_written_stops_nothing_and_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / record.PATH).mkdir(parents=True)
    record.record("train", 1.0, tmp_path)
    assert "reports/run.json is not written" in capsys.readouterr().err
