"""`demo --scenario NAME`: tell a scenario, compare its expected answers, export it and verify the export."""

import time
from collections.abc import Callable
from pathlib import Path

from api.cli.commanded import demo_commanded
from api.cli.output import emit, say, warn
from api.commanded import Run
from api.expecting import Answered, compare_answers
from api.exporting import export
from api.handing_over import write_pin
from api.keyring import load_signer
from api.playing import play
from api.scenario import read_answers, read_scenario
from auditor.pin import parse_pin
from auditor.source import folder_reader
from auditor.verdict import Report, VerifyVerdict
from auditor.verify import verify_export
from ledger.errors import Fault

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def scenario_folder(name: str) -> Path:
    """The folder of a scenario of the checkout. Raises `Fault` `not-found`, which names those that there are."""
    folder = EXAMPLES / "scenarios"
    names = sorted(p.parent.name for kind in ("steps", "lines") for p in folder.glob(f"*/{kind}.toml"))
    if name not in names:
        known = ", ".join(names) or "none: run it from a checkout"
        raise Fault("not-found", "failed", f"no scenario {name}", f"one of: {known}")
    return folder / name


def tell_scenario(name: str, data: Path, tell: Callable[[str], None]) -> tuple[list[Answered], Report, int]:
    """Tell it in `data`; returns the compared answers, the verification of its export under its pin, and its size."""
    folder = scenario_folder(name)
    questions = read_answers(folder)
    session = play(read_scenario(folder), folder, data, EXAMPLES / "logs", tell)
    try:
        answered = compare_answers(session, questions)
        write_pin(session.ledger, data / "pin.json")
        export(session.ledger, data / "export", load_signer(data / "keys" / "engine.pem"))
        size = session.ledger.appender.size
    finally:
        session.ledger.close()
    report = verify_export(folder_reader(data / "export"), parse_pin((data / "pin.json").read_bytes()))
    return answered, report, size


def demo_scenario(name: str, data: Path, run: Run, *, as_json: bool) -> None:
    """The command. Exits 1 where an answer is not the expected one or the export does not verify."""
    if (scenario_folder(name) / "lines.toml").is_file():
        demo_commanded(scenario_folder(name), data, run, as_json=as_json)
        return
    began = time.monotonic()
    answered, report, size = tell_scenario(name, data, warn if as_json else say)
    wrong = [a for a in answered if a.wrong]
    told = not wrong and report.verdict is VerifyVerdict.VALID_UNWITNESSED
    if as_json:
        rows = [{"at": a.asked.at, "what": a.asked.what, "came": a.came, "wrong": list(a.wrong)} for a in answered]
        emit({"schema": "holdpoint.demo/1", "ok": told, "code": "told" if told else "unexpected-answers", "details": rows,
              "folder": str(data), "size": size, "verdict": report.verdict.value})  # fmt: skip
        raise SystemExit(0 if told else 1)
    say("\nasked then, answered now, each as of its time:")
    for one in answered:
        say(f"  {one.asked.at[:10]}  {one.came}")
        for text in one.wrong:
            warn(f"              NOT AS EXPECTED: {text}")
    say(f"\n{len(answered) - len(wrong)} of {len(answered)} answers are the expected ones; {size} entries")
    say(f"verify the export, under the pin: {report.verdict} (exit {report.exit_code})")
    say(f"\ndone in {time.monotonic() - began:.1f} s; it all stays in {data}. Go on by hand:")
    for line in by_hand(data):
        say(f"  {line}")
    if not told:
        raise SystemExit(1)


def by_hand(data: Path) -> tuple[str, ...]:
    """Commands that a reader goes on with."""
    return (
        f"holdpoint status model/fictional-two --why --data {data}",
        f"holdpoint decision list --data {data}",
        f"holdpoint obligations --data {data}",
        f"holdpoint verify {data / 'export'} --pin {data / 'pin.json'}",
    )
