"""`demo`, `dev`, `init`, `migrate`, `doctor`."""

import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer

from api.cli.options import DEFAULT_DATA, Data, Json
from api.cli.output import answer, emit, say, warn
from api.cli.scenarios import demo_scenario
from api.config import read_config
from api.database import open_database
from api.doctor import examine
from api.founding import DEV_MEMBERS, admit_members, found
from api.handing_over import write_pin
from api.session import Session
from api.story import tell_story
from api.tamper import KINDS, tampered_copy
from auditor.explain import visible
from auditor.verdict import VerifyVerdict
from ledger.errors import Fault
from ledger.store.migrate import roles_sql
from ledger.strict import parse_origin

V = VerifyVerdict
EXPECTED = (V.VALID_UNWITNESSED, V.UNANCHORED, V.INVALID, V.INVALID, V.DIVERGED)


def logs_folder() -> Path:
    """The example logs of the checkout."""
    folder = Path(__file__).resolve().parents[2] / "examples" / "logs"
    if not folder.is_dir():
        raise Fault("examples-missing", "failed", "the example logs are not here", "run the demo from a checkout")
    return folder


def demo(
    data: Annotated[Path | None, typer.Option("--data", help="Keep everything in this (new) folder.")] = None,
    tamper: Annotated[str | None, typer.Option(help=f"Also a tampered copy of its export: {', '.join(KINDS)}.")] = None,
    scenario: Annotated[str | None, typer.Option(help="Another story: withheld (two years), disclosure.")] = None,
    as_json: Json = False,
) -> None:
    """Tell the whole story: a fictional lab, from log file to verified answer. Example: holdpoint demo --data demo"""
    folder = data if data is not None else Path(tempfile.mkdtemp(prefix="holdpoint-demo-")) / "ledger"
    if scenario is not None:
        from api.cli.main import main  # noqa: PLC0415  # it imports this module

        demo_scenario(scenario, folder, main, as_json=as_json)
        return
    if tamper is not None:
        _tamper(folder, tamper, as_json=as_json)
        return
    began = time.monotonic()
    results = tell_story(folder, logs_folder(), warn if as_json else say)
    told = tuple(report.verdict for _, report in results) == EXPECTED
    if as_json:
        whole = results[0][1].to_json()
        rows = [{"name": n, "verdict": r.verdict.value, "exit": r.exit_code} for n, r in results]
        emit({"schema": "holdpoint.demo/1", "ok": told, "code": "told" if told else "unexpected-verdicts",
              "details": rows, "folder": str(folder), "checkpoint": whole["checkpoint"]})  # fmt: skip
        raise SystemExit(0 if told else 1)
    say("")
    for name, report in results:
        worst = next(c for c in report.checks if c.verdict is report.verdict)
        detail = "" if report.exit_code == 0 else f": {worst.detail}"
        say(f"verify {name}: {report.verdict} (exit {report.exit_code}){detail}")
    say(f"\ndone in {time.monotonic() - began:.1f} s; it all stays in {folder}. Go on by hand:")
    say(f"  holdpoint gate model/fictional-one external_deploy --data {folder}")
    say(f"  holdpoint history model/fictional-one --data {folder}")
    say(f"  holdpoint verify {folder / 'export'} --pin {folder / 'pin.json'}")
    if not told:
        warn("the verdicts are not the expected ones")
        raise SystemExit(1)


def _tamper(folder: Path, kind: str, *, as_json: bool) -> None:
    """A scratch copy that lies, and the commands that show it; tells the story first where there is none."""
    if kind not in KINDS:
        raise Fault("usage", "failed", f"no tampering {kind}", f"one of {', '.join(KINDS)}")
    if not (folder / "export" / "checkpoint").is_file():
        tell_story(folder, logs_folder(), warn)
    copy = tampered_copy(folder, kind)
    if as_json:
        answer("demo", [str(copy)], code="tampered", pin=str(folder / "pin.json"))
        return
    say(f"a scratch copy that lies ({kind}): {copy}. Find it out:")
    say(f"  holdpoint verify {copy} --pin {folder / 'pin.json'}")
    say(f"  holdpoint verify {copy}")


def dev(
    data: Data = DEFAULT_DATA,
    name: Annotated[str, typer.Option(help="After dev/ in the origin.")] = "lab",
    as_json: Json = False,
) -> None:
    """Found a development ledger with a key per role. Example: holdpoint dev --data lab"""
    ledger = found(data, f"dev/{name}")
    try:
        admit_members(ledger)
        write_pin(ledger, data / "pin.json")
        book = Session(ledger)
        if as_json:
            answer("dev", [m.id for m in DEV_MEMBERS], book=book, code="founded", founding=ledger.founding)
            return
        say(f"founded dev/{name} in {data}: {ledger.appender.size} entries; keys in {data / 'keys'}")
        say("DEVELOPMENT: all keys lie in this folder. Sign with --as ROLE (evaluator, assessor, approver-1, …)")
        say(
            f"the trust file is {data / 'pin.json'}; next: holdpoint framework publish anthropic-rsp-2.2 --adopt --data {data}"
        )
    finally:
        ledger.close()


def init(
    origin: Annotated[str, typer.Argument(help="The ledger's identity line, such as lab.example/holdpoint.")] = "",
    data: Data = DEFAULT_DATA,
    database: Annotated[str | None, typer.Option("--database", help="Conninfo of a server, without password.")] = None,
    print_sql: Annotated[bool, typer.Option("--print-sql", help="Print the roles as SQL, do nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Found a ledger. Example: holdpoint init lab.example/holdpoint --data ledger"""
    if print_sql:
        if as_json:
            answer("init", [roles_sql()], code="print-sql")
        else:
            say(roles_sql())
        return
    if not origin:
        raise Fault(
            "flags-missing", "failed", "no origin given", "holdpoint init ORIGIN, such as lab.example/holdpoint"
        )
    ledger = found(data, parse_origin(origin), database=database)
    try:
        write_pin(ledger, data / "pin.json")
        if as_json:
            answer("init", [str(data)], book=Session(ledger), code="founded", founding=ledger.founding)
            return
        say(f"founded {origin} in {data}; entry 0 is {ledger.founding}")
        say(
            f"move {data / 'keys'}/root-*.pem offline now; keep {data / 'anchor'} and {data / 'pin.json'} somewhere else"
        )
    finally:
        ledger.close()


def migrate_(
    data: Data = DEFAULT_DATA,
    url: Annotated[str | None, typer.Option("--database", help="Conninfo.")] = None,
    as_json: Json = False,
) -> None:
    """Apply missing migrations. Example: holdpoint migrate --data ledger"""
    conninfo = url if url is not None else read_config(data).database
    with open_database(data, conninfo, say=warn) as database:
        applied = database.migrate()
    if as_json:
        answer("migrate", list(applied), code="applied" if applied else "nothing-to-apply")
    else:
        say("applied " + ", ".join(applied) if applied else "nothing to apply")


def doctor(data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """Say what is wrong and how to mend it. Example: holdpoint doctor --data ledger"""
    found_ = examine(data)
    bad = any(item.colour == "red" for item in found_)
    if as_json:
        details = [{"check": i.name, "colour": i.colour, "detail": i.detail, "remedy": i.remedy} for i in found_]
        answer("doctor", details, ok=not bad, code="red" if bad else "ok")
    else:
        for item in found_:
            text = f"{item.colour:<6} {item.name}: {item.detail}"
            say(visible(text) + (f"\n       {visible(item.remedy)}" if item.remedy else ""))
    raise SystemExit(1 if bad else 0)


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    app.command()(demo)
    app.command()(dev)
    app.command()(init)
    app.command("migrate")(migrate_)
    app.command()(doctor)
