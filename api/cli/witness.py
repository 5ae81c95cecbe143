"""`witness`: cosign checkpoints of logs that one has chosen, each log one history only. `cosign`: ask others to."""

import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from api.cli.check_proof import keys_given, read_policy
from api.cli.options import DEFAULT_DATA, Data, Json
from api.cli.output import answer, emit, say
from api.cosigning import ask_witnesses, witness_transport
from api.serve import bound
from api.session import Session
from api.wiring import opened
from api.witness import Witness, run_witness
from api.witnessed import ALARMS
from auditor.explain import visible
from ledger.errors import Fault
from ledger.note import ED25519_COSIGNATURE


def witness(
    name: Annotated[str, typer.Argument(help="The witness's key name, such as witness.example/one.")],
    log: Annotated[
        list[str], typer.Option(metavar="VKEY", help="A log to witness: its verifier key, or a file with one a line.")
    ],
    folder: Annotated[Path, typer.Option(help="Keys, and the newest checkpoint of each log.")] = Path(
        "holdpoint-witness"
    ),
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8471,
    as_json: Json = False,
) -> None:
    """Run a witness (C2SP tlog-witness). Example: holdpoint witness w.example/one --log log.vkeys"""
    keys = keys_given(log)
    if not keys or any(k.kind == ED25519_COSIGNATURE for k in keys):
        detail = "no verifier key of a log was given" if not keys else "a witness's key is not a log's"
        raise Fault("witness-logs", "failed", detail, "--log VKEY for each key of each log")
    with bound(host, port) as listening, closing(Witness(folder, name, keys)) as running:
        url = f"http://{host}:{listening.getsockname()[1]}/"
        vkeys = [str(v) for v in running.cosigner.vkeys]

        def ready() -> None:
            if as_json:
                emit({"schema": "holdpoint.witness/1", "ok": True, "code": "serving", "details": [url], "vkeys": vkeys})
            else:
                say(f"witnessing {len({k.name for k in keys})} logs on {url}add-checkpoint until SIGTERM; its keys:")
                for vkey in vkeys:
                    say(vkey)
            sys.stdout.flush()

        run_witness(running, listening, ready)


def cosign(
    policy: Annotated[
        Path | None,
        typer.Argument(
            metavar="POLICY", help="A C2SP tlog-policy whose witnesses have URLs; else that of holdpoint.toml."
        ),
    ] = None,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Ask witnesses to cosign the newest checkpoint, and keep what they answer. Example: holdpoint cosign policy"""
    wanted = read_policy(policy)
    with opened(data, policy=wanted) as ledger:
        if ledger.witnessed is None:
            detail = "no policy says whom to ask"
            raise Fault("usage", "failed", detail, "holdpoint cosign POLICY, or [witnesses] policy in holdpoint.toml")
        found = ask_witnesses(ledger, ledger.witnessed.policy, witness_transport)
        alarm = next((a for a in found if a.status in ALARMS), None)
        met = any(a.status == "cosigned" for a in found)
        code = f"witness-{alarm.status}" if alarm else "ok" if met else "witnesses-short"
        details = [{"detail": a.detail, "status": a.status, "witness": a.witness} for a in found]
        if as_json:
            answer("cosign", details, book=Session(ledger), ok=met and alarm is None, code=code)
        else:
            for a in found:
                say(f"{visible(a.witness)}: {a.status}: {visible(a.detail)}")
    raise SystemExit(4 if alarm else 0 if met else 5)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(witness)
    app.command()(cosign)
