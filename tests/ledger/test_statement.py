"""Statements: written and read back, closed at every level, any bytes a statement or `Malformed`; the foreign in-toto vectors."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.canonical import dumps
from ledger.errors import Malformed
from ledger.events.body import Informed
from ledger.fields import Reference
from ledger.registry import BODIES
from ledger.statement import (
    MAX_PAYLOAD,
    format_statement,
    model_subject,
    parse_statement,
    peek_type,
    stream_subject,
    subject_record,
)
from tests.conftest import SHARED
from tests.ledger.test_canonical import VALUES
from tests.simulator import each_bit

INTOTO = SHARED / "vectors" / "intoto"
HEX = st.binary(min_size=32, max_size=32).map(bytes.hex)
TIMES = st.from_regex(
    r"20[0-9]{2}-0[1-9]-(0[1-9]|1[0-9]|2[0-8])T[01][0-9]:[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z", fullmatch=True
)
REFERENCES = st.builds(lambda i, leaf: Reference(index=i, leaf=leaf), st.integers(0, 2**53 - 1), HEX)
PARTS = st.fixed_dictionaries(
    {
        "body": st.builds(lambda of: Informed(body="BOARD", documents=(), of=of), HEX),
        "event_id": st.just("01890000-0000-7000-8000-000000000000"),
        "founding": HEX,
        "ledger": st.from_regex(r"[a-z0-9._:/@-]{1,40}", fullmatch=True),
        "occurred_at": TIMES,
        "signers": st.sets(HEX, min_size=1, max_size=4).map(sorted),
        "stream": st.from_regex(r"[a-z0-9._:/@-]{1,40}", fullmatch=True),
        "subject": HEX,
    },
    optional={
        "back_recorded": st.booleans(),
        "causes": st.lists(REFERENCES, max_size=3).map(tuple),
        "expected_version": st.integers(0, 2**53 - 1),
        "known_at": TIMES,
    },
)
SAMPLE = format_statement(
    body=Informed(body="BOARD", documents=(), of="ab" * 32), event_id="01890000-0000-7000-8000-000000000000", founding="cd" * 32,
    ledger="dev/x", occurred_at="2026-04-07T09:00:00.000000Z", signers=("ef" * 32,), stream="model/a", subject="ab" * 32,
    predicate_type=Informed.event.topic,
)  # fmt: skip


@given(PARTS)
@settings(deadline=None)
def test_round_trip(parts: dict[str, Any]) -> None:
    raw = format_statement(predicate_type=Informed.event.topic, **parts)
    assert raw == dumps(json.loads(raw))
    assert peek_type(raw) == Informed.event.topic
    read = parse_statement(raw, Informed)
    said = read.predicate
    assert (said.body, said.ledger, said.founding, said.stream) == (
        parts["body"],
        parts["ledger"],
        parts["founding"],
        parts["stream"],
    )
    assert said.signers == tuple(parts["signers"])
    assert (said.known_at, said.expected_version) == (parts.get("known_at"), parts.get("expected_version"))
    assert (said.back_recorded, said.causes) == (parts.get("back_recorded", False), parts.get("causes", ()))
    assert read.subject[0].digest.sha256 == parts["subject"]


def test_no_bit_is_free() -> None:
    """Flipped, it is refused, or it says something else."""
    whole = parse_statement(SAMPLE, Informed)
    for bent in each_bit(SAMPLE):
        with contextlib.suppress(Malformed):
            assert parse_statement(bent, Informed) != whole


@given(
    st.binary(max_size=200)
    | VALUES.map(dumps)
    | st.builds(lambda n, b: SAMPLE[:n] + b + SAMPLE[n + 1 :], st.integers(0, len(SAMPLE)), st.binary(max_size=3))
)
def test_any_bytes_are_a_statement_or_malformed(raw: bytes) -> None:
    with contextlib.suppress(Malformed):
        peek_type(raw)
    for body in (Informed, BODIES[0], BODIES[-1]):
        with contextlib.suppress(Malformed):
            parse_statement(raw, body)


def test_every_member_is_needed_and_none_is_added() -> None:
    document = json.loads(SAMPLE)
    for path in ((), ("predicate",), ("predicate", "body"), ("subject", 0), ("subject", 0, "digest")):
        place: Any = document
        for step in path:
            place = place[step]
        for name in list(place):
            value = place.pop(name)
            with pytest.raises(Malformed):
                parse_statement(dumps(document), Informed)
            place[name] = value
        place["extra"] = 1
        with pytest.raises(Malformed):
            parse_statement(dumps(document), Informed)
        del place["extra"]
    assert dumps(document) == SAMPLE


@pytest.mark.parametrize("subjects", [0, 2])
def test_exactly_one_subject(subjects: int) -> None:
    document = json.loads(SAMPLE)
    document["subject"] *= subjects
    with pytest.raises(Malformed, match="schema"):
        parse_statement(dumps(document), Informed)


def test_signers_ascend() -> None:
    document = json.loads(SAMPLE)
    for signers, rule in (
        (["ef" * 32, "ab" * 32], "signers-order"),
        (["ab" * 32] * 2, "signers-order"),
        ([], "schema"),
    ):
        document["predicate"]["signers"] = signers
        with pytest.raises(Malformed, match=rule):
            parse_statement(dumps(document), Informed)


def test_too_large() -> None:
    document = json.loads(SAMPLE)
    for reader in (peek_type, lambda raw: parse_statement(raw, Informed)):
        with pytest.raises(Malformed, match="too-large"):
            reader(dumps({**document, "x": "y" * MAX_PAYLOAD}))
    with pytest.raises(Malformed, match="too-large"):
        format_statement(
            body={"x": "y" * MAX_PAYLOAD}, event_id="", founding="", ledger="", occurred_at="", signers=(), stream="", subject="",
            predicate_type="",
        )  # fmt: skip


def test_subjects() -> None:
    """The salted record is the only commitment to name and weights; elsewhere the stream's name is the subject."""
    record = subject_record(b"\0" * 16, "fictional", "sha256:0")
    assert record == b'["AAAAAAAAAAAAAAAAAAAAAA","subject",{"name":"fictional","weights":"sha256:0"}]'
    assert model_subject(b"\0" * 16, "fictional", "sha256:0") != model_subject(b"\1" * 16, "fictional", "sha256:0")
    assert len({stream_subject(s) for s in ("ledger", "framework/x", "document/x")}) == 3


@pytest.mark.skipif(not INTOTO.is_dir(), reason="the shared vectors are not beside this checkout")
@pytest.mark.parametrize(
    "name",
    [
        "reference-1",
        "reference-2",
        "release-1",
        "release-3",
        "release-5",
        "scai-2",
        "svr-1",
        "svr-2",
        "svr-3",
        "test-result-1",
    ],
)
def test_in_toto_vectors(name: str) -> None:
    """Statements of other predicates: the type is read where the file is JSON, and none is one of our events."""
    raw = (INTOTO / f"{name}.json").read_bytes()
    if name in ("release-5", "scai-2"):
        with pytest.raises(Malformed, match="not-json"):
            peek_type(raw)
        return
    assert peek_type(raw) == json.loads(raw)["predicateType"]
    compact = dumps(json.loads(raw))
    assert peek_type(compact) == peek_type(raw)
    for body in BODIES:
        with pytest.raises(Malformed):
            parse_statement(compact, body)
