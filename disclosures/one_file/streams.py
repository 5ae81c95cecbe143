"""Completeness: streams to their ends, references, streams that do not exist."""

from __future__ import annotations

from disclosures.one_file.bundle import Bundle
from disclosures.one_file.entry import Entry
from disclosures.one_file.strict import Bad, canonical, fits, need, parse_json, shaped, unhex
from disclosures.one_file.tables import DIGITS, STREAM, Json
from disclosures.one_file.tree import included, leaf_of


def named_models(one: Entry) -> list[str]:
    """The other models' streams that an entry names: parent, and what its compute is measured against."""
    if one.type == "model.registered":
        measured = one.body.get("effective_compute")
        found = (one.body.get("parent"), measured.get("of") if isinstance(measured, dict) else None)
        return [s for s in found if s is not None]
    return [one.body["of"]] if one.type == "model.compute-reached" else []


def check_streams(bundle: Bundle) -> str:
    """Each listed stream to its proven end: shown, or counted as withheld; nothing twice, nothing left out."""
    part, names = bundle.part["completeness"], [s["stream"] for s in bundle.part["completeness"]["streams"]]
    said = shaped(part["committed"], "completeness-form", "index root size streams")
    commits = [e for e in bundle.order if e.type == "index.committed"]
    newest = commits[-1] if commits else None
    body = {k: v for k, v in said.items() if k != "index"}
    right = newest is not None and (newest.index, newest.body) == (said["index"], body) and all(
        e.body["size"] == e.index for e in commits)  # fmt: skip
    need(right, "index-mismatch", "no shown index.committed says this", newest.index if newest else None)
    need(names == sorted(set(names)), "completeness-form", "streams out of order")
    absent = {a["stream"] for a in part["absent"]}
    lost = {"ledger", bundle.part["request"]["subject"]} - set(names) - (absent - {"ledger"})
    need(not lost, "gap", f"where {', '.join(lost)} ends is not shown")
    for one in bundle.order:
        holds = one.stream in names
        need(holds, "gap", f"entry {one.index} stands in {one.stream}, whose end is not shown", one.index)
        for other in named_models(one):
            need(other in names, "gap", f"{one.stream} names {other}, whose end is not shown", one.index)
    for end in part["streams"]:
        check_end(bundle, end, said)
    places = [s["position"] for s in part["streams"] if s["stream"].startswith("framework/")]
    need(places == list(range(places[0], places[0] + len(places))) if places else True, "gap", "a framework stream")
    check_references(bundle)
    bundle.notes.append(
        f"that the stream index of entry {said['index']} is true of all streams: a full auditor's to say"
    )
    hidden = sum(r["to"] - r["from"] + 1 for s in part["streams"] for r in s["withheld"])
    return f"{len(names)} streams to their ends as of {said['size']}; {hidden} entries withheld"


def check_indexed(datum: bytes, place: dict[str, Json], said: dict[str, Json]) -> None:
    """A datum stands in the committed stream index."""
    path = [unhex(h, "completeness-form") for h in place["path"]]
    need(0 <= place["position"] < said["streams"], "index-mismatch", "a position outside the stream index")
    root = included(leaf_of(datum), place["position"], said["streams"], path)
    need(root.hex() == said["root"], "index-mismatch", "a stream's end is not in the committed index")


def check_end(bundle: Bundle, end: dict[str, Json], said: dict[str, Json]) -> None:
    """One stream: its end in the index, its versions without gap, its chain, its head."""
    name, version, shown = end["stream"], end["version"], bundle.stream(end["stream"])
    check_indexed(canonical({k: end[k] for k in ("head", "stream", "version")}), end, said)
    need(name != "ledger" or not end["withheld"], "gap", "entries of stream ledger are withheld")
    runs = end["withheld"]
    spans = sorted([(e.version, e.version) for e in shown] + [(r["from"], r["to"]) for r in runs])
    following = 1
    for first, last in spans:
        next_is = first == following <= last
        need(next_is, "gap", f"{name}: version {min(first, following)} is missing, or there twice")
        following = last + 1
    need(following > version, "gap", f"{name}: version {following} of {version} is neither shown nor withheld")
    need([e.version for e in shown] == sorted(e.version for e in shown), "gap", f"{name}: out of order")
    beyond = [e for e in shown if e.version > version and name != "ledger"]
    need(not beyond and all(r["to"] <= version for r in runs), "head-mismatch", f"{name} goes on behind its end")
    for before, one in zip(shown, shown[1:], strict=False):
        follows = one.version != before.version + 1 or one.previous == before.leaf
        need(follows, "chain-broken", f"{name}: version {one.version} does not follow", one.index)
    last_shown = [e for e in shown if e.version == version]
    head = all(e.leaf == end["head"] and (name != "ledger" or e.index < said["size"]) for e in last_shown)
    need(head, "head-mismatch", f"{name}: its last version is another", last_shown[0].index if last_shown else None)


def check_references(bundle: Bundle) -> None:
    """What the subject's `model.referenced` point at is shown, or withheld in a listed stream of its kind, each for one."""
    known, spare, led = set[str](), dict[str, int](), set[int]()
    for end in bundle.part["completeness"]["streams"]:
        previous = {e.version: e.previous for e in bundle.stream(end["stream"])}
        runs, family = end["withheld"], end["stream"].partition("/")[0]
        last = [end["head"] if r["to"] == end["version"] else previous.get(r["to"] + 1) for r in runs]
        spare[family] = spare.get(family, 0) + sum(r["to"] - r["from"] for r in runs) + last.count(None)
        known |= {f"{family} {leaf}" for leaf in last}
    for one in (e for e in bundle.stream(bundle.part["request"]["subject"]) if e.type == "model.referenced"):
        index, leaf, kind = one.body["index"], one.body["leaf"], one.body["type"].partition(".")[0]
        family, found = {"threshold": "model", "evaluation": "model"}.get(kind, kind), bundle.entries.get(index)
        need(found is None or found.leaf == leaf, "gap", f"entry {index} is not the one referred to", index)
        if found is None and f"{family} {leaf}" not in known and index not in led:
            spare[family] = spare.get(family, 0) - 1
            detail = f"entry {index} ({one.body['type']}) is referred to, and neither shown nor withheld"
            need(spare[family] >= 0, "gap", detail, index)
        led.add(index)


def check_absences(bundle: Bundle) -> str | None:
    """The streams asked about, each proven not to exist; nothing where none was asked about."""
    part, asked = bundle.part["completeness"], bundle.part["request"].get("absent", [])
    names, size = [gap["stream"] for gap in part["absent"]], part["committed"]["size"]
    here = {s["stream"] for s in part["streams"]} | {e.stream for e in bundle.order}
    need(names == asked == sorted(set(asked)), "absent-asked", "other streams than those asked about")
    for gap in part["absent"]:
        need(gap["stream"] not in here, "absent-exists", f"{gap['stream']} is shown in this very bundle")
        for other in check_absent(gap["stream"], gap["left"], gap["right"], part["committed"]):
            need(
                other[:10] != "framework/" or other in here,
                "gap",
                f"{other} stands beside, and its end is not shown",
            )
    return "; ".join(f"no stream {name} as of size {size}" for name in names) or None


def check_absent(name: str, left: Json, right: Json, said: dict[str, Json]) -> list[str]:
    """Its neighbours' names, once they stand side by side in the index (at an edge, one is enough) and it between them."""
    names = ["", "~"]  # no stream's name comes before or after these
    for n, side in ((n, side) for n, side in enumerate((left, right)) if side is not None):
        datum = side["datum"].encode()
        try:
            check_indexed(datum, side, said)
            head = parse_json(datum, "absent-datum")
        except Bad as err:
            raise Bad("absent-datum", f"beside {name}: {err.detail}") from None
        need(fits(head, {"head": DIGITS, "stream": STREAM, "version": 1}), "absent-datum", f"beside {name}")
        names[n] = head["stream"]
    low, high = -1 if left is None else left["position"], said["streams"] if right is None else right["position"]
    need(high == low + 1, "absent-edge" if None in (left, right) else "absent-adjacent", f"{name}: its neighbours")
    need(names[0] < name < names[1], "absent-order", f"{name} does not lie between its neighbours")
    return names
