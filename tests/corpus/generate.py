"""`make corpus`: make every case anew, compare with the table, write the files, and ask all verifiers but the browser.

`--renew` writes the table (`cases.json`) and the signatures that are made by chance; run again, it leaves no difference.
"""

import argparse
import json
import sys
import tempfile
from contextlib import redirect_stdout
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any

from api.cli.main import main as holdpoint
from tests.corpus.case import FOLDER, KEPT, kept
from tests.corpus.judge import alone, command, library, row, said, trust_file, vkeys
from tests.corpus.listed import CASES

TABLE = FOLDER / "cases.json"
ENDING = {"bundle": "zip", "checkpoint": "note", "export": "zip", "proof": "tlog-proof", "split": "split.json"}


def table() -> list[dict[str, Any]]:
    """A row per case, in order of their names."""
    made = ((case, case.make()) for _, case in sorted(CASES.items()))
    return [row(case, raw, sha256(raw).hexdigest()) for case, raw in made]


def pretty(value: Any) -> str:
    """JSON for people."""
    return json.dumps(value, indent=1, sort_keys=True) + "\n"


def run(words: list[str]) -> tuple[int, Any]:
    """Exit code and JSON of a command."""
    out = StringIO()
    try:
        with redirect_stdout(out):
            holdpoint(words)
    except SystemExit as done:
        return (done.code if isinstance(done.code, int) else 1), json.loads(out.getvalue())
    return 0, json.loads(out.getvalue())


def judged(name: str, raw: bytes) -> list[str]:
    """What is not as the table says."""
    case = CASES[name]
    verdict, codes = said(library(case, raw))
    wrong = [] if (verdict, case.code in codes) == (case.verdict, True) else [f"library: {verdict} {sorted(codes)}"]
    if case.kind == "bundle" and (other := alone(case, raw)) != (case.alone or case.verdict):
        wrong.append(f"verify.py: {other}")
    with tempfile.TemporaryDirectory() as folder:
        code, report = run(command(case, raw, Path(folder)))
        if report["verdict"] != case.verdict or code == 0:
            wrong.append(f"command: {report['verdict']}, exit {code}")
    return wrong


def write(folder: Path) -> None:
    """The files, the table, and what a verifier is given beside them: trust files, keys, an entry."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, case in CASES.items():
        (folder / f"{name}.{ENDING[case.kind]}").write_bytes(case.make())
    for size in sorted({case.pin for case in CASES.values()} - {0}):
        (folder / f"pin-{size}.json").write_bytes(trust_file(size))
    (folder / "log.vkeys").write_text("\n".join(vkeys()) + "\n")
    (folder / "cases.json").write_text(TABLE.read_text())


def main() -> int:
    """Make, compare, judge. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="tests.corpus.generate", description=__doc__)
    parser.add_argument("--renew", action="store_true", help="write the table")
    parser.add_argument("--out", type=Path, help="a folder for the files, for whoever writes another verifier")
    asked = parser.parse_args()
    found = table()
    if asked.renew:
        TABLE.write_text(pretty(found))
        KEPT.write_text(pretty(kept()))
    bad = 0 if TABLE.read_text() == pretty(found) else 1
    if bad:
        sys.stderr.write("the corpus is not what cases.json says: see what changed, then --renew\n")
    if asked.out is not None:
        write(asked.out)
    for name in sorted(CASES):
        wrong = judged(name, CASES[name].make())
        bad += bool(wrong)
        sys.stdout.write(f"{'WRONG' if wrong else 'ok':<6}{name:<48}{CASES[name].verdict:<12}{'; '.join(wrong)}\n")
    sys.stdout.write(f"{len(CASES)} cases, {bad} wrong\n")
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
