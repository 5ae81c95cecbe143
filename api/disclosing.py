"""Disclosure bundles of an open ledger: its entries as a builder reads them, what is prepared, what is released.

Prepared bundles wait in `bundles/` of the folder, named by their digest (spec/bundle.md). Nothing is handed out before its
`disclosure.made`, signed by two, is in the log (access.md §6): a crash in between leaves a bundle that nobody has, or an event
whose bundle is here.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib.resources import files as package_files
from pathlib import Path
from typing import Any

from api.cosigning import ask_witnesses, cosigned_note, witness_transport
from api.embargo import shown
from api.handed_over import bundle_path, handed_over, id_of
from api.handing_over import write_synced
from api.timestamping import tokens_at
from api.wiring import Ledger
from auditor.timestamp import parse_token
from disclosures.absence import neighbours
from disclosures.builder import Asked, Log, build_bundle
from disclosures.parts import BundleRequest, Completeness, parse_part
from disclosures.profile import Profile, load_profile, parse_profile
from disclosures.stored_zip import format_zip
from ledger.canonical import dumps
from ledger.checkpoint import read_checkpoint
from ledger.errors import Fault, Malformed
from ledger.keys import Signer
from ledger.state import State
from ledger.store.rows import Stored
from ledger.stream_index import Head
from ledger.tile import TileReader

PAGE = 1000
EARLIER = 64
"""Earlier disclosures to whose checkpoints a bundle proves consistency, the newest first."""
TAGS = ("VERIFY.md", "verify.py", "verify.html")


class LedgerSource:
    """`disclosures.closure.Source` over an open ledger, below `size`; without the bytes of what is suppressed there."""

    def __init__(self, ledger: Ledger, size: int) -> None:
        self._ledger, self._size = ledger, size
        self._state = ledger.appender.state
        self.node = TileReader(lambda level, n: ledger.tile(level, n, size), size)

    def entry(self, index: int) -> bytes:
        """An entry's bytes."""
        (row,) = shown(self._state, self._ledger.desk.read_entries(index, index + 1))
        return row.entry

    def of_stream(self, stream: str) -> Iterator[tuple[int, bytes]]:
        """A stream's entries below the size, in order."""
        rows = shown(self._state, _rows(self._ledger, self._size, stream))
        return ((row.index, row.entry) for row in rows)

    def heads(self, size: int) -> list[Head]:
        """Where each stream ended after `size` entries."""
        found = self._ledger.desk.read_heads(size)
        return [Head(head=leaf.hex(), stream=stream, version=version) for stream, version, leaf in found]

    def disclosures(self, index: int, names: AbstractSet[str]) -> tuple[str, ...]:
        """The field disclosures of these members, out of the vault."""
        return self._ledger.vault.released(index, names)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A bundle that nobody has yet: its zip, the digest that is signed, and the body of its `disclosure.made`. `beside`: names
    of streams that its absence proofs show.
    """

    raw: bytes
    digest: str
    body: dict[str, object]
    beside: tuple[str, ...]

    @property
    def stream(self) -> str:
        """The stream in which it is said that it was made."""
        return f"disclosure/{id_of(self.digest)}"


def shipped_profiles() -> dict[str, Profile]:
    """The profiles that ship with the product, by id."""
    files = (p for p in (package_files("disclosures") / "profiles").iterdir() if p.name.endswith(".toml"))
    found = [load_profile(p.read_text(), p.name) for p in files]
    return {p.id: p for p in sorted(found, key=lambda p: p.id)}


def profile_named(name: str) -> Profile:
    """A profile that ships with the product, by id, or one in a file. Raises `Malformed`, `Fault` `profile-missing`."""
    shipped = shipped_profiles()
    if name in shipped:
        return shipped[name]
    try:
        return _own(load_profile(Path(name).read_text(), name), shipped)
    except (OSError, UnicodeDecodeError) as err:
        remedy = f"name a file, or one of {', '.join(shipped)}"
        raise Fault("profile-missing", "failed", f"no profile {name}", remedy) from err


def profile_given(said: str | dict[str, Any]) -> Profile:
    """A shipped profile by id, or the whole one that was sent: never a file of this machine. Raises as `profile_named`."""
    shipped = shipped_profiles()
    if not isinstance(said, str):
        return _own(parse_profile(said), shipped)
    if said not in shipped:
        remedy = f"name one of {', '.join(shipped)}, or send a whole one"
        raise Fault("profile-missing", "failed", "no profile of that id ships with this release", remedy)
    return shipped[said]


def _own(profile: Profile, shipped: Mapping[str, Profile]) -> Profile:
    """A profile of somebody's own, which may not go by the name of a shipped one: people sign for that name."""
    if shipped.get(profile.id, profile) != profile:
        raise Malformed("profile", profile.id, "profile-id-taken")
    return profile


def prepare(ledger: Ledger, asked: Asked, engine: Signer) -> Prepared:
    """Commit to the stream index where it has moved, build, keep the bundle. Raises `Fault`, and what `build_bundle` does."""
    committed = ledger.commit_index()
    size, note = _shown_at(ledger, committed)
    with ledger.appender.lock:
        state = ledger.appender.state.at(size)
    tokens = tokens_at(ledger, size)
    stamped = {parse_token(path, raw).size for path, raw in tokens.items()}
    log = Log(
        source=LedgerSource(ledger, size), note=note, state=state, committed=committed,
        vkeys=state.get("meta", "vkeys"), founding=ledger.founding, tokens=tokens,
    )  # fmt: skip
    since = (
        *asked.since,
        *_earlier(state),
        *stamped,
        committed,
    )  # the head before this disclosure is what most pins hold
    bundle = build_bundle(log, replace(asked, since=since), engine, carried())
    raw = format_zip(bundle)
    digest = f"sha256:{sha256(raw).hexdigest()}"
    write_synced(bundle_path(ledger.folder, digest), raw, mode=0o600)
    checkpoint, _ = read_checkpoint(note)
    request = parse_part(bundle["data/request.json"], BundleRequest)
    body = {
        "bundle_digest": digest, "checkpoint": {"root": checkpoint.root.hex(), "size": size}, "first": request.first,
        "last": request.last, "profile": asked.profile.id, "recipient": asked.recipient,
    }  # fmt: skip
    write_synced(bundle_path(ledger.folder, digest).with_suffix(".json"), dumps(body), mode=0o600)
    absent = parse_part(bundle["data/completeness.json"], Completeness).absent
    return Prepared(raw, digest, body, neighbours(absent))


def _shown_at(ledger: Ledger, committed: int) -> tuple[int, str]:
    """The newest witnessed checkpoint that holds the commitment, since a bundle can ask nobody later; else the newest one.

    Witnesses are asked at once: the commitment has just moved the log beyond what they cosigned. Silence costs nothing but time.
    """
    told = ledger.witnessed
    if told is not None:
        ask_witnesses(ledger, told.policy, witness_transport)
        size, note = told.newest()
        if size > committed:
            return size, note
    size, note = ledger.appender.published
    return size, cosigned_note(ledger, size, note)


def carried() -> dict[str, bytes]:
    """The verifiers and their instructions, as this release has them."""
    folder = package_files("disclosures") / "static"
    return {name: (folder / name).read_bytes() for name in TAGS}


def released(ledger: Ledger, digest: str) -> tuple[int, bytes]:
    """A bundle whose `disclosure.made` is in the log: the event's index, and the zip. Raises `Fault` `bundle-unreleased`."""
    with ledger.view() as view:
        found = next((h.index for h in handed_over(view.state) if h.bundle_digest == digest), None)
    path = bundle_path(ledger.folder, digest)
    if found is None or not path.is_file():
        detail = f"no disclosure.made in the log releases a bundle {digest} that is kept here"
        raise Fault(
            "bundle-unreleased", "failed", detail, "two disclosers sign it: holdpoint disclose, or event sign --add"
        )
    return found, path.read_bytes()


def _rows(ledger: Ledger, size: int, stream: str) -> Iterator[Stored]:
    """The entries below `size` of a stream, in order, page by page."""
    after = -1
    while True:
        page = ledger.desk.find(after, PAGE, stream=stream)
        yield from (row for row in page if row.index < size)
        if len(page) < PAGE or page[-1].index >= size:
            return
        after = page[-1].index


def _earlier(state: State) -> list[int]:
    """The checkpoints under which something was handed over before: whoever got it can tie this bundle to that one."""
    return sorted({h.checkpoint["size"] for h in handed_over(state)})[-EARLIER:]
