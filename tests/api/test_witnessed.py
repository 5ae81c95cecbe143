"""The newest witnessed checkpoint: receipts stand under it, an address serves it, and appends wait for it where told to."""

import json
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from api import witnessed as module
from api.config import read_config
from api.cosigning import Cosigning, ask_witnesses, cosigned_note
from api.disclosing import _shown_at
from api.doctor import _witnesses
from api.exporting import export
from api.keyring import load_log_pairs, load_signer
from api.session import Session
from api.transport import Reply
from api.wiring import Ledger, open_ledger, opened
from api.witness import Witness
from api.witnessed import Asked, read_answers
from auditor.proof import check_checkpoint
from auditor.verdict import VerifyVerdict
from auditor.witness_policy import WitnessPolicy
from ledger.checkpoint import read_checkpoint
from ledger.errors import Fault
from ledger.events import principal
from ledger.note import Vkey
from ledger.receipt import check_receipt, parse_receipt
from tests.api.asker import Asker
from tests.api.test_cosigning import Direct, connect_to, grow, keys_of


def policy_text(keys: Sequence[Vkey], *witnesses: Witness) -> str:
    lines = [f"log {v}" for v in keys]
    lines += [f"witness w{n} {w.cosigner.vkeys[0]} https://w{n}.example" for n, w in enumerate(witnesses)]
    names = " ".join(f"w{n}" for n in range(len(witnesses)))
    return "\n".join([*lines, f"group both all {names}", "quorum both", ""])


@contextmanager
def witnessing(folder: Path, tmp_path: Path, *, require: bool = False) -> Iterator[tuple[Ledger, Witness, Witness]]:
    """A ledger whose `holdpoint.toml` names two witnesses, both of which have to cosign."""
    (pair,) = load_log_pairs(folder / "keys", read_config(folder).origin)
    keys = list(pair.vkeys)
    with (
        closing(Witness(tmp_path / "a", "w.example/a", keys)) as a,
        closing(Witness(tmp_path / "b", "w.example/b", keys)) as b,
    ):
        text = policy_text(keys, a, b)
    (folder / "witness.policy").write_text(text)
    with (folder / "holdpoint.toml").open("a") as config:
        config.write(f'[witnesses]\npolicy = "witness.policy"\ninterval = 1\nrequire = {str(require).lower()}\n')
    with (
        closing(Witness(tmp_path / "a", "w.example/a", keys)) as a, closing(Witness(tmp_path / "b", "w.example/b", keys)) as b,
        opened(folder) as ledger,
    ):  # fmt: skip
        yield ledger, a, b


def told(ledger: Ledger) -> module.Witnessed:
    assert ledger.witnessed is not None
    return ledger.witnessed


def policy_of(ledger: Ledger) -> WitnessPolicy:
    return told(ledger).policy


def witnessed_by(note: str, policy: WitnessPolicy) -> bool:
    return check_checkpoint(note, [], policy)[1][-1].verdict is VerifyVerdict.VALID


def test_a_receipt_asked_for_again_has_gained(story_folder: Path, tmp_path: Path) -> None:
    with witnessing(story_folder, tmp_path) as (ledger, a, b):
        asker = Asker(ledger)
        first = asker.ask("/v1/entries/3/receipt").json()
        assert first["witnessed"] is False
        assert asker.ask("/log/checkpoint.witnessed").status_code == 404
        assert ask_witnesses(ledger, policy_of(ledger), connect_to(a, b))[0].status == "cosigned"
        size = ledger.appender.size
        grow(ledger, "later")
        again = asker.ask("/v1/entries/3/receipt").json()
        assert again["witnessed"] is True
        assert {k: first[k] for k in ("index", "leaf", "recorded_at", "entry")} == {
            k: again[k] for k in ("index", "leaf", "recorded_at", "entry")
        }
        text = asker.ask("/v1/entries/3/receipt", headers={"accept": "text/plain"}).text
        assert text == again["receipt"]
        note = parse_receipt(text).note
        assert read_checkpoint(note)[0].size == size < ledger.appender.size
        assert witnessed_by(note, policy_of(ledger))
        raw, local = Session(ledger).entry(3)
        assert local == text
        assert check_receipt(local, raw, keys_of(ledger), ledger.origin).size == size
        assert asker.ask("/log/checkpoint.witnessed").text == note
        # What no witness has seen stands under the newest checkpoint, and so does what a reader's pin asks for.
        newest = asker.ask(f"/v1/entries/{size}/receipt").json()
        assert newest["witnessed"] is False
        assert read_checkpoint(parse_receipt(newest["receipt"]).note)[0].size == ledger.appender.size
        pinned = asker.ask(f"/v1/entries/3/receipt?least={size + 1}").json()
        assert read_checkpoint(parse_receipt(pinned["receipt"]).note)[0].size == ledger.appender.size
        assert asker.ask(f"/v1/entries/3/receipt?least={size}").json()["receipt"] == text
    # It is kept: another process gives the same one.
    with opened(story_folder) as ledger:
        assert ledger.upgraded(3)[1] == text


def test_one_of_two_is_no_quorum(story_folder: Path, tmp_path: Path) -> None:
    class Dead(Direct):
        def send(self, *_words: object, **_more: object) -> Reply:  # type: ignore[override]  # whatever is asked
            raise Fault("server-unreachable", "unknown", "nobody there", "wait")

    with witnessing(story_folder, tmp_path) as (ledger, a, b):
        alive = connect_to(a, b)
        found = ask_witnesses(ledger, policy_of(ledger), lambda url: Dead(b, []) if "w1" in url else alive(url))
        assert [x.status for x in found] == ["cosigned", "unreachable"]
        assert told(ledger).newest() == (0, "")
        assert Asker(ledger).ask("/log/checkpoint.witnessed").status_code == 404
        # The other one comes later, for the same size: it counts.
        ask_witnesses(ledger, policy_of(ledger), connect_to(a, b))
        assert told(ledger).newest()[0] == ledger.appender.size


def test_rows_that_somebody_altered_say_nothing(story_folder: Path, tmp_path: Path) -> None:
    with witnessing(story_folder, tmp_path) as (ledger, a, b):
        ask_witnesses(ledger, policy_of(ledger), connect_to(a, b))
        size, note = ledger.appender.published
        lines = ledger.desk.read_cosignatures(size)
        bent = [lines[0][:-12] + ("A" if lines[0][-12] != "A" else "B") + lines[0][-11:], lines[1]]  # of the signature
        shown = told(ledger).with_lines(note, bent)
        assert shown.count("w.example/") == 1, (
            "a line of a known key that does not verify would make readers refuse the note"
        )
        assert cosigned_note(ledger, size, note).count("w.example/") == 2
        told(ledger)._desk.read_note = lambda _size: note.replace(note.split("\n")[2], "A" * 43 + "=")  # type: ignore[method-assign]  # a bent row
        told(ledger)._newest, told(ledger)._judged = (0, ""), {}
        assert told(ledger).newest() == (0, "")


def test_metrics_and_answers_are_kept(story_folder: Path, tmp_path: Path) -> None:
    with witnessing(story_folder, tmp_path) as (ledger, a, b):
        asker = Asker(ledger)

        def metric(name: str) -> float:
            (found,) = re.findall(rf"^holdpoint_{re.escape(name)} (\S+)$", asker.ask("/metrics").text, re.MULTILINE)
            return float(found)

        assert metric("unwitnessed_seconds") > 0
        ask_witnesses(ledger, policy_of(ledger), connect_to(a, b))
        assert metric("unwitnessed_seconds") == 0
        grow(ledger, "one-more")
        assert 0 < metric("unwitnessed_seconds") < 1e9
        assert metric('witness_answers_total{status="cosigned",witness="w0"}') == 1
        assert [(x.witness, x.status) for x in read_answers(ledger.folder)] == [("w0", "cosigned"), ("w1", "cosigned")]


@pytest.mark.parametrize(("status", "code"), [(409, "ahead"), (422, "conflict")])
def test_a_possible_fork_is_an_alarm_until_that_witness_cosigns(
    story_folder: Path, tmp_path: Path, status: int, code: str
) -> None:
    class Elsewhere(Direct):
        def send(self, *_words: object, **_more: object) -> Reply:  # type: ignore[override]  # whatever is asked
            return Reply(status, {}, b"999999\n")

    with witnessing(story_folder, tmp_path) as (ledger, a, b):
        said: list[str] = []
        config = read_config(story_folder)
        told(ledger).every = 0.02
        alive = connect_to(a, b)
        running = Cosigning(
            ledger, told(ledger), lambda url: Elsewhere(a, []) if "w0" in url else alive(url), said.append
        )
        until = time.monotonic() + 20
        while len(read_answers(story_folder)) < 2 and time.monotonic() < until:
            time.sleep(0.02)
        running.close()
        assert [s.split(": ")[:3] for s in said] == [["ALARM", "witness w0", code]]
        (item,) = [i for i in _witnesses(story_folder, config) if i.colour == "red"]
        assert code in item.detail
        assert "diverged.md" in item.remedy
        assert f'holdpoint_witness_answers_total{{status="{code}",witness="w0"}}' in ledger.measures.text().decode()
        grow(ledger, "appends-go-on")
        ask_witnesses(ledger, policy_of(ledger), alive)
        assert [i.colour for i in _witnesses(story_folder, config)] == ["green"]


def test_a_witness_that_is_asked_no_more_vouches_for_nothing(story_folder: Path, tmp_path: Path) -> None:
    with witnessing(story_folder, tmp_path) as (ledger, a, b):
        config, policy = read_config(story_folder), story_folder / "witness.policy"
        ask_witnesses(ledger, policy_of(ledger), connect_to(a, b))
        policy.write_text(policy.read_text().replace(" w1", " other"))
        (item,) = _witnesses(story_folder, config)
        assert (item.colour, item.detail) == ("amber", "other: not asked so far")
        policy.write_text(
            "\n".join(x for x in policy.read_text().splitlines() if " other" not in x and not x.startswith("quorum"))
            + "\nquorum w0\n"
        )
        assert [i.colour for i in _witnesses(story_folder, config)] == ["green"]


def test_appends_wait_where_told_to(story_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounded: committed and not cosigned in time is `unknown`, and the same statement gets its receipt later; then nothing is taken."""
    monkeypatch.setattr(module, "WAIT_SECONDS", 1.5)
    monkeypatch.setattr("api.ingest.WAIT_SECONDS", 1.5)
    with witnessing(story_folder, tmp_path, require=True) as (ledger, a, b):
        asker, alive, silent = Asker(ledger), connect_to(a, b), threading.Event()

        class Quiet(Direct):
            def send(
                self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
            ) -> Reply:
                if silent.is_set():
                    raise Fault("server-unreachable", "unknown", "nobody there", "wait")
                return super().send(method, path, body, headers)

        quiet = {"https://w0.example": Quiet(a, []), "https://w1.example": Quiet(b, [])}
        author = Session(ledger)

        def post(name: str) -> tuple[int, dict[str, object], bytes]:
            said = {"id": name, "kind": "person", "unit": "u"}
            wire = author.write(principal.Registered, said, "ledger", author.signers("key-admin", 2)).wire()
            answer = asker.ask("/v1/entries", "POST", content=wire, headers={"content-type": "application/json"})
            return answer.status_code, answer.json(), wire

        running = Cosigning(ledger, told(ledger), quiet.__getitem__, lambda _text: None)
        try:
            until = time.monotonic() + 20
            while told(ledger).size < ledger.appender.size and time.monotonic() < until:
                time.sleep(0.02)
            status, body, _ = post("first")
            assert status == 201, body
            assert witnessed_by(parse_receipt(str(body["receipt"])).note, policy_of(ledger))
            silent.set()
            before = ledger.appender.size
            status, body, wire = post("second")
            assert (status, body["reason"], body["retryable"]) == (503, "unwitnessed", True)
            assert "event_id" in body
            assert ledger.appender.size == before + 1, "it is committed"
            time.sleep(0.3)
            status, body, _ = post("third")
            assert (status, body["reason"]) == (503, "unwitnessed")
            assert ledger.appender.size == before + 1, "while the quorum is missing, nothing more is taken"
            ready = asker.ask("/readyz?for=writes")
            assert (ready.status_code, ready.json()["parts"]["witnesses"][:11]) == (503, "unwitnessed")
            assert asker.ask("/readyz").status_code == 200, "reads go on"
            silent.clear()
            until = time.monotonic() + 20
            while told(ledger).size <= before and time.monotonic() < until:
                time.sleep(0.05)
            answer = asker.ask("/v1/entries", "POST", content=wire, headers={"content-type": "application/json"})
            assert (answer.status_code, answer.json()["index"]) == (200, before)
            assert witnessed_by(parse_receipt(answer.json()["receipt"]).note, policy_of(ledger))
        finally:
            running.close()
        # A command that has the ledger open asks by itself.
        author.connect = alive  # type: ignore[method-assign]  # real witnesses, without a socket
        posted = author.say(
            principal.Registered, {"id": "fourth", "kind": "person", "unit": "u"}, "ledger", "key-admin"
        )
        assert witnessed_by(parse_receipt(posted.receipt).note, policy_of(ledger))
        silent.set()
        author.connect = quiet.__getitem__  # type: ignore[method-assign]  # the same, silent
        with pytest.raises(Fault) as caught:
            author.say(principal.Registered, {"id": "fifth", "kind": "person", "unit": "u"}, "ledger", "key-admin")
        assert (caught.value.code, caught.value.outcome) == ("unwitnessed", "unknown")
        assert (story_folder / "receipts" / f"{ledger.appender.size - 1}.tlog-proof").is_file()


def test_a_reader_may_wait(story_folder: Path, tmp_path: Path) -> None:
    with witnessing(story_folder, tmp_path) as (ledger, a, b):
        asker = Asker(ledger)
        plain = asker.ask("/v1/entries/3/receipt", headers={"prefer": "wait=nothing"})
        assert "preference-applied" not in plain.headers
        later = threading.Timer(0.3, lambda: ask_witnesses(ledger, policy_of(ledger), connect_to(a, b)))
        later.start()
        answer = asker.ask("/v1/entries/3/receipt", headers={"prefer": "respond-async, wait=10"})
        later.join()
        assert (answer.headers["preference-applied"], answer.json()["witnessed"]) == ("wait=10", True)


def test_a_bundle_takes_the_newest_witnessed_checkpoint(
    story_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with witnessing(story_folder, tmp_path) as (ledger, a, b):
        alive = connect_to(a, b)

        monkeypatch.setattr("api.disclosing.witness_transport", alive)
        committed = ledger.commit_index()
        size, note = _shown_at(ledger, committed)
        assert size == committed + 1
        assert witnessed_by(note, policy_of(ledger))
        grow(ledger, "moved-on")
        monkeypatch.setattr("api.disclosing.witness_transport", lambda url: _raise(url))
        assert _shown_at(ledger, committed)[0] == size, (
            "nobody answers: the witnessed one is larger than the commitment"
        )
        assert _shown_at(ledger, size)[0] == size + 1, "none is: the newest"


def _raise(url: str) -> Direct:
    raise Fault("server-unreachable", "unknown", url, "wait")


def test_an_export_shows_it_too(story_folder: Path, tmp_path: Path) -> None:
    with witnessing(story_folder, tmp_path) as (ledger, a, b):
        engine = load_signer(story_folder / "keys" / "engine.pem")
        ask_witnesses(ledger, policy_of(ledger), connect_to(a, b))
        grow(ledger, "moved-on")
        export(ledger, tmp_path / "out", engine)
        note = (tmp_path / "out" / "checkpoint.witnessed").read_text()
        assert note == told(ledger).newest()[1]
        assert (
            read_checkpoint(note)[0].size == read_checkpoint((tmp_path / "out" / "checkpoint").read_text())[0].size - 1
        )


@pytest.mark.parametrize(
    ("table", "word"),
    [
        ('policy = "witness.policy"\nevery = 3\n', "witnesses needs policy"),
        ("interval = 3\n", "witnesses needs policy"),
        ('policy = "witness.policy"\ninterval = 0\n', "witnesses needs policy"),
        ('policy = "witness.policy"\ninterval = true\n', "witnesses needs policy"),
        ('policy = "witness.policy"\nrequire = 1\n', "witnesses needs policy"),
        ('policy = "absent"\n', "absent"),
        ('policy = "none.policy"\nrequire = true\n', "asks for no witness"),
    ],
)
def test_a_table_that_is_not_understood_stops_the_start(ledger_folder: Path, table: str, word: str) -> None:
    (ledger_folder / "none.policy").write_text("quorum none\n")
    with (ledger_folder / "holdpoint.toml").open("a") as config:
        config.write(f"[witnesses]\n{table}")
    with pytest.raises(Fault) as caught:
        open_ledger(ledger_folder)
    assert caught.value.code == "config-malformed"
    assert word in caught.value.detail


def test_a_bad_file_of_answers_is_named(tmp_path: Path) -> None:
    for text in ("", "[]", '{"answers": [{"witness": 1}]}'):
        (tmp_path / "witnesses.json").write_text(text)
        with pytest.raises(Fault):
            read_answers(tmp_path)
    assert json.loads(module.format_answers([module.Answer("w", "cosigned", "", "t")]))["answers"][0]["witness"] == "w"
    assert Asked("w", "ahead", "").status in module.ALARMS
