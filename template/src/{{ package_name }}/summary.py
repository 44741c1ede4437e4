"""The last run in a few lines: metrics, gate, report, and what to do next. Standard library only, so it is instant."""

import json
import sys
from pathlib import Path

from .errors import ProjectError, execute

REPORTS = Path("reports")


def main() -> None:
    """Print the summary; refuse if there was no run."""
    try:
        result = json.loads((REPORTS / "evaluation.json").read_text())
        verdicts = json.loads((REPORTS / "gate.json").read_text())
    except FileNotFoundError as error:
        raise ProjectError(f"{error.filename} is missing: `make run` runs the pipeline that writes it") from None
    metric, confidence = result["metric"], result["confidence"]
    bold, green, red, plain = ("\033[1m", "\033[32m", "\033[31m", "\033[0m") if sys.stdout.isatty() else [""] * 4
    print(f"\n{bold}{result['task']} of {result['target']}, on {result['rows']['test']:,} unseen rows{plain}")
    for name, parts in result["models"].items():
        of = parts["test"][metric]
        print(f"  {name:<10}{metric} {of['value']:.4f}   {confidence:.0%} interval {of['low']:.4f} to {of['high']:.4f}")
    broken = [verdict for verdict in verdicts if not verdict["passed"]]
    for verdict in broken:
        print(f"  {red}gate {verdict['rule']} refuses{plain}: {verdict['message']}")
    if not broken:
        print(f"  {green}gate passed{plain}: {len(verdicts)} rules hold")
    print(f"\nreport     {(REPORTS / 'report.html').resolve()}")
    print("next       git add -A && git commit                        keep it: the next report compares with it")
    print("           uv run dvc exp run -S experiment=large_trees    try larger trees; then `make experiments`")
    print("           make help                                       everything else\n")


if __name__ == "__main__":
    execute(main)
