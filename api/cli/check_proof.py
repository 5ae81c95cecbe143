"""`verify-proof`, `verify-checkpoint`: any C2SP tlog-proof, COSE receipt or checkpoint, under keys and a policy of one's own."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from api.book import readable
from api.cli.options import Json
from api.cli.output import emit, say
from auditor.cose_proof import Public, check_cose, is_cose
from auditor.explain import report_text
from auditor.proof import check_checkpoint, check_proof, raised
from auditor.verdict import Check, Report, VerifyVerdict
from auditor.witness_policy import WitnessPolicy, parse_policy
from disclosures.cose_receipt import ALGORITHMS, ISSUER
from ledger.checkpoint import Checkpoint
from ledger.errors import Malformed
from ledger.keys import load_public
from ledger.note import Vkey, decode_note, parse_vkey

Keys = Annotated[
    list[str] | None,
    typer.Option("--key", metavar="VKEY", help="A verifier key of the log, or a file with one a line."),
]
Policy = Annotated[Path | None, typer.Option("--policy", help="A C2SP tlog-policy: logs, witnesses, quorum.")]
LIMITS = (
    "that a claim is true, or that everything was recorded: a proof shows that an entry is in a signed tree",
    "that the log showed others the same tree, beyond what the policy's witnesses cosigned",
)


def verify_proof(
    proof: Annotated[
        Path, typer.Argument(metavar="FILE", help="A c2sp.org/tlog-proof@v1, or a COSE receipt (RFC 9942).")
    ],
    key: Keys = None,
    entry: Annotated[Path | None, typer.Option(help="The entry's bytes.")] = None,
    policy: Policy = None,
    as_json: Json = False,
) -> None:
    """Check a proof, ours or another log's.

    Example: holdpoint verify-proof receipts/0.tlog-proof --key log.vkeys --entry entry.json
    """
    raw, content = readable(proof), None if entry is None else readable(entry)
    if is_cose(raw):
        found, checks = check_cose(raw, [_public(Path(text)) for text in key or ()], content)
        said = None if found is None else Checkpoint(str(found.claims.get(ISSUER, "")), found.size, found.root)
        _show(said, checks, as_json=as_json)
    text = decode_note(raw)
    _show(*check_proof(text, keys_given(key), content, read_policy(policy)), as_json=as_json)


def verify_checkpoint(
    checkpoint: Annotated[Path, typer.Argument(metavar="FILE", help="A signed checkpoint.")],
    key: Keys = None,
    policy: Policy = None,
    as_json: Json = False,
) -> None:
    """Check a signed checkpoint with its cosignatures. Example: holdpoint verify-checkpoint checkpoint --key log.vkeys"""
    note = decode_note(readable(checkpoint))
    _show(*check_checkpoint(note, keys_given(key), read_policy(policy)), as_json=as_json)


def read_policy(path: Path | None) -> WitnessPolicy | None:
    """A policy file. Raises `Malformed`, `Fault` `file-unreadable`."""
    return None if path is None else parse_policy(readable(path))


def keys_given(given: Sequence[str] | None) -> tuple[Vkey, ...]:
    """Keys as given: each a verifier key, or a file with one a line."""
    found: list[Vkey] = []
    for text in given or ():
        path = Path(text)
        lines = decode_note(readable(path)).splitlines() if "+" not in text or path.is_file() else [text]
        found += [parse_vkey(line.strip()) for line in lines if line.strip()]
    return tuple(found)


def _public(path: Path) -> Public:
    """A public key in PEM, for a COSE receipt. Raises `Malformed` `key-form`, `Fault` `file-unreadable`."""
    try:
        spki = load_pem_public_key(readable(path)).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, UnsupportedAlgorithm) as err:
        raise Malformed("key", f"{path}: no public key in PEM", "key-form") from err
    for alg in ALGORITHMS:
        try:
            load_public(spki, alg)
        except Malformed:
            continue
        return spki, alg
    raise Malformed("key", f"{path}: not one of {', '.join(ALGORITHMS)}", "key-form")


def _show(checkpoint: Checkpoint | None, checks: list[Check], *, as_json: bool) -> NoReturn:
    """Say what was proven and what not, and leave with the verdict's code."""
    if any(c.verdict is VerifyVerdict.VALID for c in checks):
        checks = [*raised(checks)]
    head = checkpoint or Checkpoint("", 0, b"")
    report = Report(tuple(checks), head.origin, head.size, head.root, notes=LIMITS)
    if as_json:
        emit(report.to_json())
    else:
        say(report_text(report))
    raise SystemExit(report.exit_code)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("verify-proof")(verify_proof)
    app.command("verify-checkpoint")(verify_checkpoint)
