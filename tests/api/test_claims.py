"""`/log/claims.json` and `.sig`: the two files of an export, for the size of a checkpoint, so that a URL verifies as a folder does."""

import json

from api.session import Session
from auditor.pin import parse_pin
from auditor.verify import verify_export
from disclosures.claims import open_claims
from tests.api.asker import Asker
from tests.conftest import FOUNDED


def test_the_claims_of_a_size_never_change(story: Asker) -> None:
    size = int(story.ask("/log/checkpoint").text.split("\n")[1])
    first = story.ask(f"/log/claims.json?size={size}")
    signature = story.ask(f"/log/claims.sig?size={size}")
    assert first.content == story.ask("/log/claims.json").content
    assert first.headers["ledger-checkpoint"].startswith(f"size={size}, ")
    claims = open_claims(first.content, signature.content, story.ledger.appender.state)
    assert claims["as_of"]["size"] == size
    earlier = json.loads(story.ask(f"/log/claims.json?size={FOUNDED + 17}").content)
    assert earlier["as_of"]["size"] == FOUNDED + 17
    assert earlier["models"][0]["actions"]["external_deploy"]["clearance"] == "deny"
    assert claims["models"][0]["actions"]["external_deploy"]["clearance"] == "permit"


def test_a_served_log_verifies_as_an_export_does(story: Asker) -> None:
    def read(name: str) -> bytes | None:
        answer = story.ask(f"/log/{name}")
        return answer.content if answer.status_code == 200 else None

    report = verify_export(read, parse_pin(Session(story.ledger).pin()))
    assert report.exit_code == 0, report.checks
    assert {c.name for c in report.checks} >= {"replay", "signatures", "tiles", "checkpoint", "pin", "claims"}


def test_claims_name_models_so_they_are_not_public(story: Asker) -> None:
    for name in ("claims.json", "claims.sig"):
        assert story.ask_far(f"/log/{name}").status_code == 401
    assert story.ask("/log/claims.json?size=99999").json()["reason"] == "at-beyond-head"
    assert story.ask("/log/claims.json?size=0").status_code == 400
