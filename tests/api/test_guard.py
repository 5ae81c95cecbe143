"""T31 unguarded route, T32 token theft, T60 enumeration, and the host that was asked: denial is the default."""

import json
import re
from collections.abc import Iterator

import pytest

from api.guard import HEADERS, MAX_HEADER, find
from api.routes.listed import PUBLIC, ROUTES, TOKEN_OR_LOCAL
from api.session import Session
from api.tokens import BUNDLES, SCOPES, TokenFile, is_scope, new_token, opens_stream
from ledger.events import token
from ledger.strict import shift
from tests.api.asker import Asker

FILLED = {"ref": "m", "ref:path": "m", "action": "train", "index": "0", "level": "0", "path:path": "000.p/1",
          "which": "0", "bundle_id": "0" * 32}  # fmt: skip
EVENT = "00000000-0000-7000-8000-000000000000"
ELSEWHERE = ("/nothing", "/v1", "/docs/oauth2-redirect", "/redoc", "/static/x", "/log", "/v1/entries/", "/livez/x")


def address(path: str) -> str:
    found = re.sub(r"\{([a-z_:]+)\}", lambda m: FILLED.get(m.group(1), EVENT), path)
    return f"{found}?from=1" if path.endswith("/diff") else found


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch, growing: Asker) -> Iterator[Asker]:
    monkeypatch.setattr(type(growing.ledger), "development", property(lambda _self: False))
    return growing


def test_every_route_of_the_application_is_listed(growing: Asker) -> None:
    served = {(route.path, method) for route in growing.app._app.routes for method in route.methods}
    assert served == {(r.path, r.method) for r in ROUTES}
    assert all(r.guard in {PUBLIC, BUNDLES, *SCOPES} for r in ROUTES)


def test_the_guard_and_the_router_mean_the_same_route(story: Asker) -> None:
    """What is asked under one route's scope is answered by that route: paths of models can look like those of others."""
    for path, member in (
        ("/v1/models/fictional-one/gate/train", "findings"),
        ("/v1/models/a/gate/train/gate/train", "findings"),
        ("/v1/models/fictional-one/history", "history"),
        ("/v1/models/fictional-one/status", "actions"),
        ("/v1/entries/3/receipt", "receipt"),
        ("/v1/entries/3", "leaf"),
    ):
        template = find("GET", path).template
        first = next(r for r in story.app._app.routes if r.path_regex.match(path))
        assert first.path == template, path
        assert member in story.ask(path).json(), path
    assert find("GET", "/v1/models/x/gate/train/").template == "/v1/models/{ref:path}"
    assert find("POST", "/v1/models") is find("GET", "/nothing")


@pytest.mark.parametrize("client", ["near", "far"])
def test_attack_no_route_answers_without_a_token_unless_listed(production: Asker, client: str) -> None:
    ask = production.ask if client == "near" else production.ask_far
    for route in ROUTES:
        answer = ask(address(route.path))
        open_ = route.guard == PUBLIC or (route.guard == TOKEN_OR_LOCAL and client == "near")
        if open_:
            assert answer.status_code in (200, 404), (route.path, answer.text)
        else:
            assert (answer.status_code, answer.json()["reason"]) == (401, "token-missing"), route.path
            assert answer.headers["www-authenticate"] == "Bearer"
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
            if (method, route.path) != ("POST", "/v1/entries"):
                assert ask(address(route.path), method).status_code == 401, (method, route.path)
    assert {ask(path).status_code for path in ELSEWHERE} == {401}


def test_honest_a_token_opens_its_scope_and_no_other(production: Asker) -> None:
    for scope in (*sorted(SCOPES), f"{BUNDLES}:somebody"):
        _, text = production.token(scope)
        for route in ROUTES:
            answer = production.ask_far(address(route.path), route.method, bearer=text)
            if route.method == "POST" and route.guard == scope:
                assert (answer.status_code, answer.json()["reason"]) == (415, "media-type")
            elif route.guard in (PUBLIC, scope):
                assert answer.status_code in (200, 404, 503), (scope, route.path)
                assert answer.status_code == 200 or answer.json() == {"outcome": "unknown"} or route.path.startswith(
                    ("/v1/models/", "/v1/entries/", "/v1/incidents/", "/v1/decisions/", "/models/", "/v1/disclosures/",
                     "/log/checkpoint.witnessed", "/log/checkpoint.bridge")
                ), (scope, route.path)  # fmt: skip
            else:
                assert answer.status_code == 404, (scope, route.path)
        assert {production.ask_far(path, bearer=text).status_code for path in ELSEWHERE} == {404}


def test_attack_absent_and_forbidden_look_alike(production: Asker) -> None:
    _, text = production.token("gate:read")
    bodies = []
    for path in ("/v1/entries/0", "/v1/entries/99999", "/nothing", "/v1/decisions"):
        answer = production.ask_far(path, bearer=text).json()
        answer.pop("instance")
        bodies.append(answer)
    assert bodies[1:] == bodies[:-1]


def test_development_answers_this_machine_alone(growing: Asker) -> None:
    assert growing.ask("/v1/decisions").status_code == 200
    assert growing.ask_far("/v1/decisions").status_code == 401
    for header in ("x-forwarded-for", "forwarded", "via", "x-real-ip"):
        assert growing.ask("/v1/decisions", headers={header: "203.0.113.7"}).status_code == 401
    assert growing.ask("/v1/decisions", headers={"host": "ledger.example"}).status_code == 401


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil", "LOCALHOST", "", "[::1]x"]
)
def test_attack_another_host(growing: Asker, host: str) -> None:
    answer = growing.ask("/livez", headers={"host": host})
    assert (answer.status_code, answer.json()["reason"]) == (421, "wrong-host")
    assert host == "" or host not in answer.text


def test_attack_two_hosts(growing: Asker) -> None:
    answer = growing.ask("/livez", headers=[("host", "localhost"), ("host", "localhost")])
    assert answer.status_code == 421


def test_attack_stolen_tokens_travel_in_addresses_and_bodies(growing: Asker) -> None:
    _, text = growing.token("gate:read")
    escaped = "".join(f"%{ord(c):02x}" for c in text)
    gate = "/v1/models/x/gate/train"
    json_ = {"content-type": "application/json"}
    answers = [
        growing.ask(f"{gate}?token={text}"),
        growing.ask(f"{gate}?audience={escaped}"),
        growing.ask(f"/livez?{text}"),
        growing.ask(f"/v1/models/{text}"),
        growing.ask("/v1/entries", "POST", content=json.dumps({"t": text}).encode(), headers=json_),
        growing.ask(
            "/v1/entries", "POST", content=f"[]\n{text}".encode(), headers={"content-type": "application/x-ndjson"}
        ),
    ]
    for answer in answers:
        assert (answer.status_code, answer.json()["reason"]) == (400, "token-in-url")
        assert text[40:] not in answer.text
        assert text[40:] not in str(answer.headers)
    assert growing.ask(gate, headers={"authorization": f"Bearer {text}"}).status_code == 200
    assert "hpt_" not in growing.said
    assert text[40:80] not in (growing.ledger.folder / "tokens.json").read_text()


def test_a_token_ends(production: Asker) -> None:
    gate = "/v1/models/x/gate/train"
    token_id, text = production.token("gate:read")
    assert production.ask_far(gate, bearer=text).status_code == 200
    assert production.ask_far(gate, bearer=text[:-1] + ("a" if text[-1] != "a" else "b")).status_code == 401
    assert production.ask_far(gate, bearer=new_token("live").text).status_code == 401
    assert production.ask_far(gate, headers={"authorization": f"Basic {text}"}).status_code == 401
    production.revoke(token_id)
    assert production.ask_far(gate, bearer=text).status_code == 401
    _, other = production.token("gate:read")
    ledger = production.ledger
    file, state = TokenFile(ledger.folder / "tokens.json"), ledger.appender.state
    assert file.scopes_of(other, state, shift(ledger.now(), seconds=86_000)) == {"gate:read"}
    assert file.scopes_of(other, state, shift(ledger.now(), seconds=86_401)) is None


def test_a_token_is_issued_once(growing: Asker) -> None:
    token_id, _ = growing.token("gate:read")
    said = {
        "audience": "ci",
        "expires_at": shift(growing.ledger.now(), days=1),
        "id": token_id,
        "scopes": ["gate:read"],
    }
    session = Session(growing.ledger)
    wire = session.write(token.Issued, said, "ledger", session.signers("key-admin-1")).wire()
    answer = growing.ask("/v1/entries", "POST", content=wire, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["reason"]) == (422, "token-known")


def test_attack_a_scope_that_the_log_does_not_hold(production: Asker) -> None:
    token_id, text = production.token("gate:read")
    file = TokenFile(production.ledger.folder / "tokens.json")
    stored = json.loads(file._path.read_text())
    stored[token_id]["scopes"].append("entries:read")
    file._path.write_text(json.dumps(stored))
    assert production.ask_far("/v1/entries", bearer=text).status_code == 404
    assert production.ask_far("/v1/models/x/gate/train", bearer=text).status_code == 200


def test_a_prefix_opens_its_streams_and_nothing_else(production: Asker) -> None:
    _, text = production.token("entries:read:framework/")
    _, all_ = production.token("entries:read", "proofs:read")
    assert production.ask_far("/v1/entries?limit=1000", bearer=text).json() == {"entries": []}
    assert production.ask_far("/v1/entries/0", bearer=text).status_code == 404
    assert production.ask_far("/log/tile/entries/000.p/1", bearer=text).status_code == 404
    _, ledger = production.token("entries:read:ledger", "proofs:read")
    seen = production.ask_far("/v1/entries?limit=1000", bearer=ledger).json()["entries"]
    assert seen
    assert {e["stream"] for e in seen} == {"ledger"}
    first = production.ask_far("/v1/entries/0/receipt", bearer=ledger).json()
    assert first == production.ask_far("/v1/entries/0/receipt", bearer=all_).json()
    _, proofs = production.token("proofs:read")
    bare = production.ask_far("/v1/entries/0/receipt", bearer=proofs).json()
    assert set(bare) == {"index", "leaf", "receipt", "witnessed"}
    assert set(first) == {"entry", "index", "leaf", "receipt", "recorded_at", "witnessed"}


def test_prefixes_end_where_names_end() -> None:
    assert opens_stream(frozenset({"entries:read:model/a"}), "model/a/b")
    assert not opens_stream(frozenset({"entries:read:model/a"}), "model/ab")
    assert not opens_stream(frozenset(), "model/a")
    assert is_scope("entries:read:model/")
    assert not is_scope("entries:read:")
    assert not is_scope("entries:write")
    assert not is_scope("entries:read:Model")


def test_headers_on_everything(growing: Asker) -> None:
    for url, status in (("/", 200), ("/livez", 200), ("/nothing", 404), ("/livez?x=1", 400)):
        answer = growing.ask(url, headers={"x-request-id": "abc-1"})
        assert answer.status_code == status
        assert {k: answer.headers[k] for k in HEADERS} == HEADERS
        assert answer.headers["x-request-id"] == "abc-1"
        assert re.fullmatch(r"size=[0-9]+, root=:[A-Za-z0-9+/]{43}=:", answer.headers["ledger-checkpoint"])
        if status >= 400:
            assert answer.json()["instance"] == "urn:holdpoint:request:abc-1"
    strange = growing.ask("/livez", headers={"x-request-id": "a b\x1b[31m"}).headers["x-request-id"]
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9]+", strange)


def test_head_is_get_without_a_body(growing: Asker) -> None:
    got, head = growing.ask("/v1/keys"), growing.ask("/v1/keys", "HEAD")
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", got.headers["etag"])
    assert head.headers["content-length"] == str(len(got.content))


def test_methods_that_a_path_does_not_know(growing: Asker) -> None:
    answer = growing.ask("/v1/entries", "DELETE")
    assert (answer.status_code, answer.json()["reason"], answer.headers["allow"]) == (405, "method", "GET, HEAD, POST")
    assert growing.ask("/livez", "POST").headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize("query", ["?x=1", "?limit=1&limit=2", "?limit", "?after=0&offset=3", "?%6cimit=1&limit=1"])
def test_attack_a_query_that_would_be_misread(growing: Asker, query: str) -> None:
    answer = growing.ask(f"/v1/entries{query}")
    assert (answer.status_code, answer.json()["reason"]) == (400, "query")


def test_attack_a_header_block_beyond_its_size(growing: Asker) -> None:
    answer = growing.ask("/livez", headers={"x-long": "x" * MAX_HEADER})
    assert (answer.status_code, answer.json()["reason"]) == (431, "header-too-large")
    assert growing.ask("/livez", headers={"x-long": "x" * (MAX_HEADER // 2)}).status_code == 200


def test_a_token_that_opens_nothing_does_not_seem_to_work_on_a_laptop(growing: Asker) -> None:
    assert growing.ask("/v1/models").status_code == 200
    for sent in ("Bearer junk", "Basic dTpw", "Bearer " + new_token("dev").text):
        assert growing.ask("/v1/models", headers={"authorization": sent}).status_code == 401
