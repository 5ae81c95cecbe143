"""Pages, entries, receipts, tiles, folds, caches: what is read is what is stored, in order, whole, and bound to a position."""

import base64
import json
from hashlib import sha256
from typing import Any

import pytest

from api import past
from api.accept import accepted
from ledger.entry import leaf_hash
from ledger.errors import Fault
from ledger.note import parse_vkey
from ledger.receipt import check_receipt
from ledger.registry import BY_NAME
from ledger.tile import TileReader, parse_bundle, tile_path, tiles_of
from ledger.tree import check_consistency, prove_consistency, root_of
from tests.api.asker import Asker, Seen
from tests.conftest import FOUNDED

NO_EVENT = "00000000-0000-7000-8000-000000000000"


def raw_entry(content: bytes, name: bytes = b'"entry":') -> bytes:
    """The entry's bytes out of an answer, as they stand there."""
    start = content.index(name) + len(name)
    text = content[start:].decode()
    return text[: json.JSONDecoder().raw_decode(text)[1]].encode()


@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_pages_are_the_log_in_order(story: Asker, limit: int) -> None:
    if limit == 1:
        assert [e["index"] for e in story.ask("/v1/entries?limit=1&after=4").json()["entries"]] == [5]
        return
    seen = story.all(f"/v1/entries?limit={limit}", "entries")
    size = story.ledger.appender.size
    assert [e["index"] for e in seen] == list(range(size))
    assert story.ask(f"/v1/entries?after={size - 1}").json() == {"entries": []}


def test_pages_by_stream_and_type(story: Asker) -> None:
    stream = story.all("/v1/entries?stream=model/fictional-one&limit=3", "entries")
    assert {e["stream"] for e in stream} == {"model/fictional-one"}
    assert [e["stream_version"] for e in stream] == list(range(1, len(stream) + 1))
    topic = BY_NAME["decision.made"].event.topic
    by_name = story.ask("/v1/entries?type=decision.made").json()
    assert by_name == story.ask(f"/v1/entries?type={topic}").json()
    assert {e["type"] for e in by_name["entries"]} == {topic}
    assert by_name["entries"]


@pytest.mark.parametrize(
    "query", ["stream=%00", "stream=a%27--", "type=%F0%9F%92%A9", "limit=0", "limit=1001", "after=-2", "after=1e3"]
)
def test_attack_values_that_no_stream_or_page_has(story: Asker, query: str) -> None:
    answer = story.ask(f"/v1/entries?{query}")
    assert (answer.status_code, answer.json()["reason"]) == (400, "query")
    assert story.ask("/v1/entries?limit=1").status_code == 200, "the connection to the database lives on"


@pytest.mark.parametrize(
    "text", ["1_0", "%2B5", "%205", "5%20", "5.0", "05", "-0", "%D9%A3", "0x5", "true", "1e1", "9" * 20]
)
def test_attack_numbers_in_a_second_form(story: Asker, text: str) -> None:
    """What Python's readers of integers let pass; one number has one form, or caches and logs see two."""
    for url in (f"/v1/entries?limit={text}", f"/v1/entries?after={text}", f"/v1/entries/{text}", f"/v1/models?limit={text}",
                f"/v1/entries/{text}/receipt", f"/v1/keys?after={text}"):  # fmt: skip
        answer = story.ask(url)
        assert (answer.status_code, answer.json()["reason"]) == (400, "query"), url


def test_one_entry_and_its_event(story: Asker) -> None:
    answer = story.ask("/v1/entries/5")
    value = answer.json()
    raw = raw_entry(answer.content)
    assert leaf_hash(raw).hex() == value["leaf"]
    payload = json.loads(base64.b64decode(value["entry"]["envelope"]["payload"]))
    event_id = payload["predicate"]["event_id"]
    assert story.ask(f"/v1/entries/by-event/{event_id}").json() == {"outcome": "committed", "index": 5}
    unknown = story.ask(f"/v1/entries/by-event/{NO_EVENT}")
    assert (unknown.status_code, unknown.json()) == (404, {"outcome": "unknown"})
    assert story.ask("/v1/entries/by-event/not-an-id").json()["reason"] == "query"
    assert story.ask("/v1/entries/99999").json()["reason"] == "not-found"
    assert story.ask("/v1/entries/99999/receipt").json()["reason"] == "index-beyond-head"


@pytest.mark.parametrize("stopped", [None, Fault("log-key-unavailable", "failed", "x", "y")], ids=["late", "stopped"])
def test_attack_committed_and_unsigned_is_told_to_nobody(
    story: Asker, monkeypatch: pytest.MonkeyPatch, stopped: Fault | None
) -> None:
    """The last entry as it stands between commit and signature: not in a page, and asked for by name 503."""
    appender, last = story.ledger.appender, story.ledger.appender.size - 1
    entry = story.ask(f"/v1/entries/{last}").json()["entry"]
    event_id = json.loads(base64.b64decode(entry["envelope"]["payload"]))["predicate"]["event_id"]
    monkeypatch.setattr(past, "SIGN_SECONDS", 0.05)
    seen = Seen(appender, published=(last, appender.published[1]), stopped=stopped)
    monkeypatch.setattr(story.ledger, "appender", seen)
    assert [e["index"] for e in story.ask(f"/v1/entries?after={last - 2}").json()["entries"]] == [last - 1]
    for url in (f"/v1/entries/{last}", f"/v1/entries/by-event/{event_id}"):
        answer = story.ask(url)
        assert (answer.status_code, answer.json()["reason"]) == (503, "log-key-unavailable")
    assert story.ask(f"/v1/entries/{last}/receipt").status_code == 404
    assert story.ask(f"/log/tile/0/000.p/{last + 1}").status_code == 404


def test_a_receipt_proves_in_either_form(story: Asker) -> None:
    vkeys = [parse_vkey(v) for v in story.ask("/v1/keys").json()["vkeys"]]
    for index in (0, 5, story.ledger.appender.size - 1):
        answer = story.ask(f"/v1/entries/{index}/receipt")
        text = story.ask(f"/v1/entries/{index}/receipt", headers={"accept": "text/plain"})
        assert text.text == answer.json()["receipt"]
        assert text.headers["content-type"] == "text/plain; charset=utf-8"
        checkpoint = check_receipt(text.text, raw_entry(answer.content), vkeys, story.ledger.origin)
        assert answer.headers["ledger-checkpoint"].startswith(f"size={checkpoint.size}, ")
    assert story.ask("/v1/entries/0/receipt", headers={"accept": "image/png"}).json()["reason"] == "not-acceptable"


@pytest.mark.parametrize(
    ("header", "best"),
    [
        ("", "application/json"), ("*/*", "application/json"), ("text/*", "text/plain"), ("text/plain", "text/plain"),
        ("text/html, */*;q=0.1", "application/json"), ("application/json;q=0.2, text/plain;q=0.8", "text/plain"),
        ("application/*;q=0, text/plain;q=0.001", "text/plain"), ("image/png", None), ("text/plain;q=0", None),
        ("TEXT/PLAIN", "text/plain"), ("application/json;charset=utf-8", "application/json"), (";,;", "application/json"),
    ],
)  # fmt: skip
def test_accept(header: str, best: str | None) -> None:
    assert accepted(header, ("application/json", "text/plain")) == best


def test_the_log_is_a_c2sp_log(story: Asker) -> None:
    """What a tile client does: checkpoint, every tile it names, every bundle, and proofs for any smaller size."""
    note = story.ask("/log/checkpoint")
    assert note.headers["cache-control"] == "no-cache"
    _, size_text, root, _ = note.text.split("\n", 3)
    size = int(size_text)
    tiles: dict[tuple[int, int], bytes] = {}
    for tile in tiles_of(size):
        answer = story.ask(f"/log/{tile_path(tile.level, tile.n, tile.width)}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/octet-stream")
        assert "immutable" in answer.headers["cache-control"]
        tiles[tile.level or 0, tile.n] = answer.content
    reader = TileReader(lambda level, n: tiles[level, n], size)
    assert base64.b64encode(root_of(size, reader)).decode() == root
    bundle = story.ask(f"/log/{tile_path(None, 0, size)}").content
    entries = parse_bundle(bundle, size)
    assert b"".join(leaf_hash(e) for e in entries) == tiles[0, 0]
    for width in range(1, size + 1):
        assert story.ask(f"/log/{tile_path(0, 0, width)}").content == tiles[0, 0][: 32 * width]
    for old in (1, 13, size - 1):
        proof = prove_consistency(reader, old, size)
        check_consistency(old, size, proof, root_of(old, reader), base64.b64decode(root))
    assert story.ask(f"/log/{tile_path(0, 0, size + 1)}").json()["reason"] == "not-found"


@pytest.mark.parametrize(
    "path", ["0/0", "0/000.p/0", "0/000.p/256", "0/x000/000", "64/000", "0/000.p/", "a/000", "0/000.p/01", "00/000"]
)
def test_attack_paths_that_no_tile_has(story: Asker, path: str) -> None:
    answer = story.ask(f"/log/tile/{path}")
    assert (answer.status_code, answer.json()["reason"]) == (400, "tile-path")


def test_deep_tiles_are_not_there_and_cost_nothing(story: Asker) -> None:
    for path in ("1/000", "8/000", "63/000", "0/x999/x999/x999/999", "entries/001"):
        assert story.ask(f"/log/tile/{path}").json()["reason"] == "not-found"


@pytest.mark.parametrize(
    ("url", "name"),
    [("/v1/keys", "keys"), ("/v1/decisions", "decisions"), ("/v1/frameworks", "frameworks"), ("/v1/models", "models"),
     ("/v1/models/fictional-one/history", "history")],
)  # fmt: skip
def test_folds_page_and_share_one_position(story: Asker, url: str, name: str) -> None:
    whole = story.ask(url)
    rows = whole.json()[name]
    assert rows
    assert whole.headers["ledger-checkpoint"].startswith(f"size={story.ledger.appender.size}, root=:")
    for limit in (1, 2):
        assert json.dumps(story.all(f"{url}?limit={limit}", name)) == json.dumps(rows)
    size = story.ledger.appender.size
    assert json.dumps(story.ask(f"{url}?at={size}").json()[name]) == json.dumps(rows)
    then = story.ask(f"{url}?at={FOUNDED + 5}")
    assert then.headers["ledger-checkpoint"].startswith(f"size={FOUNDED + 5}, root=:")
    assert len(then.json()[name]) <= len(rows)


def test_decisions_that_diverge_come_first(story: Asker) -> None:
    rows = story.all("/v1/decisions", "decisions")
    assert [r["divergence"] is None for r in rows] == sorted(r["divergence"] is None for r in rows)


def test_models(story: Asker) -> None:
    (row,) = story.ask("/v1/models").json()["models"]
    one: Any = story.ask("/v1/models/fictional-one").json()
    assert row["actions"] == one["actions"]
    assert one == {**story.ask("/v1/models/fictional-one/status").json(), "as_of": one["as_of"]}
    assert story.ask("/v1/models/nobody").json()["reason"] == "not-found"
    assert story.ask("/v1/models/nobody/history").json()["reason"] == "not-found"
    assert story.ask("/v1/models/Nobody").json()["reason"] == "query"


UNCHANGED = (
    "/v1/keys",
    "/v1/decisions",
    "/v1/entries",
    "/v1/entries/3",
    "/log/checkpoint",
    "/log/tile/0/000.p/3",
    "/openapi.json",
)


@pytest.mark.parametrize("url", UNCHANGED)
def test_what_is_unchanged_is_304(story: Asker, url: str) -> None:
    first = story.ask(url)
    tag = first.headers["etag"]
    assert tag == f'"{sha256(first.content).hexdigest()[:32]}"'
    for given in (tag, f'"other", W/{tag}', "*"):
        again = story.ask(url, headers={"if-none-match": given})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert story.ask(url, headers={"if-none-match": '"other"'}).status_code == 200


def test_how_long_answers_may_be_kept(story: Asker) -> None:
    kept = {
        "/v1/keys?at=30": "public, max-age=31536000, immutable",
        "/v1/decisions?at=30": "private, max-age=31536000, immutable",
        "/v1/frameworks?at=30": "private, max-age=31536000, immutable",
        "/v1/keys": "no-cache", "/v1/decisions": "no-cache", "/v1/frameworks": "no-store", "/v1/models": "no-store",
        "/v1/models/fictional-one": "no-store", "/livez": "no-store", "/readyz": "no-store", "/": "no-store",
    }  # fmt: skip
    assert {url: story.ask(url).headers["cache-control"] for url in kept} == kept
