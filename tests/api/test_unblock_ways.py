"""Every reason that leaves a finding open has a way out, or says that nobody has one; what is printed is a real command."""

import ast
import re
import shlex
from pathlib import Path
from typing import get_args

import pytest
import typer

from api.cli.main import app
from api.gate_text import screen
from api.unblock import AGAIN, ATTEST, DETERMINE, FACT, IMPORT, ROLES_WORD, SEEN, People, following, way
from ledger.events.evaluation import Preregistration
from policies.answer import Answer, AsOf, Clearance, Finding, FindingState, PolicyVerdict, Request

ROOT = Path(__file__).resolve().parents[2]
JUDGING = (
    "applies", "conditions", "determinations", "documents", "evaluate", "evidence", "metrics", "requirements", "results",
    "settling", "stale",
)  # fmt: skip
ALONE = {
    "document-missing",
    "document-unconfirmed",
    "scope-unstated",
    "scope-undetermined",
    "standard-undefined",
    *ROLES_WORD,
}
OPEN = ATTEST | DETERMINE | IMPORT | AGAIN | FACT | ALONE
REQUEST = Request("model/one", "external_deploy", None, "general", ("api",), ("own-cloud",))
# Words of the form of a reason that are none: reasons of a whole verdict, states, outcomes (a reason with `run-` before them).
NOT_OF_A_FINDING = {"artifact-mismatch", "interim-measures", "no-rule", "out-of-scope", "subject-unknown"}


def reasons() -> set[str]:
    """Reason codes in the rooms that judge findings, read out of their source."""
    found: set[str] = set()
    for name in JUDGING:
        for node in ast.walk(ast.parse((ROOT / "policies" / f"{name}.py").read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= {node.value} if re.fullmatch(r"[a-z]+(-[a-z]+)+", node.value) else set()
    outcomes = get_args(Preregistration.__annotations__["outcome"])
    return (found | {f"run-{o}" for o in outcomes}) - NOT_OF_A_FINDING


def test_every_reason_has_a_way() -> None:
    assert reasons() <= OPEN | SEEN, "say in api/unblock.py who can unblock it"


def known(line: str) -> bool:
    """Whether the command line parses as far as its options."""
    words = shlex.split(line)[1:]
    command = typer.main.get_command(app)
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    flags = {o for p in command.params for o in p.opts}
    return all(word in flags for word in words if word.startswith("--"))


@pytest.mark.parametrize("why", sorted(OPEN))
def test_a_way_names_somebody_and_real_commands(why: str) -> None:
    finding = Finding("pack", "G", "section 1", "THRESHOLD determined", "unknown", why, (7,))
    found = way(REQUEST, why, [finding], [finding], People(), " --data 'a b'")
    assert found.who
    assert found.commands or found.note or why == "standard-undefined"
    assert all(known(line) for line in found.commands), found.commands
    assert all(line.endswith(" --data 'a b'") for line in found.commands)


def test_every_command_that_a_page_names_is_one() -> None:
    text = "\n".join(p.read_text() for p in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))))
    lines = re.findall(r"`(holdpoint [^`\n]+)`", text) + re.findall(
        r"^\s*(?:\$ |\.venv/bin/)?(holdpoint [^\n#]+)", text, re.MULTILINE
    )
    assert len(lines) > 150
    assert [line for line in lines if not known(line.strip().rstrip("\\"))] == []


def test_a_set_is_attested_whole_only_where_all_of_it_is_open() -> None:
    def finding(member: str, state: FindingState) -> Finding:
        return Finding("pack", "G", "section 1", f"SET/{member}", state, "attestation-expired")

    whole = [finding("A-1", "expired"), finding("A-2", "expired")]
    part = [finding("A-1", "expired"), finding("A-2", "met")]
    assert "--set SET" in way(REQUEST, "attestation-expired", whole, whole, People()).commands[0]
    one = way(REQUEST, "attestation-expired", part[:1], part, People()).commands[0]
    assert "--safeguard A-1" in one
    assert "A-2" not in one
    assert "--set" not in one


@pytest.mark.parametrize(
    ("reason", "verbs"),
    [
        ("no-decision", ["request", "approve", "approve", "inform", "decide"]),
        ("withheld-by-decision", ["request", "approve", "approve", "inform", "decide"]),
        ("decision-lapsed", ["request", "approve", "approve", "inform", "decide"]),
        ("packs-changed", ["request", "approve", "approve", "inform", "decide"]),
        ("body-not-informed", ["inform"]),
        ("ledger-not-verified", ["doctor"]),
        ("decided", []),
    ],
)
def test_what_follows(reason: str, verbs: list[str]) -> None:
    verdict = PolicyVerdict(
        Answer.PERMIT, (), (), (), (), (("pack", "CEO"), ("pack", "RSO")), (("pack", "BOARD"), ("pack", "LTBT"))
    )
    people = People({"pack|CEO": ["head"], "pack|RSO": ["officer"]})
    clearance = Clearance(Answer.UNDETERMINED, (reason,), missing=("BOARD",))
    steps = following(REQUEST, verdict, clearance, people)
    assert [line.split()[1] for _, line in steps] == verbs
    assert all(known(line) for _, line in steps)
    if len(verbs) > 1:
        assert "--as head" in steps[1][1]
        assert "--as officer" in steps[2][1]


def test_what_is_met_and_worth_a_look_is_shown() -> None:
    finding = Finding("pack", "G", "section 1", "T by the run announced first", "met", "announced-again", (3, 9))
    verdict = PolicyVerdict(Answer.PERMIT, (), (finding,), (), ())
    text = screen(REQUEST, verdict, Clearance(Answer.PERMIT, ("decided",)), AsOf(10, "2026-01-01"), People())
    assert "seen: G (section 1): announced-again, T by the run announced first; events 3, 9" in text


def test_a_claim_per_vector_is_attested_with_the_vectors_that_are_open() -> None:
    open_ = [
        Finding("pack", "G", "section 1", f"SET/vector:{v}", "unmet", "attestation-missing") for v in ("one", "two")
    ]
    (line,) = way(REQUEST, "attestation-missing", open_, open_, People()).commands
    assert "--set SET --vector one --vector two" in line
    assert known(line)


def test_the_role_that_owes_its_word_is_named() -> None:
    finding = Finding("pack", "G", "section 1", "report accepted by BOARD", "unknown", "acceptance-missing")
    found = way(REQUEST, finding.why, [finding], [finding], People({"pack|BOARD": ["chair"]}))
    assert found.commands == (
        "holdpoint document confirm report --model model/one --verb accept --role BOARD --as chair",
    )
    assert all(known(line) for line in found.commands)
