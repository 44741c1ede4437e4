"""`reports/run.json`: how many seconds each stage took when DVC last ran it, and on what.

Times are never the same twice, so the file is no output of a stage, and `dvc.lock` does not know it. It is a metric of
`dvc.yaml`: Git and the commits of experiments hold it, and `dvc exp show` shows it.
"""

import hashlib
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

from .config import ROOT

PATH = "reports/run.json"


def record(stage: str, seconds: float, root: Path = ROOT) -> None:
    """Write down that a stage has run here; whatever is wrong with the file, the run goes on."""
    path = root / PATH
    times = {**read(path).get("seconds", {}), stage: round(seconds, 2)}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"seconds": times, "environment": environment(root)}, indent=1) + "\n")
    except OSError as error:
        print(f"{PATH} is not written: {error}", file=sys.stderr)


def read(path: Path) -> dict[str, Any]:
    """What the file holds; nothing if it is not there or not what `record` writes."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if sound(found) else {}


def sound(found: Any) -> bool:
    """Whether something is a record: seconds by stage."""
    seconds = found.get("seconds") if isinstance(found, dict) else None
    return isinstance(seconds, dict) and all(isinstance(value, int | float) for value in seconds.values())


def environment(root: Path = ROOT) -> dict[str, Any]:
    """Python, machine, number of cores, and the hash of `uv.lock`, the same that `dvc.lock` names."""
    lock = root / "uv.lock"
    return {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "uv.lock": hashlib.md5(lock.read_bytes(), usedforsecurity=False).hexdigest() if lock.exists() else "none",
    }
