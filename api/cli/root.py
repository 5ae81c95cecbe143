"""`root rotate`, `log rotate`, `rules adopt`, `freeze`, `restore-note`, `entry suppress`: what the root's quorum alone may say.

Each writes a statement and says in words what it does; nothing is signed or sent. Root keys lie offline, on several machines:
`event sign FILE --out ENVELOPE`, then `event sign ENVELOPE --add` on each, then `event post ENVELOPE`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from api.author import statement_of
from api.book import Book, RefusedError, readable
from api.cli.events import CommonKeys, keyid_named
from api.cli.options import Json, with_book
from api.cli.output import answer, say
from api.cli.root_words import root_words
from api.cli.signing import pairs_of
from api.handing_over import write_synced
from api.keyring import ALGS, load_log_pair, load_signer
from api.search import Sought
from auditor.explain import visible
from ledger.errors import Fault
from ledger.event import Body
from ledger.events import entry, ledger, log, root, rules
from ledger.keys import alg_of, keyid_of
from ledger.place import KnownEntry
from ledger.reasons import Reason, Refused
from ledger.root import PAIR, suppressible
from ledger.state import State
from ledger.strict import format_base64
from ledger.trust import KeyLife, Principal

Out = Annotated[Path, typer.Option("--out", help="The statement to write; nothing is signed yet.")]
Why = Annotated[str, typer.Option("--reason", help="Why, in a sentence that everybody may read.")]


def _draft(
    book: Book, kind: type[Body], body: dict[str, Any], out: Path, signers: Sequence[str], *, as_json: bool
) -> None:
    """Write the statement, say in words what it does, and who has to sign it next."""
    if not signers:
        raise Fault("flags-missing", "failed", "a statement names its signers", "give --signer once for each root key")
    keyids = sorted({keyid_named(book, s) for s in signers})
    state = book.known()
    threshold = state.get("meta", "root_threshold")
    owners = {life.record.principal for k in keyids if (life := _root_life(state, k)) is not None}
    if len(owners) < threshold:
        detail = (
            f"{kind.event.name} needs {threshold} root principals; of the keys named, root keys of {len(owners)} are"
        )
        raise Fault("signatures-missing", "failed", detail, "give --signer once for each root key that will sign")
    draft = book.draft(kind, body, "ledger", keyids)
    said = statement_of(draft.payload).predicate.body
    write_synced(out, draft.payload)
    words = root_words(said)
    if as_json:
        answer(
            kind.event.name.replace(".", "-"), [str(out)], book=book, digest=draft.digest, signers=keyids, words=words
        )
        return
    for line in (f"{kind.event.name}, from the entry's next index on:", *words, f"statement digest {draft.digest}"):
        say(visible(line))
    say(
        f"{out}: to be signed by {', '.join(k[:16] for k in keyids)}, each: holdpoint event sign {out} --out FILE --key KEY"
    )


def _root_life(state: State, keyid: str) -> KeyLife | None:
    life: KeyLife | None = state.get("key", keyid)
    return life if life is not None and life.record.use == "root" and life.revoked_at is None else None


def _public(path: Path) -> tuple[bytes, str]:
    """SubjectPublicKeyInfo and algorithm of a public or private PEM file: whoever drafts needs no private key of others."""
    raw = readable(path)
    if b"PUBLIC KEY" not in raw:
        signer = load_signer(path)
        return signer.spki, signer.alg
    try:
        public = load_pem_public_key(raw)
    except ValueError as err:
        raise Fault("key-file-malformed", "failed", f"{path.name} is no public key", "bring the right file") from err
    alg = alg_of(public)
    if alg is None:
        raise Fault(
            "alg-unknown", "failed", f"{path.name} is of an algorithm that no ledger takes", f"one of {', '.join(ALGS)}"
        )
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), alg


def _kept(state: State, drop: Sequence[str]) -> list[dict[str, Any]]:
    """The root keys that stay, exactly as they were entered."""
    lives: list[KeyLife] = [state.get("key", k) for k in state.get("meta", "roots")]
    owners = {life.record.principal for life in lives}
    strange = sorted(set(drop) - owners)
    if strange:
        remedy = f"one of {', '.join(sorted(owners))}"
        raise Fault("signer-missing", "failed", f"{strange[0]} has no root key", remedy)
    kept = (life.record for life in lives if life.record.principal not in drop)
    return [_key(state, record.principal, record.spki, record.alg) for record in kept]


def _key(state: State, who: str, spki: bytes, alg: str) -> dict[str, Any]:
    known: Principal | None = state.get("principal", who)
    kind, unit = ("person", "root") if known is None else (known.kind, known.unit)
    return {"alg": alg, "keyid": keyid_of(spki), "kind": kind, "principal": who, "spki": format_base64(spki), "unit": unit,
            "use": "root"}  # fmt: skip


@with_book
def root_rotate(
    book: Book,
    out: Out,
    new: Annotated[
        list[str] | None, typer.Option("--new", help="PRINCIPAL=FILE: a new root key, public or private PEM.")
    ] = None,
    drop: Annotated[list[str] | None, typer.Option("--drop", help="A principal whose root key ends.")] = None,
    threshold: Annotated[
        int | None, typer.Option(min=1, help="How many principals must sign; default: as now.")
    ] = None,
    signers: CommonKeys = None,
    as_json: Json = False,
) -> None:
    """Draft another set of root keys; the new ones sign too. Example: holdpoint root rotate --drop root-3 --new \
root-4=reviewer-1.pem --signer root-1 --signer root-2 --out root.json"""
    state = book.known()
    keys = _kept(state, drop or ())
    fresh = [_key(state, who, *_public(Path(path))) for who, path in pairs_of("--new", new or ()).items()]
    if not fresh and not drop and threshold is None:
        raise Fault(
            "flags-missing", "failed", "nothing would change", "--new PRINCIPAL=FILE, --drop PRINCIPAL, --threshold N"
        )
    body = {
        "keys": sorted([*keys, *fresh], key=lambda k: k["keyid"]),
        "root_threshold": threshold or state.get("meta", "root_threshold"),
    }
    named = list(signers or ())
    _draft(book, root.Rotated, body, out, [*named, *(k["keyid"] for k in fresh)] if named else [], as_json=as_json)


@with_book
def log_rotate(
    book: Book,
    out: Out,
    pair: Annotated[str | None, typer.Option(help="The new pair's NAME in keys/ (keys new-log NAME).")] = None,
    vkey: Annotated[
        list[str] | None, typer.Option(help="A verifier key of the new pair, where its files are elsewhere.")
    ] = None,
    finish: Annotated[
        bool, typer.Option("--finish", help="End an overlap: the pair that it brought signs alone.")
    ] = False,
    compromised_above: Annotated[
        int | None, typer.Option(min=1, help="The old pair is stolen: the last size that it signed honestly.")
    ] = None,
    signers: CommonKeys = None,
    as_json: Json = False,
) -> None:
    """Draft a change of the log's own keys: both pairs, later --finish. Example: holdpoint log rotate --pair 2027 \
--signer root-1 --signer root-2 --out log.json"""
    history = book.known().get("meta", "vkeys_history")
    now: tuple[str, ...] = history[-1][1]
    if finish:
        if pair is not None or vkey or compromised_above is not None:
            detail = "--finish names no pair: it leaves the one that the overlap brought"
            raise Fault(
                "usage", "failed", detail, "give --finish alone; of a stolen pair, the new pair and no --finish"
            )
        if len(now) == len(PAIR):
            raise Fault("flags-missing", "failed", "no overlap has begun", "without --finish, and with the new pair")
        vkeys = [v for v in now if v not in set(history[-2][1])]
        body: dict[str, Any] = {"vkeys": vkeys}
    else:
        new = _new_pair(book, pair, vkey or ())
        body = (
            {"vkeys": [*now, *new]}
            if compromised_above is None
            else {"last_good_size": compromised_above, "vkeys": new}
        )
    _draft(book, log.Rotated, body, out, signers or (), as_json=as_json)


def _new_pair(book: Book, pair: str | None, vkeys: Sequence[str]) -> list[str]:
    if (pair is None) == (not vkeys):
        raise Fault(
            "flags-missing", "failed", "which pair?", "make one: holdpoint keys new-log NAME; then --pair NAME alone"
        )
    if pair is None:
        return list(vkeys)
    return [str(v) for v in load_log_pair(book.folder / "keys", book.audience.origin, pair).vkeys]


@with_book
def rules_adopt(
    book: Book,
    version: Annotated[str, typer.Argument(help="holdpoint-rules/N, a greater number than the one in force.")],
    out: Out,
    signers: CommonKeys = None,
    as_json: Json = False,
) -> None:
    """Draft the adoption of other rules. Example: holdpoint rules adopt holdpoint-rules/2 --signer root-1 --signer root-2 \
--out rules.json"""
    _draft(book, rules.Adopted, {"rules": version}, out, signers or (), as_json=as_json)


@with_book
def freeze(book: Book, out: Out, reason: Why, signers: CommonKeys = None, as_json: Json = False) -> None:
    """Draft a freeze: only the root speaks until restore-note. Example: holdpoint freeze --reason 'keys may be stolen' \
--signer root-1 --signer root-2 --out freeze.json"""
    _draft(book, ledger.Frozen, {"reason": reason}, out, signers or (), as_json=as_json)


@with_book
def restore_note(book: Book, out: Out, reason: Why, signers: CommonKeys = None, as_json: Json = False) -> None:
    """Draft the end of a freeze, or the note of a restore, at the newest checkpoint. Example: holdpoint restore-note \
--reason 'keys were not stolen' --signer root-1 --signer root-2 --out restored.json"""
    head = book.checkpoint()
    body = {"reason": reason, "root": head["root"], "size": head["size"]}
    _draft(book, ledger.Restored, body, out, signers or (), as_json=as_json)


@with_book
def entry_suppress(
    book: Book,
    index: Annotated[int, typer.Argument(min=0, help="The entry's index.")],
    out: Out,
    ground: Annotated[str, typer.Option(help="The legal or security ground; never the datum itself.")],
    signers: CommonKeys = None,
    as_json: Json = False,
) -> None:
    """Draft an embargo on one entry, the last resort. Example: holdpoint entry suppress 57 --ground 'personal data' \
--signer root-1 --signer root-2 --out suppress.json"""
    known = _known(book, index)
    if not suppressible(known.type):
        detail = f"entry {index} is a {known.type}: without it nobody could replay admission, or see what was decided"
        raise RefusedError(Refused(Reason.NOT_SUPPRESSIBLE, detail))
    body = {"ground": ground, "index": index, "leaf": known.leaf, "stream": known.stream, "type": known.type,
            "version": known.version}  # fmt: skip
    _draft(book, entry.Suppressed, body, out, signers or (), as_json=as_json)


def _known(book: Book, index: int) -> KnownEntry:
    """The entry as the log names it: from what is known here, else from the list of entries."""
    known: KnownEntry | None = book.known().get("entry", str(index))
    if known is not None:
        return known
    line = next(iter(book.page(Sought(), index - 1, 1)), None)
    if line is None or line.index != index:
        raise Fault("index-beyond-head", "failed", f"there is no entry {index}", "ask for an index below the size")
    return KnownEntry(line.index, line.leaf, line.stream, line.version, line.type)


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    for name, text, command in (
        ("root", "The root's keys: rotate.", (("rotate", root_rotate),)),
        ("log", "The log's own keys: rotate.", (("rotate", log_rotate),)),
        ("rules", "The rules of admission: adopt.", (("adopt", rules_adopt),)),
        ("entry", "One entry: suppress.", (("suppress", entry_suppress),)),
    ):
        group = typer.Typer(help=text, no_args_is_help=True)
        for verb, run in command:
            group.command(verb)(run)
        app.add_typer(group, name=name)
    app.command("freeze")(freeze)
    app.command("restore-note")(restore_note)
