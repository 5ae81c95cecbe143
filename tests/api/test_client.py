"""The client: signs here, spools, retries under one event id, and believes no receipt that does not verify under its pin.

The server is the real application over a real ledger; between them stands a transport of ours that loses, delays or alters what
passes, as a network or an attacker would.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.book import RefusedError
from api.client import Client
from api.search import Sought
from api.session import Session
from api.tokens import TokenFile, new_token
from api.transport import HttpTransport, Reply
from api.wiring import Ledger, open_ledger
from auditor.pin import parse_pin
from ledger.errors import Fault, Malformed, Unverified
from ledger.events import body, model, token
from ledger.receipt import check_receipt
from ledger.strict import shift
from policies.answer import Request
from tests.conftest import copy_of

MODEL = "model/fictional-one"


class Wire:
    """Transport into the application in this process. `bend` may alter, lose or refuse an exchange."""

    def __init__(self, ledger: Ledger, headers: Mapping[str, str] | None = None, app: Any = None) -> None:
        self._client = TestClient(app or create_app(ledger), base_url="http://127.0.0.1", client=("127.0.0.1", 1))
        self._headers = dict(headers or {})
        self.bend: Callable[[str, Callable[[], Reply]], Reply] = lambda _path, send: send()
        self.sent: list[bytes] = []

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        def exchange() -> Reply:
            answer = self._client.request(method, path, content=body, headers={**self._headers, **(headers or {})})
            return Reply(answer.status_code, dict(answer.headers), answer.content)

        if body is not None:
            self.sent.append(body)
        return self.bend(path, exchange)

    def close(self) -> None:
        self._client.close()


@pytest.fixture(scope="module")
def told(told_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    ledger = open_ledger(copy_of(told_folder, tmp_path_factory.mktemp("served") / "ledger"))
    yield ledger
    ledger.close()


class Clock:
    """Time passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now, self.slept = 0.0, list[float]()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def wire(told: Ledger) -> Wire:
    return Wire(told)


@pytest.fixture
def client(told: Ledger, wire: Wire, clock: Clock, tmp_path: Path) -> Client:
    shutil.copytree(told.folder / "keys", tmp_path / "keys")
    pin = parse_pin(Session(told).pin())
    return Client(tmp_path, wire, pin, deadline=10, sleep=clock.sleep, clock=clock)


def registration(client: Client, name: str) -> Any:
    said = {"kind": "base", "subject": {"name": name, "weights": "sha256:" + "2" * 64}}
    return client.write(model.Registered, said, f"model/{name}", client.signers("assessor"))


def test_reads_agree_with_the_ledger_itself(told: Ledger, client: Client) -> None:
    here = Session(told)
    assert client.checkpoint() == here.checkpoint()
    assert client.keys() == here.keys()
    assert client.decisions() == here.decisions()
    assert client.page(Sought(MODEL), -1, 1000) == here.page(Sought(MODEL), -1, 1000)
    assert client.page(Sought(MODEL), 40, 3) == here.page(Sought(MODEL), 40, 3)
    assert client.entry(3) == here.entry(3)
    assert parse_pin(client.pin()) == parse_pin(here.pin())
    for at in (None, 44):
        assert client.status(MODEL, at)[0] == here.status(MODEL, at)[0]
        asked = Request(MODEL, "external_deploy", audience="general", surfaces=("api",), hosts=("own-cloud",))
        mine, theirs = client.ask(asked, at), here.ask(asked, at)
        assert (mine[0].answer, mine[0].findings, mine[1]) == (theirs[0].answer, theirs[0].findings, theirs[1])
        assert (mine[0].decision_by, mine[0].inform_before) == (theirs[0].decision_by, theirs[0].inform_before)
    assert client.status("model/none")[0] == {} == here.status("model/none")[0]


def test_questions_agree_with_the_ledger_itself(told: Ledger, client: Client) -> None:
    """Whole lists, page after page; the argument; what changed, with both of its positions."""
    here, size = Session(told), told.appender.size
    for question, query in (
        ("thresholds", {}),
        ("safeguards", {}),
        ("why", {"action": "train"}),
        ("diff", {"from": "45"}),
    ):
        said = client.about(question, MODEL, size, query)
        assert said is not None
        assert {k: v for k, v in said.items() if k != "next"} == here.about(question, MODEL, size, query), question
    assert client.about("timeline", "", size) == {**(here.about("timeline", "", size) or {}), "next": None}
    assert client.about("thresholds", "model/nobody") is None
    with pytest.raises(Fault, match="usage"):
        client.suppose([], None)


def test_a_list_longer_than_a_page_comes_whole(told: Ledger, client: Client, wire: Wire) -> None:
    asked: list[str] = []

    def short(path: str, send: Callable[[], Reply]) -> Reply:
        asked.append(path)
        answer = send()
        said = json.loads(answer.body)
        if "thresholds" in said and len(said["thresholds"]) > 2 and "after" not in path:
            last = said["thresholds"][1]["key"]
            said |= {"thresholds": said["thresholds"][:2], "next": last}
            return Reply(answer.status, answer.headers, json.dumps(said).encode())
        return answer

    whole = Session(told).about("thresholds", MODEL, told.appender.size)
    wire.bend = short
    said = client.about("thresholds", MODEL, told.appender.size)
    assert said is not None
    assert whole is not None
    assert said["thresholds"] == whole["thresholds"]
    assert len(asked) == 2


def test_the_replica_knows_what_admission_knows(told: Ledger, client: Client) -> None:
    mine, theirs = client.known(MODEL), told.appender.state
    for table in ("key", "principal", "role", "packrole", "published", "adopted", "request", "gate", "prereg", "run"):
        assert dict(mine.scan(table)) == dict(theirs.scan(table)), table
    assert mine.get("subject", MODEL) == theirs.get("subject", MODEL)
    assert client.known(MODEL) is mine  # only what is new is fetched again


def test_a_post_is_spooled_first_and_forgotten_last(told: Ledger, client: Client, wire: Wire) -> None:
    waiting: list[list[Path]] = []

    def look(path: str, send: Callable[[], Reply]) -> Reply:
        if path == "/v1/entries":
            waiting.append(client.spool.waiting())
        return send()

    wire.bend = look
    written = registration(client, "spooled")
    posted = client.post(written)
    assert [[p.name for p in seen] for seen in waiting] == [[f"{written.event_id}.json"]]
    assert client.spool.waiting() == []
    kept = (client.folder / "receipts" / f"{posted.index}.tlog-proof").read_text()
    check_receipt(kept, told.receipt(posted.index)[0], parse_pin(client.pin()).vkeys, told.origin)
    texts = client.folder / "disclosures" / f"{written.event_id}.jsonl"
    assert texts.stat().st_mode & 0o777 == 0o600
    assert "spooled" not in wire.sent[0].decode()


def test_a_lost_answer_is_asked_for_again_under_the_same_event_id(
    told: Ledger, client: Client, wire: Wire, clock: Clock
) -> None:
    lost: list[int] = []

    def lose(path: str, send: Callable[[], Reply]) -> Reply:
        answer = send()
        if path == "/v1/entries" and len(lost) < 2:
            lost.append(answer.status)
            raise Fault("server-timeout", "unknown", "the answer was lost on the way", "")
        return answer

    before = told.appender.size
    wire.bend = lose
    posted = client.post(registration(client, "lost"))
    assert lost == [201, 200]
    assert posted.replay
    assert told.appender.size == before + 1
    assert len(set(wire.sent)) == 1
    assert len(clock.slept) == 2


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_server_is_asked_until_the_deadline_and_not_after(
    client: Client, wire: Wire, clock: Clock, status: int
) -> None:
    busy = json.dumps({"reason": "overloaded", "detail": "later", "status": status}).encode()
    wire.bend = lambda path, send: Reply(status, {}, busy) if path == "/v1/entries" else send()
    written = registration(client, f"busy-{status}")
    with pytest.raises(Fault) as caught:
        client.post(written)
    assert caught.value.outcome == "unknown"
    assert "retry is safe" in caught.value.remedy
    assert clock.now <= 10
    assert len(wire.sent) > 3
    (path,) = client.spool.waiting()
    assert path.read_bytes() == written.wire()
    assert str(path) in caught.value.remedy
    assert len({round(s, 9) for s in clock.slept}) == len(clock.slept), "pauses have jitter"


def test_a_refusal_is_a_value_and_ends_the_wait(told: Ledger, client: Client, wire: Wire) -> None:
    said = {"body": "BOARD", "documents": [], "of": "0" * 64}
    with pytest.raises(RefusedError) as caught:
        client.say(body.Informed, said, MODEL, "attester")
    assert caught.value.refused.reason.value == "role-missing"
    assert dict(caught.value.refused.facts)["role"] == "deployer"
    assert len(wire.sent) == 1
    assert client.spool.waiting() == []


def altered(reply: Reply, change: Callable[[dict[str, Any]], None]) -> Reply:
    """The answer with its JSON changed; the entry's bytes inside are kept as they are."""
    value = json.loads(reply.body)
    change(value)
    return Reply(reply.status, reply.headers, json.dumps(value, separators=(",", ":"), sort_keys=True).encode())


def _other_index(value: dict[str, Any]) -> None:
    value["index"] += 1


def _other_root(value: dict[str, Any]) -> None:
    head, note = value["receipt"].split("\n\n", 1)
    lines = note.split("\n")
    lines[2] = lines[2][::-1]
    value["receipt"] = head + "\n\n" + "\n".join(lines)


def _other_time(value: dict[str, Any]) -> None:
    value["entry"]["recorded_at"] = "2020-01-01T00:00:00.000000Z"


def _no_signature(value: dict[str, Any]) -> None:
    value["receipt"] = "\n".join(line for line in value["receipt"].split("\n") if not line.startswith("—")) + "\n"


@pytest.mark.parametrize("change", [_other_index, _other_root, _other_time, _no_signature], ids=lambda f: f.__name__)
def test_a_receipt_that_does_not_verify_is_believed_by_nobody(client: Client, wire: Wire, change: Any) -> None:
    wire.bend = lambda path, send: altered(send(), change) if path == "/v1/entries" else send()
    with pytest.raises((Unverified, Malformed)):
        client.post(registration(client, f"lied-{change.__name__.strip('_').replace('_', '-')}"))
    assert len(client.spool.waiting()) == 1
    assert not (client.folder / "receipts").exists()


def test_a_receipt_for_another_statement_is_not_mine(client: Client, wire: Wire) -> None:
    first = client.post(registration(client, "first-one"))
    old = wire.send("GET", f"/v1/entries/{first.index}/receipt")
    wire.bend = lambda path, send: Reply(201, {}, old.body) if path == "/v1/entries" else send()
    with pytest.raises(Unverified) as caught:
        client.post(registration(client, "second-one"))
    assert caught.value.rule == "another-statement"


def test_another_ledger_than_the_one_pinned_gets_nothing_believed(
    told: Ledger, founded_folder: Path, tmp_path: Path, wire: Wire
) -> None:
    other = open_ledger(copy_of(founded_folder, tmp_path / "other"))
    try:
        pin = parse_pin(Session(other).pin())
    finally:
        other.close()
    stranger = Client(tmp_path, wire, pin)
    with pytest.raises(Unverified):
        stranger.checkpoint()
    with pytest.raises(Unverified):
        stranger.entry(0)


@pytest.mark.parametrize(
    "answer", [b"", b"[]", b"{}", b'{"keys":3}', b'{"keys":[{}]}', b'{"frameworks":[{"id":7}]}', b"\xff"]
)
def test_an_answer_of_another_form_is_malformed(client: Client, wire: Wire, answer: bytes) -> None:
    wire.bend = lambda _path, _send: Reply(200, {}, answer)
    for ask in (client.keys, client.decisions, client.known, lambda: client.status(MODEL), lambda: client.page(Sought(MODEL), -1, 9),
                lambda: client.about("why", MODEL), lambda: client.about("thresholds", MODEL), lambda: client.ask(Request(MODEL, "train")), client.checkpoint, lambda: client.entry(0)):  # fmt: skip
        with pytest.raises((Malformed, Unverified)):
            ask()


def test_a_log_that_was_cut_since_the_pin_is_found_at_the_first_answer(told_folder: Path, tmp_path: Path) -> None:
    """The same keys, an older database: every signature verifies, and the client holds a later pin."""
    folder = copy_of(told_folder, tmp_path / "ledger")
    old = copy_of(told_folder, tmp_path / "old")
    ledger = open_ledger(folder)
    try:
        here = Session(ledger)
        asked = next(digest for digest, _ in here.known().scan("request"))
        here.say(body.Informed, {"body": "BOARD", "documents": [], "of": asked}, MODEL, "deployer")
        later = parse_pin(here.pin())
    finally:
        ledger.close()
    ledger = open_ledger(old)
    try:
        cut = Client(tmp_path, Wire(ledger), later)
        for ask in (cut.checkpoint, lambda: cut.entry(3)):
            with pytest.raises(Unverified) as caught:
                ask()
            assert caught.value.rule == "truncated"
    finally:
        ledger.close()


def test_a_full_spool_is_an_error_before_anything_is_sent(client: Client, wire: Wire) -> None:
    (client.folder / "spool").write_text("a file where the folder should be")
    with pytest.raises(Fault) as caught:
        client.post(registration(client, "no-room"))
    assert caught.value.code == "spool-unwritable"
    assert wire.sent == []


def test_a_token_opens_reads_and_its_absence_is_said(
    told: Ledger, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = new_token("live")
    said = {"audience": "ci", "expires_at": shift(told.now(), days=1), "id": fresh.id, "scopes": ["status:read"]}
    Session(told).say(token.Issued, said, "ledger", "key-admin-1")
    TokenFile(told.folder / "tokens.json").add(fresh, ("status:read",))
    monkeypatch.setattr(type(told), "development", property(lambda _self: False))
    with pytest.raises(Fault) as caught:
        client.status(MODEL)
    assert caught.value.code == "token-missing"
    pin = parse_pin(Session(told).pin())
    bearer = Client(client.folder, Wire(told, {"authorization": f"Bearer {fresh.text}"}), pin)
    assert bearer.status(MODEL)[0]
    with pytest.raises(Fault) as caught:
        bearer.entry(1)
    assert caught.value.code == "not-found"


@pytest.mark.parametrize(
    "url", ["", "ftp://127.0.0.1", "127.0.0.1:80", "http://", "http://u:p@127.0.0.1", "http://127.0.0.1/?a=1"]
)
def test_a_url_that_is_none(url: str) -> None:
    with pytest.raises(Fault) as caught:
        HttpTransport(url)
    assert caught.value.code == "url-malformed"


def test_a_token_never_leaves_in_the_clear() -> None:
    with pytest.raises(Fault) as caught:
        HttpTransport("http://ledger.example", token="hpt_x")
    assert "in the clear" in caught.value.detail
    HttpTransport("http://127.0.0.1:1", token="hpt_x").close()
    HttpTransport("https://ledger.example", token="hpt_x").close()


def test_nobody_there_is_a_fault_whose_outcome_is_unknown() -> None:
    transport = HttpTransport("http://127.0.0.1:9", timeout=1)
    with pytest.raises(Fault) as caught:
        transport.send("POST", "/v1/entries", b"{}")
    assert (caught.value.code, caught.value.outcome) == ("server-unreachable", "unknown")
    transport.close()
