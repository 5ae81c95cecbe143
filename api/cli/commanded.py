"""`demo --scenario NAME` where the scenario is told by commands."""

import time
from pathlib import Path

from api.cli.output import emit, say, warn
from api.commanded import Run, read_lines, tell_lines


def demo_commanded(scenario: Path, data: Path, run: Run, *, as_json: bool) -> None:
    """Tell it. Exits 1 where a line did not do what it must."""
    began = time.monotonic()
    lines = read_lines(scenario)
    data.mkdir(parents=True, exist_ok=True)
    tell = warn if as_json else say
    tell(lines.title)
    came = tell_lines(lines, data, run, tell)
    wrong = [c for c in came if c.wrong]
    if as_json:
        rows = [{"command": c.text, "exit": c.code, "wrong": list(c.wrong)} for c in came]
        emit({"schema": "holdpoint.demo/1", "ok": not wrong, "code": "unexpected-answers" if wrong else "told",
              "details": rows, "folder": str(data)})  # fmt: skip
        raise SystemExit(1 if wrong else 0)
    for each in wrong:
        warn(f"NOT AS EXPECTED: {each.text}: {'; '.join(each.wrong)}")
    say(f"\n{len(came) - len(wrong)} of {len(came)} lines did what they must; {time.monotonic() - began:.1f} s")
    say(f"it all stays in {data}: open october.zip's report.html and verify.html, and give the commands yourself")
    if wrong:
        raise SystemExit(1)
