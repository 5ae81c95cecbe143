"""The pack loader: shipped packs load, their object round-trips, and each kind of fault is refused at its line.

That a pack says what its source says is in test_extracts.py, test_extract_duties.py and test_deltas.py.
"""

from pathlib import Path

import pytest

from ledger.canonical import dumps, loads
from ledger.errors import Malformed
from policies.framework import load_toml, pack_digest, pack_object, parse_pack

FRAMEWORKS = Path(__file__).resolve().parents[2] / "policies" / "frameworks"
RSP = (FRAMEWORKS / "anthropic-rsp-2.2.toml").read_text()
SHIPPED = sorted(FRAMEWORKS.glob("*.toml"))


def line(text: str, needle: str, occurrence: int = 1) -> int:
    found = [n for n, row in enumerate(text.split("\n"), 1) if row.strip().startswith(needle)]
    return found[occurrence - 1]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_a_shipped_pack_is_its_own_object(path: Path) -> None:
    pack = load_toml(path.read_text(), path.name)
    value = loads(dumps(pack_object(pack)))
    assert pack.id == path.stem
    assert parse_pack(value) == pack
    assert pack_digest(value) == pack_digest(pack)
    parts = (*pack.thresholds, *pack.safeguards, *pack.gates, *pack.fallbacks, *pack.exceptions, *pack.obligations)
    assert all(part.ref.strip() for part in parts)


def test_only_a_published_number_decides() -> None:
    rsp = load_toml(RSP, "rsp")
    xai = load_toml((FRAMEWORKS / "xai-faif-2025-12-30.toml").read_text(), "xai")
    assert [t.id for t in rsp.thresholds if t.rule is not None] == []
    rules = {t.id: (t.rule.comparator, t.rule.value) for t in xai.thresholds if t.rule is not None}
    assert rules == {"RESTRICTED-ANSWER-RATE": ("<", "0.05"), "MASK-DISHONESTY": ("<", "0.5")}


def test_the_periods_of_rsp_2_2_are_those_of_its_clauses() -> None:
    pack = load_toml(RSP, "rsp")
    assert pack.reassess is not None
    assert (pack.reassess.max_age_months, pack.reassess.compute_ratio, pack.reassess.ref) == (6, "4", "section 3.1")
    every = {o.id: (o.every.amount, o.every.unit, o.ref) for o in pack.obligations if o.every is not None}
    assert every == {
        "O-NONCOMPLIANCE-MINOR": (1, "quarter", "section 7.1, note 15"),
        "O-3P-REVIEW": (1, "year", "section 7.2(4)"),
        "O-PLANS": (12, "month", "section 7.2(1), note 19"),
        "O-REAPPROVE": (1, "year", "section 4.3(5)"),
    }


# name → (what is replaced, by what, the rule, a line of the bent text that the error names: its start and occurrence)
BENT: dict[str, tuple[str, str, str, tuple[str, int]]] = {
    "unknown key in a gate": ('id = "G-TRAIN"', 'id = "G-TRAIN"\ncolour = "red"', "pack-unknown-key", ("colour", 1)),
    "unknown key at the top": ('version = "2.2"', 'version = "2.2"\ncolour = "red"', "pack-unknown-key", ("colour", 1)),
    "missing effect": ('effect = "pause_training"\n', "", "pack-missing-key", ("[[gates]]", 9)),
    "unknown effect": ('effect = "pause_training"', 'effect = "frown"', "pack-schema", ('effect = "frown"', 1)),
    "unknown action": ('actions = ["train"]', 'actions = ["trian"]', "pack-schema", ('actions = ["trian"]', 1)),
    "unknown key in when": ("when = { fact", "when = { colour = 1, fact", "pack-unknown-key", ("when = { colour", 1)),
    "a float": ('compute_ratio = "4"', "compute_ratio = 4.0", "pack-schema", ("compute_ratio", 1)),
    "two gates of one id": ('id = "G-INTERNAL"', 'id = "G-TRAIN"', "pack-duplicate", ("[[gates]]", 9)),
    "a set nobody declared": (
        'requires_sets = ["ASL-3-DEPLOYMENT-TRUSTED", "ASL-3-SECURITY"]',
        'requires_sets = ["ASL-9"]',
        "pack-unknown-name",
        ('requires_sets = ["ASL-9"]', 1),
    ),
    "a role nobody declared": ('approved_by = ["BOARD"]', 'approved_by = ["POPE"]', "pack-unknown-name", ('approved_by = ["POPE"]', 1)),
    "a state nobody declared": ('state = "below" }', 'state = "under" }', "pack-unknown-name", ("when", 3)),
    "two kinds of condition": (
        'when = { always = true }\nrequires_sets = ["ASL-2-SECURITY"]',
        'when = { always = true, any_of = ["CBRN-3"] }\nrequires_sets = ["ASL-2-SECURITY"]',
        "pack-when",
        ("when = { always = true, any_of", 1),
    ),
    "not ruled out gates, crossed does not": (
        'when = { any_of = ["CBRN-3", "AIRD-4"], state_in = ["not_ruled_out", "crossed"] }',
        'when = { any_of = ["CBRN-3", "AIRD-4"], state_in = ["not_ruled_out"] }',
        "pack-contradiction",
        ('when = { any_of = ["CBRN-3", "AIRD-4"]', 1),
    ),
    "a defined set called undefined": (
        'requires_sets = ["ASL-4-SECURITY"]',
        'requires_sets = ["ASL-3-SECURITY"]',
        "pack-contradiction",
        ('effect = "block_standard_undefined"', 1),
    ),
    "a gate that asks for nothing": (
        'requires_sets = ["ASL-2-SECURITY"]\neffect',
        "effect",
        "pack-gate-empty",
        ("[[gates]]", 2),
    ),
    "ended before it began": ('in_force_until = "2026-02-24"', 'in_force_until = "2020-01-01"', "pack-contradiction", ("in_force_until", 1)),
    "a day that isn't": ('in_force_from = "2025-05-14"', 'in_force_from = "2025-02-30"', "pack-date", ("in_force_from", 1)),
    "rules itself out": ('thresholds = ["AIRD-4", "AIRD-5"]', 'thresholds = ["AUTONOMY-CHECKPOINT"]', "pack-contradiction", ("rules_out", 1)),
    "a ratio without its fact": ('compute_fact = "effective_compute_ratio_since_last_comprehensive"\n', "", "pack-contradiction", ("[reassess]", 1)),
    "a judgement with a number": ('determination = { kind = "expert_case" }', 'determination = { kind = "expert_case", value = "3" }', "pack-contradiction", ('determination = { kind = "expert_case", value', 1)),
    "a number without its metric": ('metric = "human_expert_task_hours", ', "", "pack-contradiction", ('determination = { kind = "quantitative", comparator', 1)),
    "two thresholds of one id": ('id = "CYBER-OPS"', 'id = "CBRN-4"', "pack-duplicate", ("[[thresholds]]", 6)),
    "an interim effect nobody may approve": ('approved_by = ["CEO", "RSO"]\ninform', "inform", "pack-contradiction", ('effect = "interim', 1)),
    "a missing determination": ('determination = { kind = "expert_case" }\n', "", "pack-missing-key", ("[[thresholds]]", 2)),
    "minus zero": ('value = "1" }', 'value = "-0" }', "pack-number", ("when = { facts", 1)),
    "role without the verb": ('verbs = ["decide", "approve"]', 'verbs = ["approve"]', "pack-verb", ("[[gates]]", 3)),
    "one approver": ('version = "2.2"', 'version = "2.2"\nquorum = 1', "pack-schema", ("quorum", 1)),
}  # fmt: skip


def test_a_rule_is_the_number_that_its_determination_names() -> None:
    text = (FRAMEWORKS / "xai-faif-2025-12-30.toml").read_text()
    bent = text.replace('comparator = "<", value = "0.05", holds', 'comparator = "<", value = "0.06", holds')
    assert bent != text
    with pytest.raises(Malformed) as caught:
        load_toml(bent, "xai.toml")
    assert (caught.value.rule, caught.value.place.split()[0]) == (
        "pack-contradiction",
        f"xai.toml:{line(bent, 'rule = ')}",
    )


@pytest.mark.parametrize(
    ("text", "rule", "place"),
    [
        ("", "pack-missing-key", "x.toml:1 $.binds"),
        ('id = "x"\n', "pack-missing-key", "x.toml:1 $.binds"),
        (RSP[: RSP.index("[source]")], "pack-missing-key", "x.toml:1 $.gates"),
        ("a = " + "[" * 5000, "pack-toml", "x.toml: nested too deeply"),
        (RSP.replace('summary = "', 'summary = "\\u0000', 1), "text-domain", "summary"),
    ],
    ids=["nothing", "one key", "cut before the first table", "deep", "a text outside our domain"],
)
def test_what_is_hardly_a_pack_is_refused_and_not_a_crash(text: str, rule: str, place: str) -> None:
    with pytest.raises(Malformed) as caught:
        load_toml(text, "x.toml")
    assert caught.value.rule == rule
    if rule == "text-domain":
        place = f"x.toml:{line(text, 'summary = ')} {caught.value.place.split()[1]}"
        assert place.endswith(".summary")
    assert caught.value.place == place


@pytest.mark.parametrize("name", BENT)
def test_a_bent_pack_is_refused_at_its_line(name: str) -> None:
    old, new, rule, (start, occurrence) = BENT[name]
    assert RSP.count(old) >= 1
    text = RSP.replace(old, new, 1)
    with pytest.raises(Malformed) as caught:
        load_toml(text, "rsp.toml")
    assert caught.value.rule == rule
    assert caught.value.place.split()[0] == f"rsp.toml:{line(text, start, occurrence)}", caught.value.place


def test_broken_toml_names_its_line() -> None:
    with pytest.raises(Malformed) as caught:
        load_toml('id = "a"\nid = "b"\n', "twice.toml")
    assert caught.value.rule == "pack-toml"
    assert "line 2" in caught.value.place


@pytest.mark.parametrize("value", [None, 1, "pack", [], {}, {"id": 1}, {"id": "a", "gates": "none"}])
def test_anything_else_is_malformed(value: object) -> None:
    with pytest.raises(Malformed):
        parse_pack(value)


def test_a_default_written_out_has_another_digest_and_is_refused() -> None:
    value = pack_object(load_toml(RSP, "rsp"))
    value = {**value, "quorum": 2}
    with pytest.raises(Malformed) as caught:
        parse_pack(value)
    assert caught.value.rule == "pack-not-canonical"
