"""Disclosures over HTTP: prepared by one token, released by two signatures, fetched by its recipient alone (T31, T33)."""

import asyncio
import html
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api import answers_disclosures as shapes
from api.client import Client
from api.disclosing import profile_named
from api.handed_over import bundle_path
from api.recipients import opens_bundle, recipient_scope
from api.routes import page_disclosures
from api.session import Session
from api.tokens import is_scope
from api.wiring import opened
from auditor.bundle import Trust, verify_zip
from auditor.pin import parse_pin
from disclosures.builder import Asked
from disclosures.profile import profile_object
from disclosures.shown import read_shown
from disclosures.stored_zip import parse_zip
from ledger.errors import Fault, Unverified
from ledger.events import disclosure
from tests.api.asker import NEAR, Asker
from tests.api.test_client import Wire
from tests.conftest import copy_of
from tests.disclosures.test_random_profiles import disguises, plain

WHO, OTHER = "A Fictional Authority", "a-fictional-authority"
ASKED = {"profile": "public-notice", "recipient": WHO, "subject": "model/fictional-one"}
JSON_ = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def door(told_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asker]:
    """The told story behind a server that is no development one; it grows."""
    folder = copy_of(told_folder, tmp_path_factory.mktemp("door") / "ledger")
    with pytest.MonkeyPatch.context() as patch, opened(folder) as ledger:
        patch.setattr(type(ledger), "development", property(lambda _self: False))
        yield Asker(ledger)


@pytest.fixture(scope="module")
def tokens(door: Asker) -> dict[str, str]:
    scopes = {
        "preparer": ("disclosures:write", "status:read"), "reader": ("status:read", "entries:read", "proofs:read", "gate:read"),
        "recipient": (recipient_scope(WHO),), "other": (recipient_scope(OTHER),),
    }  # fmt: skip
    return {name: door.token(*said)[1] for name, said in scopes.items()}


def post(door: Asker, bearer: str, **more: Any) -> Any:
    return door.ask_far("/v1/disclosures", "POST", bearer=bearer, content=json.dumps({**ASKED, **more}), headers=JSON_)


def sign(door: Asker, said: dict[str, Any], *who: str) -> bytes:
    """What people outside the server sign of what it drafted."""
    session = Session(door.ledger)
    signers = [signer for name in who for signer in session.signers(name)]
    return session.write(disclosure.Made, said["body"], said["stream"], signers).wire()


def send(door: Asker, wire: bytes) -> Any:
    return door.ask_far("/v1/entries", "POST", content=wire, headers=JSON_)


def refusal(answer: Any) -> dict[str, Any]:
    value: dict[str, Any] = answer.json()
    value.pop("instance")
    return {"status": answer.status_code, **value}


def test_prepared_by_one_released_by_two_fetched_by_its_recipient(door: Asker, tokens: dict[str, str]) -> None:
    pin = parse_pin(Session(door.ledger).pin())
    answer = post(door, tokens["preparer"], absent=["incident/none-here"], actions=["external_deploy"], since=[40])
    assert answer.status_code == 201, answer.text
    said = answer.json()
    shapes.Prepared.model_validate_json(answer.content)
    assert said["shows"]["entries"]["decision.made"] == 2
    assert {"decision", "framework"} >= {
        t.partition(".")[0] for t in said["shows"]["entries"] if t != "ledger.founded"
    } & {"decision", "evaluation"}
    assert said["shows"]["beside"]
    where = f"/v1/disclosures/{said['id']}"
    absent = refusal(door.ask_far(f"/v1/disclosures/{'0' * 32}/bundle", bearer=tokens["recipient"]))
    assert (absent["status"], absent["reason"]) == (404, "not-found")
    assert refusal(door.ask_far(f"{where}/bundle", bearer=tokens["recipient"])) == absent
    waiting = door.ask_far(where, bearer=tokens["preparer"])
    shapes.OneDisclosure.model_validate_json(waiting.content)
    assert (waiting.json()["state"], waiting.json()["body"]) == ("prepared", said["body"])
    assert door.ask_far(where, bearer=tokens["reader"]).status_code == 404

    assert refusal(send(door, sign(door, said, "discloser-1")))["reason"] == "quorum-short"
    assert refusal(door.ask_far(f"{where}/bundle", bearer=tokens["recipient"])) == absent
    wire = sign(door, said, "discloser-1", "discloser-2")
    made = send(door, wire)
    assert made.status_code == 201, made.text
    again = send(door, wire)
    assert (again.status_code, again.headers["idempotent-replay"], again.json()["index"]) == (
        200,
        "true",
        made.json()["index"],
    )

    got = door.ask_far(f"{where}/bundle", bearer=tokens["recipient"])
    assert (got.status_code, got.headers["content-type"]) == (200, "application/zip")
    assert f"sha256:{sha256(got.content).hexdigest()}" == said["digest"]
    report = verify_zip(got.content, Trust(pin))
    assert report.exit_code == 0, report.to_json()
    assert (
        f"no stream incident/none-here as of size {read_shown(parse_zip(got.content)).completeness.committed.size}"
        in {c.detail for c in report.checks}
    )
    tag = got.headers["etag"]
    unchanged = door.ask_far(f"{where}/bundle", bearer=tokens["recipient"], headers={"if-none-match": tag})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    head = door.ask_far(f"{where}/bundle", "HEAD", bearer=tokens["recipient"])
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(got.content)))

    for name in ("other", "reader", "preparer"):
        assert refusal(door.ask_far(f"{where}/bundle", bearer=tokens[name])) == absent, name
    assert door.ask_far(f"{where}/bundle").status_code == 401
    for url in (where, "/v1/disclosures"):
        assert door.ask_far(url, bearer=tokens["recipient"]).status_code == 404
    told = door.ask_far(where, bearer=tokens["reader"])
    shapes.OneDisclosure.model_validate_json(told.content)
    assert (told.json()["state"], told.json()["kept"], told.json()["index"]) == ("released", True, made.json()["index"])


def test_the_same_request_at_the_same_checkpoint_is_the_same_bundle(door: Asker, tokens: dict[str, str]) -> None:
    one, two = post(door, tokens["preparer"]), post(door, tokens["preparer"])
    assert one.json() == two.json()
    other = post(door, tokens["preparer"], recipient=OTHER)
    assert other.json()["id"] != one.json()["id"]
    whole = profile_object(profile_named("public-notice"))
    assert post(door, tokens["preparer"], profile=whole).json() == one.json()


@pytest.mark.parametrize(
    ("asked", "status", "reason"),
    [
        ({"profile": "none"}, 400, "profile-missing"),
        ({"profile": "../../../../etc/passwd"}, 400, "profile-missing"),
        ({"profile": {"id": "x"}}, 400, "profile-form"),
        ({"profile": 7}, 400, "request-form"),
        ({"subject": "model/none"}, 422, "subject-unknown"),
        ({"subject": "framework/x"}, 400, "request-form"),
        ({"recipient": ""}, 400, "request-form"),
        ({"since": [10**6]}, 400, "since-beyond"),
        ({"since": [0]}, 400, "request-form"),
        ({"absent": ["model/fictional-one"]}, 422, "absent-exists"),
        ({"absent": ["Not a stream"]}, 400, "request-form"),
        ({"strange": 1}, 400, "request-form"),
    ],
)
def test_what_can_not_be_built_is_a_problem_with_its_code(
    door: Asker, tokens: dict[str, str], asked: dict[str, Any], status: int, reason: str
) -> None:
    answer = post(door, tokens["preparer"], **asked)
    assert (answer.status_code, answer.json()["reason"]) == (status, reason), answer.text
    declared = door.state.document["paths"]["/v1/disclosures"]["post"]["responses"]
    assert f"`{reason}`" in declared[str(status)]["description"]
    assert "root:" not in answer.text


def test_a_profile_that_goes_by_a_shipped_one_s_name_is_refused(door: Asker, tokens: dict[str, str]) -> None:
    """People sign for the name of a profile: another may not hide behind it (T33)."""
    wide = {**profile_object(profile_named("auditor-full")), "id": "public-notice"}
    answer = post(door, tokens["preparer"], profile=wide)
    assert (answer.status_code, answer.json()["reason"]) == (400, "profile-id-taken")
    mine = {**wide, "id": "our-own"}
    assert post(door, tokens["preparer"], profile=mine).json()["body"]["profile"] == "our-own"


@pytest.mark.parametrize(
    ("content", "headers", "status", "reason"),
    [
        (b"{}", {"content-type": "text/plain"}, 415, "media-type"),
        (b"{}", {**JSON_, "content-encoding": "gzip"}, 415, "content-encoding"),
        (b"{", JSON_, 400, "not-json"),
        (b'{"profile":"a","profile":"b"}', JSON_, 400, "duplicate-key"),
        (b"[]", JSON_, 400, "request-form"),
        (b" " * (1 << 20) + b"{}", JSON_, 413, "too-large"),
    ],
)
def test_attack_a_body_that_is_none(
    door: Asker, tokens: dict[str, str], content: bytes, headers: dict[str, str], status: int, reason: str
) -> None:
    answer = door.ask_far("/v1/disclosures", "POST", bearer=tokens["preparer"], content=content, headers=dict(headers))
    assert (answer.status_code, answer.json()["reason"]) == (status, reason)


def test_attack_nobody_without_its_scope_prepares(door: Asker, tokens: dict[str, str]) -> None:
    for name in ("reader", "recipient", "other"):
        assert post(door, tokens[name]).status_code == 404
    assert door.ask("/v1/disclosures", "POST", content=json.dumps(ASKED), headers=JSON_).status_code == 401
    for method in ("PUT", "DELETE", "PATCH"):
        assert door.ask_far("/v1/disclosures", method, bearer=tokens["preparer"]).status_code in (404, 405)
    assert "POST" in door.ask_far("/v1/disclosures", "PUT", bearer=tokens["preparer"]).headers.get("allow", "POST")


def test_a_bundle_that_changed_on_disk_is_given_to_nobody(door: Asker, tokens: dict[str, str]) -> None:
    said = post(door, tokens["preparer"], recipient="changed").json()
    assert send(door, sign(door, said, "discloser-1", "discloser-2")).status_code == 201
    _, mine = door.token(recipient_scope("changed"))
    path = bundle_path(door.ledger.folder, said["digest"])
    raw = path.read_bytes()
    path.write_bytes(raw[:-1] + b"x")
    answer = door.ask_far(f"/v1/disclosures/{said['id']}/bundle", bearer=mine)
    assert (answer.status_code, answer.json()["reason"]) == (500, "bundle-changed")
    path.unlink()
    assert door.ask_far(f"/v1/disclosures/{said['id']}/bundle", bearer=mine).status_code == 404
    path.write_bytes(raw)
    assert door.ask_far(f"/v1/disclosures/{said['id']}/bundle", bearer=mine).content == raw


def test_the_list_pages_by_index_and_tells_of_the_past(door: Asker, tokens: dict[str, str]) -> None:
    for n in range(3):
        said = post(door, tokens["preparer"], recipient=f"reader-{n}").json()
        assert send(door, sign(door, said, "discloser-1", "discloser-2")).status_code == 201
    url, rows = "/v1/disclosures?limit=2", list[dict[str, Any]]()
    while url:
        answer = door.ask_far(url, bearer=tokens["reader"])
        shapes.Disclosures.model_validate_json(answer.content)
        assert len(answer.json()["disclosures"]) <= 2
        rows += answer.json()["disclosures"]
        url = answer.links.get("next", {}).get("url", "")
    assert [r["index"] for r in rows] == sorted({r["index"] for r in rows})
    mine = [r for r in rows if r["recipient"].startswith("reader-")]
    assert [(r["recipient"], r["profile"], r["released_by"]) for r in mine] == [
        (f"reader-{n}", "public-notice", ["discloser-1", "discloser-2"]) for n in range(3)
    ]
    past = door.ask_far(f"/v1/disclosures?at={mine[1]['index']}", bearer=tokens["reader"]).json()["disclosures"]
    assert [r["recipient"] for r in past if r["recipient"].startswith("reader-")] == ["reader-0"]


def test_the_page_says_who_received_what(door: Asker, tokens: dict[str, str]) -> None:
    for n in range(3):
        said = post(door, tokens["preparer"], recipient=f"<b>page-{n}</b>").json()
        assert send(door, sign(door, said, "discloser-1", "discloser-2")).status_code == 201
    answer = door.ask_far("/disclosures", bearer=tokens["reader"])
    assert answer.status_code == 200
    assert "&lt;b&gt;page-2&lt;/b&gt;" in answer.text
    assert "<b>page" not in answer.text
    assert answer.text.index("page-2") < answer.text.index("page-0")
    assert f"/v1/disclosures/{said['id']}" in answer.text
    assert said["digest"] in answer.text
    newest = door.ask_far("/v1/disclosures?limit=200", bearer=tokens["reader"]).json()["disclosures"][-1]["index"]
    older = door.ask_far(f"/disclosures?before={newest}", bearer=tokens["reader"]).text
    assert "page-2" not in older
    assert "page-1" in older
    assert "had been handed over by then" in door.ask_far("/disclosures?at=40", bearer=tokens["reader"]).text
    for name in ("preparer", "recipient"):
        assert door.ask_far("/disclosures", bearer=tokens[name]).status_code == (200 if name == "preparer" else 404)


def test_pages_of_many_are_paged(door: Asker, tokens: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(3):
        said = post(door, tokens["preparer"], recipient=f"many-{n}").json()
        assert send(door, sign(door, said, "discloser-1", "discloser-2")).status_code == 201
    monkeypatch.setattr(page_disclosures, "DISCLOSURES", 2)
    url, seen = "/disclosures", list[str]()
    while url:
        text = door.ask_far(url, bearer=tokens["reader"]).text
        found = re.findall(r'data-says="received by: ">([^<]+)<small>under', text)
        assert 1 <= len(found) <= 2
        seen += found
        link = re.search(r'rel="next" href="([^"]+)"', text)
        url = "" if link is None else link.group(1).replace("&amp;", "&")
    rows = door.ask_far("/v1/disclosures?limit=200", bearer=tokens["reader"]).json()["disclosures"]
    assert [html.unescape(s) for s in seen] == [r["recipient"] for r in reversed(rows)]


def test_the_client_signs_for_what_it_asked_and_takes_what_was_signed(
    door: Asker, tokens: dict[str, str], tmp_path: Path
) -> None:
    shutil.copytree(door.ledger.folder / "keys", tmp_path / "keys")
    pin = parse_pin(Session(door.ledger).pin())
    _, both = door.token("disclosures:write", "status:read", "proofs:read", "entries:read", recipient_scope(WHO))
    bearer = {"authorization": f"Bearer {both}", "host": "ledger.example"}
    wire = Wire(door.ledger, bearer, door.app)
    client = Client(tmp_path, wire, pin)
    asked = Asked(
        "model/fictional-one",
        WHO,
        profile_named("public-notice"),
        ("external_deploy",),
        (pin.checkpoint.size,),
        ("incident/none",),
    )
    offer = client.offer(asked)
    assert offer.beside
    with pytest.raises(Fault, match="not-found"):
        client.fetch(offer.digest)
    signers = [*client.signers("discloser-1"), *client.signers("discloser-2")]
    client.deliver([client.write(disclosure.Made, offer.body, offer.stream, signers)])
    index, raw = client.fetch(offer.digest)
    assert index == next(
        r["index"]
        for r in door.ask_far("/v1/disclosures?limit=200", bearer=both).json()["disclosures"]
        if r["bundle_digest"] == offer.digest
    )
    assert verify_zip(raw, Trust(pin)).exit_code == 0
    wire.bend = lambda _path, send: replace(
        send(), body=send().body.replace(b"Fictional Authority", b"Fictional Attacker!")
    )
    with pytest.raises(Unverified, match="another-statement"):
        client.offer(asked)
    wire.bend = lambda _path, send: replace(send(), body=raw[:-1] + b"x")
    with pytest.raises(Unverified, match="digest-mismatch"):
        client.fetch(offer.digest)


def released(door: Asker, tokens: dict[str, str], **asked: Any) -> bytes:
    """A bundle, as its recipient fetches it."""
    said = post(door, tokens["preparer"], **asked).json()
    assert send(door, sign(door, said, "discloser-1", "discloser-2")).status_code == 201
    _, mine = door.token(recipient_scope(asked["recipient"]))
    raw: bytes = door.ask_far(f"/v1/disclosures/{said['id']}/bundle", bearer=mine).content
    return raw


def test_over_disclosure_the_entitled_reader_gets_the_field_and_no_other_does(
    door: Asker, tokens: dict[str, str]
) -> None:
    """T33: the name of the model is in no byte of a public notice, in no disguise; the auditor gets it, and it fits its digest."""
    full = parse_zip(released(door, tokens, profile="auditor-full", recipient="an-auditor"))
    named = [e for e in read_shown(full).entries if e.type == "model.registered" and "subject" in e.disclosed]
    assert named
    notice = plain(parse_zip(released(door, tokens, recipient="everybody")))
    for one in named:
        name = one.body["subject"]["name"].encode()
        assert name in plain(full)
        assert not [d for d in disguises(name) if len(d) > 7 and d in notice]


def test_building_keeps_no_reader_waiting(door: Asker, tokens: dict[str, str]) -> None:
    """While a bundle is built others are answered, and a second one is told to come again."""
    prepared = {"authorization": f"Bearer {tokens['preparer']}", "host": "ledger.example", **JSON_}
    order: list[str] = []

    async def go() -> tuple[int, int]:
        transport = httpx2.ASGITransport(app=door.app, raise_app_exceptions=False, client=NEAR)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as asker:

            async def build() -> int:
                answer = await asker.post("/v1/disclosures", content=json.dumps(ASKED), headers=prepared)
                order.append("built")
                status: int = answer.status_code
                return status

            first = asyncio.create_task(build())
            for _ in range(1000):
                if door.state.building._one.locked():
                    break
                await asyncio.sleep(0.001)
            second = await asker.post("/v1/disclosures", content=json.dumps(ASKED), headers=prepared)
            order.append(second.json()["reason"])
            assert (await asker.get("/livez")).status_code == 200
            order.append("alive")
            return await first, second.status_code

    assert asyncio.run(go()) == (201, 503)
    assert order == ["bundle-building", "alive", "built"]


def test_no_two_recipients_share_a_scope() -> None:
    names = [
        WHO,
        OTHER,
        "a fictional authority",
        "A fictional authority",
        "eu-ai-office",
        "EU AI Office",
        "EU-AI-Office",
        "é",
        "e",
        "",
        " ",
    ]
    scopes = [recipient_scope(n) for n in names]
    assert len(set(scopes)) == len(names)
    assert all(is_scope(s) for s in scopes)
    assert recipient_scope("public") == "bundles:read:public"
    assert recipient_scope("EU AI Office").startswith("bundles:read:eu-ai-office/")
    assert not opens_bundle(frozenset({"bundles:read", "entries:read", "status:read"}), "public")
    assert opens_bundle(frozenset({"bundles:read:public"}), "public")
    assert opens_bundle(None, "public")
