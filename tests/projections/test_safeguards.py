"""`safeguards`: attestations with scope and times, what degraded and what was withdrawn, and where each model's stand."""

from projections.projection import Rank, Row, fold_events
from projections.safeguards import SAFEGUARDS
from tests.projections.crafted import Crafted

SET = "ASL-3-DEPLOYMENT"


def rows(w: Crafted) -> dict[str, Row]:
    return fold_events(SAFEGUARDS, w.events).changed


def told() -> Crafted:
    w = Crafted()
    w.model()
    return w


def test_an_attestation_with_its_scope_and_times() -> None:
    w = told()
    said = w.attest(SET)
    row = rows(w)[f"{said.stream}|{said.index:016d}"]
    assert row.rank is Rank.LISTED
    body = said.body
    expected = {
        "degraded": [], "framework": w.digest, "independence": "internal", "index": said.index, "principals": ["attester"],
        "safeguards": list(body.safeguards), "valid_from": body.valid_from, "valid_until": body.valid_until, "withdrawn_at": None,
    }  # fmt: skip
    assert expected.items() <= row.value.items()
    assert row.value["scope"]["subjects"] == ["model/m"]
    place = rows(w)[f"model/m|{said.index:016d}"]
    assert (place.rank, place.value["attestation"], place.value["stream"]) == (Rank.DETAIL, said.index, said.stream)


def test_what_degrades_and_what_is_withdrawn_comes_first() -> None:
    w = told()
    said, other = w.attest(SET), w.attest("ASL-3-SECURITY")
    one, two = said.body.safeguards[:2]
    marks = []
    for name in (one, two):
        body = {"attestation": w.reference(said), "reason": "fictional", "safeguards": [name], "since": w.at}
        marks.append(w.say("safeguard.degraded", body, said.stream, "attester").index)
    gone = w.say("safeguard.withdrawn", {"attestation": w.reference(said), "reason": "x"}, said.stream, "attester")
    row = rows(w)[f"{said.stream}|{said.index:016d}"]
    assert [(d["index"], d["safeguards"]) for d in row.value["degraded"]] == [(marks[0], [one]), (marks[1], [two])]
    assert (row.rank, row.value["withdrawn_at"]) == (Rank.FIRST, gone.index)
    assert rows(w)[f"{other.stream}|{other.index:016d}"].rank is Rank.LISTED
