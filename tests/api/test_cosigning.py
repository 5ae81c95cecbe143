"""Witnesses asked by a real ledger: cosignatures arrive in checkpoint, export and bundle; another history gets none."""

from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from api.cosigning import ask_witnesses, cosigned_note
from api.exporting import export
from api.keyring import load_signer
from api.session import Session
from api.transport import Reply
from api.wiring import Ledger, opened
from api.witness import Witness
from auditor.pin import parse_pin
from auditor.proof import witnessed
from auditor.source import folder_reader
from auditor.verdict import VerifyVerdict
from auditor.verify import verify_export
from auditor.witness_policy import WitnessPolicy, parse_policy
from ledger.events import principal
from ledger.note import Vkey, parse_vkey


class Direct:
    """A transport to a real witness in this process."""

    def __init__(self, witness: Witness, seen: list[bytes]) -> None:
        self._witness, self._seen = witness, seen

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        assert (method, path) == ("POST", "/add-checkpoint")
        self._seen.append(body or b"")
        status, media_type, text = self._witness.add_checkpoint(body or b"")
        return Reply(status, {"content-type": media_type}, text.encode())

    def close(self) -> None:
        """Nothing is open."""


def keys_of(ledger: Ledger) -> list[Vkey]:
    return [parse_vkey(v) for v in ledger.appender.state.get("meta", "vkeys")]


def policy_of(ledger: Ledger, *witnesses: Witness) -> WitnessPolicy:
    lines = [f"log {v}" for v in keys_of(ledger)]
    names = []
    for n, w in enumerate(witnesses):
        for k, vkey in enumerate(w.cosigner.vkeys):
            names.append(f"w{n}-{k}")
            lines.append(f"witness w{n}-{k} {vkey} https://w{n}.example")
    text = "\n".join([*lines, f"group all-of-them all {' '.join(names)}", "quorum all-of-them", ""])
    return parse_policy(text.encode())


def connect_to(*witnesses: Witness, seen: list[bytes] | None = None) -> Callable[[str], Direct]:
    by_url = {f"https://w{n}.example": w for n, w in enumerate(witnesses)}
    return lambda url: Direct(by_url[url], [] if seen is None else seen)


def grow(ledger: Ledger, name: str) -> None:
    Session(ledger).say(principal.Registered, {"id": name, "kind": "person", "unit": "u"}, "ledger", "key-admin")


def test_cosignatures_make_an_export_valid(story_folder: Path, tmp_path: Path) -> None:
    engine = load_signer(story_folder / "keys" / "engine.pem")
    with opened(story_folder) as ledger:
        keys = keys_of(ledger)
        with (
            closing(Witness(tmp_path / "a", "w.example/a", keys)) as a,
            closing(Witness(tmp_path / "b", "w.example/b", keys)) as b,
        ):
            policy, connect = policy_of(ledger, a, b), connect_to(a, b)
            pin = parse_pin(Session(ledger).pin())
            assert [x.status for x in ask_witnesses(ledger, policy, connect)] == ["cosigned"] * 2
            assert [x.status for x in ask_witnesses(ledger, policy, connect)] == ["cosigned"] * 2
            grow(ledger, "another")
            seen: list[bytes] = []
            assert [x.status for x in ask_witnesses(ledger, policy, connect_to(a, b, seen=seen))] == ["cosigned"] * 2
            assert all(body.startswith(b"old ") and not body.startswith(b"old 0\n") for body in seen)
            export(ledger, tmp_path / "out", engine)
            size, note = ledger.appender.published
            assert cosigned_note(ledger, size, note).count("w.example/") == 4
    report = verify_export(folder_reader(tmp_path / "out"), pin)
    assert report.verdict is VerifyVerdict.VALID_UNWITNESSED
    assert witnessed(report, policy).verdict is VerifyVerdict.VALID


def test_a_log_that_was_set_back_is_told(story_folder: Path, tmp_path: Path) -> None:
    """The witness has seen more than this copy holds: `ahead`. It has seen another tree of this size: `conflict`."""
    with opened(story_folder) as ledger, closing(Witness(tmp_path / "a", "w.example/a", keys_of(ledger))) as a:
        policy = policy_of(ledger, a)
        size = ledger.appender.size
        kept = tmp_path / "a"
        assert [x.status for x in ask_witnesses(ledger, policy, connect_to(a))] == ["cosigned"]
        (path,) = kept.glob("*/checkpoint")
        lines = path.read_text().split("\n")
        for change, status in ((str(size + 5), "ahead"), (None, "conflict")):
            bent = [*lines]
            bent[1 if change else 2] = change or "A" * 43 + "="
            path.write_text("\n".join(bent))
            assert [x.status for x in ask_witnesses(ledger, policy, connect_to(a))] == [status]
        path.write_text("\n".join(lines))
        grow(ledger, "later")
        assert [x.status for x in ask_witnesses(ledger, policy, connect_to(a))] == ["cosigned"]


def test_others_may_ask_at_the_same_time(story_folder: Path, tmp_path: Path) -> None:
    """The witness moves on along our own history between its 409 and our next try: no alarm, and it cosigns in the end."""
    with opened(story_folder) as ledger, closing(Witness(tmp_path / "a", "w.example/a", keys_of(ledger))) as a:
        policy = policy_of(ledger, a)
        assert [x.status for x in ask_witnesses(ledger, policy, connect_to(a))] == ["cosigned"]
        moved: list[int] = []

        class Busy(Direct):
            def send(
                self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
            ) -> Reply:
                if len(moved) < 2:  # somebody else brings what we sign now, before this request arrives
                    moved.append(ledger.appender.size)
                    grow(ledger, f"newcomer-{len(moved)}")
                    assert [x.status for x in ask_witnesses(ledger, policy, connect_to(a))] == ["cosigned"]
                return super().send(method, path, body, headers)

        assert [x.status for x in ask_witnesses(ledger, policy, lambda _url: Busy(a, []))] == ["cosigned"]
        assert len(moved) == 2


@pytest.mark.parametrize("body", ["", "nonsense\n", "\u2014 w.example/a AAAA\n"])
def test_what_a_witness_answers_is_not_believed(story_folder: Path, tmp_path: Path, body: str) -> None:
    class Lying(Direct):
        def send(self, *_words: object, **_more: object) -> Reply:  # type: ignore[override]  # whatever is asked
            return Reply(200, {}, body.encode())

    with opened(story_folder) as ledger, closing(Witness(tmp_path / "a", "w.example/a", keys_of(ledger))) as a:
        found = ask_witnesses(ledger, policy_of(ledger, a), lambda _url: Lying(a, []))
        assert [x.status for x in found] == ["refused"]
        size, note = ledger.appender.published
        assert cosigned_note(ledger, size, note) == note
