"""Problems: every code that the code can raise is documented, has one status, and is told without what was sent."""

import ast
import json
from pathlib import Path

import pytest

from api.problems import TYPES, URN, body_of, of_error, of_refusal, problem
from docs.reference.generate import pages
from ledger.errors import Conflict, Fault, Malformed, Unverified
from ledger.reasons import Reason, Refused
from tests.api.asker import Asker

ROOT = Path(__file__).resolve().parents[2]
AT_THE_DOOR = ("strict", "canonical", "envelope", "statement", "withheld", "admit")
NOT_OURS = {"sha-256", "in-toto", "utf-8"}


@pytest.mark.parametrize("reason", Reason)
def test_every_refusal_has_a_type(reason: Reason) -> None:
    assert 403 <= TYPES[reason.value].status <= 422
    said = of_refusal(Refused(reason, "why", (("present_version", "3"),)))
    assert (said["reason"], said["status"], said["present_version"]) == (reason, TYPES[reason.value].status, "3")
    assert said["type"] == URN + reason.value


def raised(name: str) -> set[str]:
    """Rules of every `Malformed` and `Unverified` in a file of the book, also by way of its own `_no` and `_bad`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / "ledger" / f"{name}.py").read_text())):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        if node.func.id in ("Malformed", "Unverified", "_no", "_bad") and node.args:
            last = node.args[-1] if node.func.id != "_no" else node.args[0]
            found |= {n.value for n in ast.walk(last) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return found


@pytest.mark.parametrize("name", AT_THE_DOOR)
def test_every_rule_of_the_readers_at_the_door_has_a_type(name: str) -> None:
    assert {code for code in raised(name) if code not in TYPES and code not in NOT_OURS} == set()


def test_every_fault_of_the_appender_and_the_desk_has_a_type() -> None:
    store = {p for p in (ROOT / "ledger" / "store").glob("*.py") if p.stem not in SETTING_UP}
    for path in (*sorted(store), ROOT / "api" / "past.py", ROOT / "api" / "wiring.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Fault":
                code = node.args[0]
                known = not isinstance(code, ast.Constant) or code.value in TYPES or code.value in AT_START
                assert known, f"{path.name}: {ast.unparse(code)}"


SETTING_UP = ("binaries", "embedded", "identity", "migrate")
AT_START = {
    "anchor-in-use", "anchor-missing", "anchor-torn", "clock-simulated", "config-malformed", "framework-setting", "durability-off", "not-a-ledger",
    "schema-missing", "database-newer", "migration-changed",
}  # fmt: skip
"""Refusals to start: nobody is served then; docs/how-to/refusals/README.md has them."""


def test_statuses_are_those_of_the_design() -> None:
    expected = {
        "not-json": 400, "token-missing": 401, "signature-invalid": 403, "role-missing": 403, "wrong-ledger": 403,
        "not-found": 404, "event-id-conflict": 409, "version-conflict": 409, "key-known": 409, "too-large": 413,
        "media-type": 415, "header-too-large": 431, "wrong-host": 421, "quorum-short": 422, "outcome-unknown": 503,
        "read-only": 503, "overloaded": 503, "log-key-unavailable": 503, "clock-untrusted": 503, "no-space": 507,
    }  # fmt: skip
    assert {code: TYPES[code].status for code in expected} == expected


@pytest.mark.parametrize("code", sorted(TYPES))
def test_a_type_says_what_and_what_to_do(code: str) -> None:
    kind, answer = TYPES[code], problem(code)
    assert kind.means
    assert kind.remedy
    assert (answer.status_code, answer.headers["content-type"]) == (kind.status, "application/problem+json")
    assert ("retry-after" in answer.headers) == (kind.status in (503, 507)) == json.loads(answer.body)["retryable"]


def test_what_a_database_said_stays_inside() -> None:
    said = of_error(Fault("database-error", "failed", "value CANARY is wrong", "see CANARY"))
    assert "CANARY" not in str(said)
    assert of_error(Fault("at-beyond-head", "failed", "the log has 3 entries", "ask for fewer"))["detail"].startswith(
        "the log"
    )
    assert of_error(Fault("never-heard-of", "failed", "CANARY", "CANARY")) == body_of("fault")
    assert of_error(Malformed("json", "$.a", "not-json"))["place"] == "$.a"
    assert of_error(Unverified("body", "_sd", "digest-duplicate"))["status"] == 400
    assert "CANARY" not in str(of_error(Conflict("version-conflict", {"present": "CANARY"})))


def test_the_reference_pages_are_what_the_code_says() -> None:
    for name, text in pages().items():
        assert (ROOT / "docs" / "reference" / name).read_text() == text, f"{name}: run make spec"


def test_the_page_of_problems_has_an_anchor_per_code(story: Asker) -> None:
    page = story.ask("/docs/problems").text
    assert all(f'<tr id="{code}">' in page for code in TYPES)
