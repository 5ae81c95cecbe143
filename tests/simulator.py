"""A fictional lab without a server: keys, a clock, and a log kept as a plain list (style.md §9).

Two ways into the log. `say` goes through admission, as the service does. `slip` is the attacker who holds the log's keys
and the disk: whatever bytes he likes, at the end of the log, in the place that the stream chain wants, under a checkpoint
signed by the real log keys. So what the auditor must refuse by himself is tested without the door ever having been shut.
"""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa

from api.author import Audience, Written, write
from api.founding import ACTIONS, DEV_MEMBERS, ENGINE, KEY_ADMINS, ROOTS, STREAMS, _founding_key
from auditor.pin import Pin, format_pin, parse_pin
from auditor.verdict import Report, VerifyVerdict
from auditor.verify import verify_export
from disclosures.claims import claims_of, sign_claims
from disclosures.export import export_files
from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.committed import index_payload
from ledger.entry import leaf_hash
from ledger.envelope import Envelope, format_envelope, sign_envelope
from ledger.event import Body, Event
from ledger.events import key, ledger, principal, role
from ledger.keys import P256_ORDER, Signer, SoftwareSigner
from ledger.note import LogSigner
from ledger.replay import Problem, Replay
from ledger.strict import format_base64, format_uuid7, micros, shift
from ledger.tile import Edge
from ledger.trust import engine_key
from policies.answer import AsOf
from policies.rules import RULES

BEGIN = "2026-04-07T09:00:00.000000Z"
ORIGIN = "dev/simulated"


def signer(name: str, alg: str = "ed25519") -> SoftwareSigner:
    """A key that follows from its name: the simulated lab is the same in every run."""
    seed = sha256(f"simulated key {name}".encode()).digest()
    if alg == "ecdsa-p256-sha256":
        number = int.from_bytes(seed, "big") % (P256_ORDER - 1) + 1
        return SoftwareSigner(ec.derive_private_key(number, ec.SECP256R1()))
    if alg == "ml-dsa-65":
        return SoftwareSigner(mldsa.MLDSA65PrivateKey.from_seed_bytes(seed))
    return SoftwareSigner(ed25519.Ed25519PrivateKey.from_private_bytes(seed))


def log_signer(name: str, origin: str) -> LogSigner:
    """The log's two keys."""
    seed = sha256(f"simulated log {name}".encode()).digest()
    quantum = mldsa.MLDSA44PrivateKey.from_seed_bytes(seed)
    return LogSigner(origin, ed25519.Ed25519PrivateKey.from_private_bytes(seed), quantum)


def record(of: Signer, who: str, **more: Any) -> dict[str, Any]:
    """The body of `key.registered`."""
    spki = format_base64(of.spki)
    return {"alg": of.alg, "keyid": of.keyid, "principal": who, "spki": spki, "use": "event", **more}


def grant(who: str, what: str, **more: Any) -> dict[str, Any]:
    """The body of `role.granted` with every stream and action."""
    return {"principal": who, "role": what, "streams": list(STREAMS), "actions": list(ACTIONS), **more}


def raw_entry(envelope: bytes, recorded_at: str, previous: str, version: int) -> bytes:
    """An entry around any bytes at all: `ledger.entry` would refuse to write most of what attackers write."""
    place = b'{"previous":"%s","version":%d}' % (previous.encode(), version)
    return b'{"envelope":%s,"recorded_at":"%s","stream":%s}' % (envelope, recorded_at.encode(), place)


class Lab:
    """A founded lab whose log can be forked, added to, and attacked. Every key is in `keys`, by principal."""

    def __init__(self, origin: str = ORIGIN, name: str = "") -> None:
        self.origin, self.time, self.count = origin, BEGIN, 0
        self.log = log_signer(name + origin, origin)
        self.keys: dict[str, Signer] = {n: signer(name + n) for n in (*ROOTS, *KEY_ADMINS, ENGINE)}
        self.entries: list[bytes] = []
        self.heads: dict[str, tuple[int, str]] = {}
        self.replay = Replay(RULES)
        self._found()
        for member in DEV_MEMBERS:
            self.keys[member.id] = signer(name + member.id)
            self.enter(member.id, member.role, self.keys[member.id], kind=member.kind, unit=member.unit)

    def fork(self) -> Self:
        """Another lab with the same past; what happens there stays there."""
        child = object.__new__(type(self))
        child.origin, child.time, child.count, child.log = self.origin, self.time, self.count, self.log
        child.keys, child.entries, child.heads = dict(self.keys), list(self.entries), dict(self.heads)
        old = self.replay
        past, old.state = old.state, old.state.layer()  # from here on neither writes where the other reads
        child.replay = Replay(RULES, old.check, past.layer(), old.size, old.recorded_at)
        return child

    # -- the honest way -----------------------------------------------------------------------------------------------

    def _found(self) -> None:
        body = {
            "development": True,
            "keys": [_founding_key(name, self.keys[name]) for name in sorted(self.keys)],
            "origin": self.origin,
            "root_threshold": 2,
            "rules": "holdpoint-rules/1",
            "vkeys": [str(v) for v in self.log.vkeys],
        }
        self.add(self.write(ledger.Founded, body, "ledger", *self.keys))

    def enter(self, who: str, what: str, own: Signer, *, kind: str = "person", unit: str = "safety") -> None:
        """A principal, its key and its role: three entries."""
        self.say(principal.Registered, {"id": who, "kind": kind, "unit": unit}, "ledger", *KEY_ADMINS)
        self.register(who, own)
        self.say(role.Granted, grant(who, what), "ledger", *KEY_ADMINS)

    def register(self, who: str, own: Signer, **more: Any) -> Event:
        """A key of a known principal, with its proof of possession."""
        self.keys.setdefault(who, own)
        return self.add(self.write(key.Registered, record(own, who, **more), "ledger", *KEY_ADMINS, own))

    @property
    def founding(self) -> str:
        """Leaf hash of entry 0 (hex), empty before it."""
        return leaf_hash(self.entries[0]).hex() if self.entries else ""

    def write(
        self, body_type: type[Body], body: Mapping[str, Any], stream: str, *by: str | Signer, **options: Any
    ) -> Written:
        """A signed statement for this ledger, now, under an event id that follows from a counter."""
        self.count += 1
        options.setdefault("subject", self.replay.state.get("subject", stream))
        rand = sha256(f"{self.origin} {self.count}".encode()).digest()[:10]
        options.setdefault("event_id", format_uuid7(micros(self.time) // 1000, rand))
        signers = [self.keys[b] if isinstance(b, str) else b for b in by]
        audience = options.pop("audience", Audience(self.origin, self.founding))
        return write(body_type, body, audience, stream, signers, self.time, **options)

    def say(self, body_type: type[Body], body: Mapping[str, Any], stream: str, *by: str | Signer, **opts: Any) -> Event:
        """Write and add."""
        return self.add(self.write(body_type, body, stream, *by, **opts))

    def add(self, written: Written) -> Event:
        """Admit, with what is derived; an event that is refused is the test's mistake."""
        event = self._step(written.envelope)
        while self.replay.owed:
            self._step(sign_envelope(self.replay.owed[0], (self.keys[ENGINE],)))
        self.tick()
        return event

    def _step(self, envelope: Envelope) -> Event:
        outcome = self.replay.step(self.slip(format_envelope(envelope)))
        assert not isinstance(outcome, Problem), outcome
        return outcome

    def index_payload(self) -> bytes:
        """What an `index.committed` says here and now."""
        engine = engine_key(self.replay.state, self.time)
        assert engine is not None
        return index_payload(self.replay.state, self.replay.size, self.time, engine)

    def commit_index(self) -> Event:
        """The engine commits to the stream index."""
        event = self._step(sign_envelope(self.index_payload(), (self.keys[ENGINE],)))
        self.tick()
        return event

    def tick(self, seconds: int = 1) -> None:
        """Let time pass."""
        self.time = shift(self.time, seconds=seconds)

    # -- the attacker's way ---------------------------------------------------------------------------------------------

    def slip(self, envelope: bytes, *, stream: str | None = None, **place: Any) -> bytes:
        """Put any bytes at the log's end, without admission; `place` overrides recorded_at, previous, version."""
        name = stream or _stream_of(envelope)
        version, head = self.heads.get(name, (0, ""))
        raw = raw_entry(
            envelope,
            place.get("recorded_at", self.time),
            place.get("previous", head),
            place.get("version", version + 1),
        )
        return self.slip_entry(raw, name)

    def slip_entry(self, raw: bytes, stream: str = "ledger") -> bytes:
        """The same for the bytes of a whole entry."""
        version, _ = self.heads.get(stream, (0, ""))
        self.heads[stream] = (version + 1, leaf_hash(raw).hex())
        self.entries.append(raw)
        return raw

    # -- what a stranger sees -------------------------------------------------------------------------------------------

    def note(self, size: int | None = None) -> str:
        """The checkpoint at `size`, signed by the log's real keys."""
        size = len(self.entries) if size is None else size
        edge, _ = Edge.empty().extend([leaf_hash(e) for e in self.entries[:size]])
        return sign_checkpoint(Checkpoint(self.origin, size, edge.root()), self.log, micros(self.time) // 1_000_000)

    def pin(self, size: int | None = None) -> Pin:
        """A trust file of this log."""
        vkeys = tuple(str(v) for v in self.log.vkeys)
        return parse_pin(format_pin(self.origin, self.founding, vkeys, self.note(size)))

    def export(self) -> dict[str, bytes]:
        """The export's files: real tiles over whatever stands in the log, a real checkpoint, real claims."""
        claims = sign_claims(claims_of(self.replay.state, AsOf(self.replay.size, self.time)), self.keys[ENGINE])
        return dict(export_files(iter(self.entries), len(self.entries), self.note(), claims))

    def verify(self, pin: Pin | None = None) -> Report:
        """What the offline verifier says, under a pin of entry 0 taken before, unless another is given."""
        return verify_export(self.export().get, pin or self.pin(1))

    def finds(
        self,
        code: str,
        index: int | None = None,
        *,
        check: str = "replay",
        verdict: VerifyVerdict = VerifyVerdict.INVALID,
    ) -> None:
        """The verifier refuses: this check, this code, this index (the last entry), and nothing else is wrong before."""
        report = self.verify()
        assert report.verdict is verdict, report.to_json()
        bad = next(c for c in report.checks if c.verdict is verdict)
        at = len(self.entries) - 1 if index is None else index
        assert (bad.name, bad.code, bad.index) == (check, code, at), bad

    def holds(self) -> None:
        """The verifier accepts, under the pin; without one it does not claim more than it can."""
        report = self.verify()
        assert report.verdict is VerifyVerdict.VALID_UNWITNESSED, [
            c for c in report.checks if c.verdict is report.verdict
        ]
        assert verify_export(self.export().get).verdict is VerifyVerdict.UNANCHORED


def _stream_of(envelope: bytes) -> str:
    """The stream that a forged envelope names, read as laxly as an attacker pleases."""
    try:
        payload: dict[str, Any] = json.loads(_payload(envelope))
        return str(payload["predicate"]["stream"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return "ledger"


def _payload(envelope: bytes) -> bytes:
    return base64.b64decode(json.loads(envelope)["payload"])


def signed(payload: bytes, *by: Signer) -> bytes:
    """An envelope over any payload, in normal form: real signatures over what no admission has seen."""
    return format_envelope(sign_envelope(payload, by))


def altered(written: Written, change: Mapping[str, Any], *by: Signer) -> bytes:
    """The statement's bytes with members of its predicate replaced, signed anew."""
    value = json.loads(written.envelope.payload)
    value["predicate"].update(change)
    return signed(dumps_as_is(value), *by)


def dumps_as_is(value: Any) -> bytes:
    """Sorted and compact, without any of the strict reader's checks."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")


def each_bit(data: bytes, every: int = 1) -> Iterator[bytes]:
    """`data` with one bit flipped, for every bit (or every n-th)."""
    for at in range(0, 8 * len(data), every):
        flipped = bytearray(data)
        flipped[at // 8] ^= 1 << at % 8
        yield bytes(flipped)


def sorted_signers(signers: Sequence[Signer]) -> list[Signer]:
    """By key id, as a statement lists them."""
    return sorted(signers, key=lambda s: s.keyid)
