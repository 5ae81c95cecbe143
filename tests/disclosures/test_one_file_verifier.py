"""The verifier in one file: another implementation, which must find what the auditor finds, and needs `cryptography` alone."""

import ast
import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor.bundle import Trust, verify_zip
from auditor.pin import format_pin
from disclosures.static import verify as one_file
from disclosures.stored_zip import format_zip
from ledger.canonical import dumps
from ledger.events import model
from ledger.registry import BODIES
from tests.disclosures.bent import BENT, BENT_REPORT, LAST, verdict_of
from tests.disclosures.forger import MODEL, Forger, commit_as_is, everything, honest, told
from tests.disclosures.nested import FORGED, PLAIN, story, text_of
from tests.simulator import Lab
from tests.vectors.told import unsealed

FILE = Path(one_file.__file__)


def trust_file(lab: Lab, size: int = 1) -> bytes:
    return format_pin(lab.origin, lab.founding, tuple(map(str, lab.log.vkeys)), lab.note(size))


def both(files: dict[str, bytes], lab: Lab | None, size: int = 1) -> tuple[Any, list[Any], str]:
    """The auditor's report, the one-file verifier's checks, and its verdict."""
    raw = format_zip(files)
    report = verify_zip(raw, Trust(None if lab is None else lab.pin(size)))
    pin = None if lab is None else json.loads(trust_file(lab, size))
    checks, _ = one_file.verify(raw, pin)
    return report, checks, one_file.lowest([c[1] for c in checks])


def agree(files: dict[str, bytes], lab: Lab | None, size: int = 1) -> str:
    report, checks, verdict = both(files, lab, size)
    assert verdict == report.verdict.value, (checks, report.to_json())
    assert one_file.EXIT[verdict] == report.exit_code
    return verdict


@pytest.mark.parametrize("hidden", [[], [1], [5], [2, 3], [1, 2, 3, 4, 5]])
def test_honest_bundles(hidden: list[int]) -> None:
    files = honest(withheld={(MODEL, v): "x" for v in hidden}).files()
    assert agree(files, told()[0]) == "VALID_UNWITNESSED"
    assert agree(files, None) == "UNANCHORED"
    assert agree(files, told()[0], 7) == "UNANCHORED"
    assert agree(files, told()[0], LAST + 1) == "VALID_UNWITNESSED"
    assert agree(files, Lab("dev/other")) == "DIVERGED"
    assert agree(files, Lab(name="anew")) == "DIVERGED"


@pytest.mark.parametrize(("bend", "code", "index"), BENT)
def test_bent_members(bend: Callable[[dict[str, bytes]], object], code: str, index: int | None) -> None:
    report, checks, verdict = both(honest().files(bend), told()[0])
    assert verdict == report.verdict.value == verdict_of(code), (checks, report.to_json())
    assert {c[2] for c in checks if c[2] != "ok"} & {c.code for c in report.checks}, (checks, report.to_json())


@pytest.mark.parametrize(("bend", "code", "index"), BENT_REPORT)
def test_a_report_is_said_to_be_unproven(bend: Callable[[dict[str, bytes]], object], code: str, index: None) -> None:
    """It does not render; the auditor does, and finds it."""
    files = honest().files(bend)
    report, _, verdict = both(files, told()[0])
    assert (report.verdict.value, verdict) == ("INVALID", "VALID_UNWITNESSED")
    _, notes = one_file.verify(format_zip(files), json.loads(trust_file(told()[0])))
    assert any("report.html" in note for note in notes)


@pytest.mark.parametrize("name", FORGED)
def test_what_is_hidden_inside_what_is_hidden(name: str) -> None:
    forge, code = FORGED[name]
    forger = story(forge)
    report, checks, verdict = both(forger.files(), forger.lab)
    assert verdict == report.verdict.value == "INVALID", (checks, report.to_json())
    assert code in {c[2] for c in checks} & {c.code for c in report.checks}, (checks, report.to_json())


def test_honest_elements_and_members() -> None:
    """All of it, the array without its elements, and nothing: it holds, and what is disclosed is what was recorded."""
    forger = story()
    assert agree(forger.files(), forger.lab) == "VALID_UNWITNESSED"
    (one,) = (e for e in forger.shown().entries if e.type == "evaluation.recorded")
    assert unsealed(dict(one.body)) == PLAIN
    assert one.disclosed == ("model_as_named", "revision", "scores")
    assert one.hidden == 6 - 2 + 2 - 2 + 32 - 2, "decoys alone"
    for some in ((text_of("scores"),), (), (text_of("scores"), text_of(None, "refusal")), (text_of("commit"),)):
        fewer = story(texts=some)
        assert agree(fewer.files(), fewer.lab) == "VALID_UNWITNESSED"
        (one,) = (e for e in fewer.shown().entries if e.type == "evaluation.recorded")
        assert one.hidden == 6 + 2 - 2 + (32 if text_of("scores") in some else 0) + 2 - len(some)


def test_an_element_that_the_profile_does_not_let_out() -> None:
    profile = everything()
    for shows in profile["shows"]:
        if shows["type"] == "evaluation.recorded":
            shows["disclose"] = ["evaluator", "model_as_named", "revision"]
    forger = story(profile=profile)
    report, checks, _ = both(forger.files(), forger.lab)
    assert "profile-exceeded" in {c[2] for c in checks} & {c.code for c in report.checks}


@pytest.mark.parametrize("by", ["assessor", "decider"])
def test_roles(by: str) -> None:
    lab = told()[0].fork()
    lab.slip(lab.write(model.ComputeReached, {"of": "model/b", "ratio": "9"}, MODEL, by).wire())
    commit_as_is(lab)
    assert agree(Forger(lab).files(), lab) == "INVALID"


def test_claims_are_never_passed_over() -> None:
    files = honest(claims=({"kind": "decision", "index": 5},)).files()
    _, checks, verdict = both(files, told()[0])
    assert (verdict, "claims-not-folded") == ("INCOMPLETE", next(c[2] for c in checks if c[1] == "INCOMPLETE"))


def test_the_profile_is_held_against() -> None:
    profile = everything()
    for shows in ([s for s in profile["shows"] if s["type"] != "model.registered"],
                  [{k: v for k, v in s.items() if k != "disclose"} for s in profile["shows"]]):  # fmt: skip
        assert agree(honest(profile={**profile, "shows": shows}).files(), told()[0]) == "INVALID"


@pytest.mark.parametrize("step", range(60))
def test_no_byte_is_free(step: int) -> None:
    raw = bytearray(format_zip(honest().files()))
    raw[len(raw) * step // 60 + step] ^= 1 << step % 8
    checks, _ = one_file.verify(bytes(raw), json.loads(trust_file(told()[0])))
    assert one_file.EXIT[one_file.lowest([c[1] for c in checks])] == 4


@pytest.mark.parametrize("raw", [b"", b"PK", b"PK\5\6" + bytes(18), b"PK\3\4" * 9, bytes(100)])
def test_what_is_no_zip(raw: bytes) -> None:
    checks, _ = one_file.verify(raw, None)
    assert one_file.lowest([c[1] for c in checks]) == "INVALID"


ODD: list[Any] = [
    None,
    -1,
    0,
    1,
    2**53 - 1,
    "",
    [],
    {},
    True,
    "ab" * 32,
    [1],
    [None],
    {"a": 1},
    "2026-01-01T00:00:00.000000Z",
]
MEMBERS = ["claims", "completeness", "consistency", "redactions", "request"]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(p for key, one in inner for p in places(one, (*path, key)))]


def put(value: Any, path: tuple[Any, ...], odd: Any) -> Any:
    """The value with something else at a place."""
    if not path:
        return odd
    value[path[0]] = put(value[path[0]], path[1:], odd)
    return value


@pytest.mark.parametrize("seed", range(60))
def test_any_member_bent_anywhere(seed: int) -> None:
    """Something of another kind at a place drawn by seed: nobody raises, and both verifiers say the same."""
    draw = random.Random(seed)
    forger = honest(withheld={(MODEL, 3): "x"})
    payload = forger.payload()
    name = f"data/{MEMBERS[seed % len(MEMBERS)]}.json"
    value = json.loads(payload[name])
    payload[name] = dumps(put(value, draw.choice(places(value)), draw.choice(ODD)))
    agree(forger.seal(payload, profile="everything"), told()[0])


def test_its_table_is_the_registry_s() -> None:
    derived = {b.event.name for b in BODIES if b.event.derived}
    for body in BODIES:
        kind = body.event
        roles = ["!"] if kind.name in derived else list(kind.roles) or (["root"] if kind.root_quorum else ["-"])
        assert one_file.TABLE[kind.name] == (roles, kind.quorum, kind.slots, list(kind.withholdable) or ["-"]), (
            kind.name
        )
        inside = {e.field: ([], e.cap) for e in kind.elements} | {
            m.field: (list(m.names), m.slots) for m in kind.members
        }
        assert one_file.INSIDE[kind.name] == inside
    assert set(one_file.TABLE) == {b.event.name for b in BODIES}


def test_it_needs_cryptography_and_nothing_of_ours() -> None:
    tree = ast.parse(FILE.read_text())
    names = {a.name.split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    names |= {(n.module or "").split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert names - set(sys.stdlib_module_names) == {"cryptography"}


def test_as_a_program(tmp_path: Path) -> None:
    (tmp_path / "bundle.zip").write_bytes(format_zip(honest().files()))
    (tmp_path / "pin.json").write_bytes(trust_file(told()[0]))
    run = [sys.executable, "-I", str(FILE), str(tmp_path / "bundle.zip")]
    found = subprocess.run(
        [*run, "--pin", str(tmp_path / "pin.json"), "--json"], capture_output=True, text=True, check=False
    )
    assert (found.returncode, json.loads(found.stdout)["verdict"]) == (0, "VALID_UNWITNESSED")
    bare = subprocess.run(run, capture_output=True, text=True, check=False)
    assert bare.returncode == 5
    assert "UNANCHORED" in bare.stdout
    assert subprocess.run([*run, "--pin", str(tmp_path)], capture_output=True, check=False).returncode == 2


def test_the_page_beside_it_begins_with_where_to_take_it_from() -> None:
    first = FILE.with_name("VERIFY.md").read_text().split("\n")[0]
    assert first.startswith("Take the verifier from the release, not from whoever handed you this")
