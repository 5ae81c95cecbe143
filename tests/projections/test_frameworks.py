"""`frameworks`: what was published, adopted, superseded; what drifted, which scope was determined, how a clause is read."""

from policies.framework import pack_digest, pack_object
from projections.frameworks import FRAMEWORKS
from projections.projection import Rank, Row, fold_events
from tests.policies.world import shipped
from tests.projections.crafted import XAI, Crafted

LATER = "2026-02-01T00:00:00.000000Z"


def rows(w: Crafted) -> dict[str, Row]:
    return fold_events(FRAMEWORKS, w.events).changed


def test_a_pack_from_publication_to_the_one_that_supersedes_it() -> None:
    w = Crafted()
    row = rows(w)[f"pack|{w.digest}"]
    assert (row.rank, row.value["id"], row.value["binds"], row.value["until"]) == (Rank.LISTED, w.pack.id, "own", None)
    assert row.value["adopted"]["effective"] == "2025-06-01T00:00:00.000000Z"
    other = shipped(XAI)
    digest = pack_digest(other)
    said = {"digest": digest, "id": other.id}
    stream = f"framework/{other.id}"
    published = {**said, "pack": pack_object(other), "source_digest": other.source.digest}
    first = w.say("framework.published", published, stream, "framer")
    assert rows(w)[f"pack|{digest}"].value["adopted"] is None
    over = w.say("framework.adopted", {**said, "effective": LATER, "scope": "all", "supersedes": w.digest}, stream, "framer")  # fmt: skip
    assert rows(w)[f"pack|{w.digest}"].value["until"] == {"by": digest, "effective": LATER, "index": over.index}
    later = rows(w)[f"pack|{digest}"].value
    assert (later["index"], later["adopted"]["index"], later["adopted"]["supersedes"]) == (first.index, over.index, w.digest)  # fmt: skip


def test_a_drifted_source_comes_first_and_scopes_and_readings_are_rows() -> None:
    w = Crafted()
    said, stream = {"digest": w.digest, "id": w.pack.id}, f"framework/{w.pack.id}"
    scope = {"applies": False, "binds_as": [], "effective": LATER, "reason": "no such models"}
    judged = w.say("framework.scope-determined", {**said, **scope}, stream, "framer")
    drift = {"expected": w.pack.source.digest, "found": "sha256:" + "0" * 64, "place": "https://frameworks.example/p", "seen_at": w.at}  # fmt: skip
    seen = w.say("framework.source-drifted", {**said, **drift}, stream, "framer")
    reading = {"clause": w.pack.gates[0].id, "reading": "pilots are deployments", "role": "RSO"}
    read = w.say("framework.interpreted", {**said, **reading}, stream, "framer")
    found = rows(w)
    assert found[f"scope|{w.pack.id}|{judged.index:016d}"].value["applies"] is False
    assert reading.items() <= found[f"reading|{w.pack.id}|{read.index:016d}"].value.items()
    pack = found[f"pack|{w.digest}"]
    assert (pack.rank, [d["index"] for d in pack.value["drifted"]]) == (Rank.FIRST, [seen.index])
    w.say("framework.adopted", {**said, "effective": LATER, "scope": "all"}, stream, "framer")
    assert rows(w)[f"pack|{w.digest}"].rank is Rank.FIRST
