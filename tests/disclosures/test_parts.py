"""The JSON members of a bundle: canonical, closed, and named when they are not."""

import pytest

from disclosures.parts import (
    PARTS,
    Committed,
    Completeness,
    Consistency,
    ConsistencyProof,
    Redactions,
    Run,
    StreamEnd,
    format_part,
    parse_part,
)
from ledger.errors import Malformed

ENDS = Completeness(
    absent=(),
    committed=Committed(index=4, root="ab" * 32, size=4, streams=1),
    schema="holdpoint.completeness/1",
    streams=(
        StreamEnd(
            head="cd" * 32, path=("ef" * 32,), position=0, stream="model/one", version=3,
            withheld=(Run(class_="other", from_=1, to=2),),
        ),
    ),
)  # fmt: skip
RAW = format_part(ENDS)


def test_a_part_is_read_as_it_was_written() -> None:
    assert parse_part(RAW, Completeness) == ENDS
    assert b'"withheld":[{"class":"other","from":1,"to":2}]' in RAW
    proofs = Consistency(proofs=(ConsistencyProof(path=(), size=1),), schema="holdpoint.consistency/1")
    assert parse_part(format_part(proofs), Consistency) == proofs


BAD = {
    "not JSON": b"{",
    "blank": RAW.replace(b",", b", ", 1),
    "member order": b'{"schema":"holdpoint.redactions/1","classes":[]}',
    "one key twice": RAW[:-1] + b',"absent":[]}',
    "another member": RAW.replace(b'{"absent"', b'{"aa":1,"absent"'),
    "a number with a fraction": RAW.replace(b'"size":4', b'"size":4.0'),
    "a negative version": RAW.replace(b'"version":3', b'"version":-3'),
    "no streams": RAW[: RAW.index(b'"streams":[')] + b'"streams":[]}',
    "upper case hex": RAW.replace(b"abab", b"ABAB"),
    "another schema": RAW.replace(b"completeness/1", b"completeness/2"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_the_form_is_refused(name: str) -> None:
    kind = Redactions if name == "member order" else Completeness
    with pytest.raises(Malformed) as caught:
        parse_part(BAD[name], kind)
    assert caught.value.rule == ("redactions-form" if kind is Redactions else "completeness-form")


@pytest.mark.parametrize("path", sorted(PARTS))
def test_every_part_says_which_it_is(path: str) -> None:
    with pytest.raises(Malformed, match=path.rpartition("/")[2].removesuffix(".json")):
        parse_part(b"[]", PARTS[path])
