"""What an attacker does to what is handed over: to show that whoever receives it finds out (docs/tutorial).

Two of the kinds hold the engine's key, and one holds the log's: the folder of a development ledger has them all. Nothing here is
of use against a ledger whose keys are elsewhere.
"""

from collections.abc import Callable
from pathlib import Path

from api.keyring import load_log_pairs, load_signer
from auditor.heads import read_head
from auditor.split_view import format_heads
from disclosures.bag import STATEMENT, Statement, bag_files, seal_bag
from disclosures.shown import REPORT, read_shown
from disclosures.stored_zip import Files, format_zip, parse_zip
from ledger.canonical import decode_canonical
from ledger.checkpoint import Checkpoint, read_checkpoint, sign_checkpoint
from ledger.errors import Fault
from ledger.strict import micros

LEFT_OUT = "decision.made"
OTHER_ROOT = bytes(range(32))


def bend(kind: str, source: Path, target: Path, folder: Path) -> str:
    """Write at `target` what the attacker makes of `source`; returns what he did, in words. Raises `Fault` `not-found`."""
    made = KINDS.get(kind)
    if made is None:
        raise Fault("not-found", "failed", f"no way to bend a file: {kind}", f"one of: {', '.join(KINDS)}")
    told, raw = made(source.read_bytes(), folder)
    target.write_bytes(raw)
    return f"{told}: {target.name}"


def _flip(raw: bytes, _folder: Path) -> tuple[str, bytes]:
    bent = bytearray(raw)
    bent[len(bent) // 2] ^= 1
    return "an outsider flips one bit", bytes(bent)


def _left_out(files: Files) -> dict[str, bytes]:
    """The first decision gone, with its proof and disclosures."""
    index = next(e.index for e in read_shown(files).entries if e.type == LEFT_OUT)
    return {
        p: c
        for p, c in files.items()
        if not p.startswith("data/") or p.rpartition("/")[2].partition(".")[0] != str(index)
    }


def _outsider(raw: bytes, _folder: Path) -> tuple[str, bytes]:
    files = _left_out(parse_zip(raw))
    payload = {p: c for p, c in files.items() if p.startswith("data/")}
    tags = {p: files[p] for p in files if p.startswith(("VERIFY", "verify"))}
    kept = {p: files[p] for p in (STATEMENT, "bundle.sig")}
    return "an outsider leaves a decision out and writes the manifests anew", format_zip(
        {**bag_files(payload, tags), **kept}
    )


def _insider(raw: bytes, folder: Path) -> tuple[str, bytes]:
    return "the lab itself leaves the decision out and signs anew", _sealed(_left_out(parse_zip(raw)), folder)


def _report(raw: bytes, folder: Path) -> tuple[str, bytes]:
    files = dict(parse_zip(raw))
    files[REPORT] = files[REPORT].replace(b"</main>", b"<p>Nothing was withheld.</p></main>")
    return "the lab itself adds a sentence to the report and signs anew", _sealed(files, folder)


def _sealed(files: Files, folder: Path) -> bytes:
    """The bag made anew, and signed by the engine's real key."""
    said = decode_canonical(files[STATEMENT], Statement, max_bytes=len(files[STATEMENT])).predicate
    payload = {p: c for p, c in files.items() if p.startswith("data/")}
    tags = {p: files[p] for p in files if p.startswith(("VERIFY", "verify"))}
    return format_zip(seal_bag(bag_files(payload, tags), said, load_signer(folder / "ledger/keys/engine.pem")))


def _split(raw: bytes, folder: Path) -> tuple[str, bytes]:
    """A second head of one size, by the log's own keys; and what convicts it."""
    head, _ = read_checkpoint(raw.decode())
    (log,) = load_log_pairs(folder / "ledger/keys", head.origin)
    other = sign_checkpoint(
        Checkpoint(head.origin, head.size, OTHER_ROOT), log, micros("2026-04-07T09:00:00.000000Z") // 1_000_000
    )
    heads = [read_head(note, log.vkeys) for note in (raw.decode(), other)]
    return "the log signs a second history, and two readers put both heads together", format_heads(
        heads[0], heads[1], log.vkeys
    )


KINDS: dict[str, Callable[[bytes, Path], tuple[str, bytes]]] = {
    "flip": _flip, "leave-out": _outsider, "leave-out-and-sign": _insider, "report-and-sign": _report, "split": _split,
}  # fmt: skip
