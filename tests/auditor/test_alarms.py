"""What a monitor raises: codes that never change, key sets, ages, and kinds of entries, read from real ones."""

import pytest

from auditor.alarms import CODES, EVENTS, Alarm, entry_alarms, exit_of, key_alarms, time_alarms
from auditor.heads import read_head
from ledger.events import ledger, role, rules
from tests.auditor.test_heads import BOTH, NEW, NOTE, OLD, lines
from tests.commands import ROOT
from tests.simulator import KEY_ADMINS, ROOTS, Lab, altered, grant, signed
from tests.vectors.told import to_the_end

AT = 1_780_000_000


def test_codes_are_golden() -> None:
    assert sorted(CODES) == [
        "break-glass", "checkpoint-malformed", "checkpoint-missing", "checkpoint-unsigned", "decision-diverges", "diverged",
        "entry-malformed", "entry-suppressed", "freeze", "keys-half", "keys-unexpected", "lag", "ledger-frozen",
        "ledger-restored", "log-rotated", "other-log", "rollback", "root-rotated", "rules-changed", "split-view",
        "tiles-missing", "tiles-unproven", "time-ahead", "type-unknown", "unreachable",
    ]  # fmt: skip
    assert set(CODES) >= EVENTS
    assert {exit_code for exit_code, _ in CODES.values()} == {4, 5, 6}


def test_the_how_to_lists_them_all() -> None:
    text = (ROOT / "docs" / "how-to" / "monitor-a-log.md").read_text()
    rows = [f"| `{code}` | {number} | {means} |" for code, (number, means) in CODES.items()]
    assert [row for row in rows if row not in text] == []


def test_the_gravest_decides() -> None:
    def alarms(*codes: str) -> list[Alarm]:
        return [Alarm(c, "u", "") for c in codes]

    assert [exit_of(alarms(*c)) for c in ((), ("unreachable",), ("unreachable", "lag"), ("lag", "rollback"))] == [
        0,
        6,
        5,
        4,
    ]


def test_key_sets() -> None:
    assert list(key_alarms(read_head(NOTE, OLD.vkeys), "u")) == []
    assert [a.code for a in key_alarms(read_head(BOTH, OLD.vkeys), "u")] == ["keys-unexpected"]
    mixed = lines(BOTH, OLD.vkeys[0], NEW.vkeys[1])
    assert [a.code for a in key_alarms(read_head(mixed, OLD.vkeys), "u")] == ["keys-half", "keys-unexpected"]


@pytest.mark.parametrize(
    ("now", "codes"),
    [(AT, []), (AT + 60, []), (AT + 61, ["freeze"]), (AT - 300, []), (AT - 301, ["time-ahead"])],
)
def test_the_time_that_the_log_signed(now: int, codes: list[str]) -> None:
    head = read_head(NOTE, OLD.vkeys)
    assert [a.code for a in time_alarms(head, "u", since=now, now=now, max_age=60)] == codes


def test_a_log_that_signs_no_time_is_as_old_as_it_was_first_seen() -> None:
    head = read_head(lines(NOTE, OLD.vkeys[0]), OLD.vkeys[:1])
    assert head.signed_at is None
    for now, codes in ((100, []), (160, []), (161, ["freeze"])):
        assert [a.code for a in time_alarms(head, "u", since=100, now=now, max_age=60)] == codes


def codes(lab: Lab, start: int) -> list[tuple[str, int | None]]:
    found = []
    for index, raw in enumerate(lab.entries[start:], start):
        found += [(a.code, a.index) for a in entry_alarms(raw, index, "u", lab.origin)]
    return found


def test_kinds_of_entries() -> None:
    lab = Lab()
    start = len(lab.entries)
    assert codes(lab, 0) == [], "a founded lab asks for nothing"
    body = grant("engineer", "approver", break_glass=True, valid_until="2026-04-08T09:00:00.000000Z")
    written = lab.write(role.Granted, body, "ledger", *KEY_ADMINS)
    lab.slip(written.wire())
    lab.slip(lab.write(ledger.Frozen, {"reason": "a drill"}, "ledger", *ROOTS).wire())
    lab.slip(lab.write(rules.Adopted, {"rules": "holdpoint-rules/2"}, "ledger", *ROOTS).wire())
    payload = written.envelope.payload.replace(b"event:role.granted:1", b"event:role.guessed:1")
    lab.slip(signed(payload, lab.keys[KEY_ADMINS[0]]))
    lab.slip_entry(b'{"not":"an entry"}')
    lab.slip_entry(b"")
    expected = ["break-glass", "ledger-frozen", "rules-changed", "type-unknown", "entry-malformed"]
    assert codes(lab, start) == [(code, start + n) for n, code in enumerate(expected)]


def test_a_body_of_another_form_is_malformed() -> None:
    lab = Lab()
    written = lab.write(role.Granted, grant("engineer", "approver"), "ledger", *KEY_ADMINS)
    lab.slip(altered(written, {"body": {}}, lab.keys[KEY_ADMINS[0]]))
    assert [c for c, _ in codes(lab, len(lab.entries) - 1)] == ["entry-malformed"]


def test_a_history_of_every_type_asks_for_a_look_where_it_should() -> None:
    """The golden history, which has each event type of the registry: no kind of it goes unread, and the rest raise nothing."""
    lab = to_the_end()
    found: dict[str, list[str]] = {}
    for index, raw in enumerate(lab.entries):
        for alarm in entry_alarms(raw, index, "u", "dev/vectors.example"):
            found.setdefault(alarm.code, []).append(alarm.detail.partition(": ")[2])
    assert {code: sorted({said.split()[0] for said in details}) for code, details in found.items()} == {
        "break-glass": ["role.granted"], "decision-diverges": ["decision.made"], "entry-suppressed": ["entry.suppressed"],
        "ledger-frozen": ["ledger.frozen"], "ledger-restored": ["ledger.restored"], "log-rotated": ["log.rotated"],
        "root-rotated": ["root.rotated"], "rules-changed": ["rules.adopted"],
    }  # fmt: skip
