"""What a bundle shows: read by one function, which believes nothing and lets nothing pass unread."""

from collections.abc import Callable

import pytest

from disclosures.shown import Defect, read_shown
from ledger.strict import format_base64url
from ledger.withheld import hide
from tests.disclosures.forger import MODEL, Forger, honest

Files = dict[str, bytes]


def registration(forger: Forger) -> int:
    """The index of the entry whose name is disclosed."""
    return next(iter(forger.disclosures))


def test_what_is_disclosed_is_put_back() -> None:
    forger = honest()
    shown = forger.shown()
    assert [e.index for e in shown.entries] == list(range(len(forger.lab.entries)))
    one = shown.by_index[registration(forger)]
    assert (one.type, one.stream, one.version, one.disclosed, one.hidden) == (
        "model.registered", MODEL, 1, ("subject",), 0,
    )  # fmt: skip
    assert one.body["subject"]["name"] == "Fictional-1"
    assert one.principals == ("assessor",)
    assert shown.entries[0].principals
    assert shown.checkpoint.size == len(forger.lab.entries)


def test_what_stays_hidden_is_counted() -> None:
    forger = honest()
    forger.disclosures = {}
    one = forger.shown().of_stream(MODEL)[0]
    assert (one.disclosed, one.hidden, "subject" in one.body) == ((), 1, False)


def _moved(at: str, to: str) -> Callable[[Files], None]:
    def bend(files: Files) -> None:
        files[to] = files.pop(at)

    return bend


@pytest.mark.parametrize(
    ("bend", "code"),
    [
        (lambda f: f.pop("data/keys"), "bag-missing"),
        (lambda f: f.pop("data/checkpoint"), "bag-missing"),
        (lambda f: f.pop("data/claims.json"), "bag-missing"),
        (lambda f: f.update({"data/notes.txt": b"x"}), "bag-extra"),
        (lambda f: f.update({"data/events/07.json": b"{}"}), "bag-extra"),
        (lambda f: f.update({"data/disclosures/999.jsonl": b"x\n"}), "bag-extra"),
        (lambda f: f.pop("data/events/3.json"), "bag-extra"),
        (lambda f: f.pop("data/proofs/3.tlog-proof"), "proof-missing"),
        (lambda f: f.update({"data/events/3.json": b"{}"}), "entry-form"),
        (lambda f: f.update({"data/checkpoint": b"x"}), "checkpoint-malformed"),
        (lambda f: f.update({"data/claims.json": f["data/claims.json"] + b"\n"}), "claims-form"),
        (lambda f: f.update({"data/completeness.json": b"[]"}), "completeness-form"),
        (_moved("data/redactions.json", "data/Redactions.json"), "bag-missing"),
    ],
)  # fmt: skip
def test_a_member_that_does_not_fit_is_named(bend: Callable[[Files], object], code: str) -> None:
    payload = honest().payload()
    bend(payload)
    with pytest.raises(Defect) as caught:
        read_shown(payload)
    assert caught.value.code == code


def _record(name: str, value: object, byte: int = 7) -> str:
    return hide(name, value, bytes([byte] * 16)).text


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        (lambda t: (t, _record("subject", "x")), "disclosure-orphan"),
        (lambda t: (t[:-2] + ("A" if t[-2] != "A" else "B") + t[-1],), None),
        (lambda t: (_record("other", 1),), "disclosure-orphan"),
        (lambda t: (format_base64url(b"[]"),), "disclosure-arity"),
    ],
)
def test_a_disclosure_that_does_not_fit_is_named(texts, code) -> None:
    forger = honest()
    n = registration(forger)
    forger.disclosures = {n: texts(forger.disclosures[n][0])}
    with pytest.raises(Defect) as caught:
        forger.shown()
    assert caught.value.index == n
    assert code is None or caught.value.code == code


@pytest.mark.parametrize("lines", [b"", b"\n", b"a", b"b\na\n", b"a\na\n", b"\xc3\xa9\n", b"a\r\n"])
def test_lines_have_one_form(lines: bytes) -> None:
    forger = honest()
    n = registration(forger)
    payload = forger.payload()
    payload[f"data/disclosures/{n}.jsonl"] = lines
    with pytest.raises(Defect) as caught:
        read_shown(payload)
    assert caught.value.index == n
