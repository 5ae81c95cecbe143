"""Which logs and witnesses a reader trusts, and how many of them must have cosigned: C2SP tlog-policy.

A policy is the reader's own file, never the log's. Read as octets, strictly; every error names its line. A checkpoint meets it if
one of the listed logs signed it (any log, where none is listed) and the quorum cosigned it. Each witness counts once, and a group
or witness is a member of one group at most, so nobody counts twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ledger.checkpoint import Checkpoint
from ledger.errors import LedgerError, Malformed
from ledger.note import ED25519, ED25519_COSIGNATURE, MLDSA44_COSIGNATURE, Note, Vkey, parse_vkey, verified_keys
from ledger.strict import parse_uint

LOG_KINDS: Final = (ED25519, MLDSA44_COSIGNATURE)
WITNESS_KINDS: Final = (ED25519_COSIGNATURE, MLDSA44_COSIGNATURE)
MAX_BYTES: Final = 1 << 20
MOST: Final = 256
"""Logs, witnesses and groups each; the specification asks for 32 at least."""
NONE: Final = b"none"


@dataclass(frozen=True, slots=True)
class Log:
    """A log that the reader accepts; its key's name is its origin."""

    vkey: Vkey
    url: str | None


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness by a name of the policy's own, with the prefix to which checkpoints are submitted, where it is given."""

    vkey: Vkey
    url: str | None


@dataclass(frozen=True, slots=True)
class Group:
    """Has witnessed if at least `threshold` of `members` have."""

    threshold: int
    members: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Cosigned:
    """What a checkpoint's lines amount to: the witnesses whose cosignature holds, whether a listed log signed, and the quorum.

    `witnesses` by the policy's names; `keys` by the names of their keys, each once: two keys of one witness are one.
    """

    witnesses: tuple[str, ...]
    keys: tuple[str, ...]
    log: bool
    met: bool


@dataclass(frozen=True, slots=True)
class WitnessPolicy:
    """A policy, parsed. `quorum` names a witness or group, or is `None` where none is asked for."""

    logs: tuple[Log, ...]
    witnesses: Mapping[bytes, Witness]
    groups: Mapping[bytes, Group]
    quorum: bytes | None

    @property
    def vkeys(self) -> tuple[Vkey, ...]:
        """Every key that it lists: logs', then witnesses'."""
        return (*(log.vkey for log in self.logs), *(witness.vkey for witness in self.witnesses.values()))

    def judge(self, note: Note, checkpoint: Checkpoint) -> Cosigned:
        """What the signature lines of `note` amount to. Raises `Unverified` where a line of a known key does not verify."""
        logs = tuple(log.vkey for log in self.logs)
        signed = verified_keys(note, logs, checkpoint)
        held = set(verified_keys(note, tuple(w.vkey for w in self.witnesses.values()), checkpoint))
        names = {name for name, witness in self.witnesses.items() if witness.vkey in held}
        log = not logs or any(vkey.name == checkpoint.origin for vkey in signed)
        shown = tuple(sorted(name.decode("utf-8", "backslashreplace") for name in names))
        keys = tuple(sorted({self.witnesses[name].vkey.name for name in names}))
        return Cosigned(shown, keys, log, log and (self.quorum is None or self._has_witnessed(self.quorum, names)))

    def _has_witnessed(self, name: bytes, names: set[bytes]) -> bool:
        group = self.groups.get(name)
        if group is None:
            return name in names
        return sum(self._has_witnessed(member, names) for member in group.members) >= group.threshold


class _Reading:
    """A policy being read, line by line: a name is used only behind its definition, so nothing is circular."""

    def __init__(self) -> None:
        self.logs: list[Log] = []
        self.witnesses: dict[bytes, Witness] = {}
        self.groups: dict[bytes, Group] = {}
        self.members: set[bytes] = set()
        self.quorum: list[bytes] = []

    def line(self, words: list[bytes]) -> None:
        """Take one line's words. Raises `Malformed` whose place the caller replaces by the line."""
        match words:
            case [b"log", vkey, *url] if len(url) < 2:
                found = self._vkey(vkey, LOG_KINDS)
                self._once(found, [log.vkey for log in self.logs])
                self.logs.append(Log(found, _url(url)))
            case [b"witness", name, vkey, *url] if len(url) < 2:
                found = self._vkey(vkey, WITNESS_KINDS)
                self._once(found, [w.vkey for w in self.witnesses.values()])
                self.witnesses[self._fresh(name)] = Witness(found, _url(url))
            case [b"group", name, threshold, *members] if members:
                self._group(name, threshold, members)
            case [b"quorum", name]:
                if self.quorum:
                    raise _bad("policy-quorum-twice")
                if name != NONE:
                    self._known(name)
                self.quorum.append(name)
            case _:
                raise _bad("policy-line")

    def _group(self, name: bytes, threshold: bytes, members: list[bytes]) -> None:
        for member in members:
            self._known(member)
            if member in self.members:
                raise _bad("policy-member-twice")
            self.members.add(member)
        self.groups[self._fresh(name)] = Group(_threshold(threshold, len(members)), tuple(members))

    def _known(self, name: bytes) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise _bad("policy-name-unknown")

    def _fresh(self, name: bytes) -> bytes:
        if name == NONE or name in self.witnesses or name in self.groups:
            raise _bad("policy-name-taken")
        return name

    def _vkey(self, text: bytes, kinds: tuple[int, ...]) -> Vkey:
        try:
            found = parse_vkey(text.decode())
        except (LedgerError, UnicodeDecodeError) as err:
            raise _bad("policy-vkey") from err
        if found.kind not in kinds:
            raise _bad("policy-vkey-type")
        return found

    def _once(self, vkey: Vkey, others: list[Vkey]) -> None:
        if any(vkey.public == other.public for other in others):
            raise _bad("policy-key-twice")
        if len(others) >= MOST:
            raise _bad("policy-too-large")


def parse_policy(raw: bytes) -> WitnessPolicy:
    """Read a policy file. Raises `Malformed`, whose place names the line and whose rule begins with `policy-`."""
    if len(raw) > MAX_BYTES:
        raise _bad("policy-too-large")
    if raw and not raw.endswith(b"\n"):
        last = raw.count(b"\n") + 1
        raise Malformed("policy", f"line {last}", "policy-newline")
    reading = _Reading()
    for number, line in enumerate(raw.split(b"\n"), 1):
        try:
            if any((octet < 0x20 and octet != 0x09) or octet == 0x7F for octet in line):
                raise _bad("policy-octet")
            words = [word for word in line.replace(b"\t", b" ").split(b" ") if word]
            if words and not words[0].startswith(b"#"):
                reading.line(words)
        except Malformed as err:
            raise Malformed("policy", f"line {number}", err.rule) from err.__cause__
    if not reading.quorum:
        raise _bad("policy-quorum-missing")
    quorum = None if reading.quorum[0] == NONE else reading.quorum[0]
    return WitnessPolicy(tuple(reading.logs), reading.witnesses, reading.groups, quorum)


def _bad(rule: str) -> Malformed:
    return Malformed("policy", "file", rule)


def _url(words: list[bytes]) -> str | None:
    return words[0].decode("utf-8", "backslashreplace") if words else None


def _threshold(word: bytes, count: int) -> int:
    if word in (b"any", b"all"):
        return 1 if word == b"any" else count
    try:
        found = parse_uint(word.decode("ascii"))
    except (LedgerError, UnicodeDecodeError):
        raise _bad("policy-threshold") from None
    if not 1 <= found <= count:
        raise _bad("policy-threshold")
    return found
