"""What may leave: profile, redactions, what was erased, packs."""

from __future__ import annotations

from calendar import monthrange
from hashlib import sha256

from disclosures.one_file.bundle import Bundle
from disclosures.one_file.entry import Entry
from disclosures.one_file.strict import Bad, canonical, need
from disclosures.one_file.tables import HELD, TABLE, Json


def later(time: str, period: dict[str, Json] | None) -> str | None:
    """The same day and clock a period later, the last day of the month where that day does not exist."""
    if period is None:
        return None
    months = int(time[:4]) * 12 + int(time[5:7]) - 1 + period["amount"] * (12 if period["unit"] == "year" else 1)
    year, month = divmod(months, 12)
    if year > 9999:
        return f"9999-12-31{time[10:]}"
    return f"{year:04}-{month + 1:02}-{min(int(time[8:10]), monthrange(year, month + 1)[1]):02}{time[10:]}"


def check_redactions(bundle: Bundle) -> str:
    """Each withheld version under a class that is described, each class with its count."""
    classes, counted = bundle.part["redactions"]["classes"], dict[str, int]()
    for end in bundle.part["completeness"]["streams"]:
        for run in end["withheld"]:
            counted[run["class"]] = counted.get(run["class"], 0) + run["to"] - run["from"] + 1
    ids = [c["id"] for c in classes]
    need(ids == sorted(set(ids)), "redactions-form", "classes out of order")
    need(set(counted) <= set(ids), "redactions-missing", "a class is not described")
    for one in classes:
        wanted = counted.get(one["id"], 0)
        fits = one["count"] == wanted and (one["kind"] in ("event", "suppressed")) == (wanted > 0)
        need(fits, "redactions-count", f"class {one['id']} counts otherwise")
    told = {(e.body["stream"], e.body["version"]): e.body for e in bundle.order if e.type == "entry.suppressed"}
    suppressed, gone = {c["id"] for c in classes if c["kind"] == "suppressed"}, list[int]()
    for end in bundle.part["completeness"]["streams"]:
        name, version = end["stream"], end["version"]
        leaves = {e.version - 1: e.previous for e in bundle.stream(name)} | {version: end["head"]}
        for run in (r for r in end["withheld"] if r["class"] in suppressed):
            for v in range(run["from"], min(run["to"], version) + 1):
                by = told.get((name, v))
                backed = by is not None and leaves.get(v, by["leaf"]) == by["leaf"]
                need(backed, "redactions-ground", f"{name}: version {v} is suppressed, says no entry of the root")
                gone.append(by["index"] if by else 0)
    if gone:
        detail = f"suppressed by the root: {', '.join(map(str, gone))}; what rests on them can't be judged"
        raise Bad("suppressed", detail, gone[0], "INCOMPLETE")
    return f"{len(ids)} classes, each with its ground; {sum(counted.values())} entries withheld"


def check_profile(bundle: Bundle) -> str:
    """Every shown entry and disclosed field is one that the profile allows, and every class is the profile's own."""
    profile = bundle.part["request"]["profile"]
    shows = {s["type"]: s for s in profile["shows"]}
    families = {t.partition(".")[0] + ".*" for t in TABLE}
    held = {f"{t}.{f}" for t, fields in HELD.items() for f in fields}
    known = {"event": {"*", *TABLE, *families}, "field": {"*", *held}}
    sound = (
        profile["shows"] and all(s["type"] in TABLE for s in profile["shows"])
        and len({s["type"] for s in profile["shows"]}) == len(profile["shows"])
        and all(set(s.get("disclose", [])) <= HELD[s["type"]] and s.get("disclose") != [] for s in profile["shows"])
        and all(w["of"] and set(w["of"]) <= known[w["kind"]] for w in profile["withholds"])
        and any(w["kind"] == "event" and "*" in w["of"] for w in profile["withholds"])
        and len({w["id"] for w in profile["withholds"]}) == len(profile["withholds"])
        and all(w.get("retention", {"amount": 1})["amount"] <= 1200 for w in profile["withholds"])
        and not any(w["id"].startswith(("erased-", "unheld-")) for w in profile["withholds"])
    )  # fmt: skip
    fields = {pattern for w in profile["withholds"] if w["kind"] == "field" for pattern in w["of"]}
    shown = {t: one.get("disclose", []) for t, one in shows.items() if t in TABLE}
    kept = {f"{t}.{f}" for t, open_ in shown.items() for f in HELD[t] if f not in open_}
    need("*" in fields or kept <= fields, "profile-form", "a field stays withheld under no class")
    need(sound, "profile-form", "the profile names what does not exist, or one thing twice")
    for one in bundle.order:
        allowed = shows.get(one.type, {})
        named = {*allowed.get("fields", ()), *allowed.get("disclose", ())}
        shut = HELD[one.type] & one.showing if "*" in named else one.showing
        fits = one.stream == "ledger" or one.type == "disclosure.erased" or (allowed and shut <= named)
        may = set() if one.stream == "ledger" else set(allowed.get("disclose", []))
        detail = f"entry {one.index} shows more than the profile {profile['id']} allows"
        need(fits and one.disclosed <= may, "profile-exceeded", detail, one.index)
    keys = ("character", "ground", "justification", "kind", "what")
    grounds, ids = gone_classes(bundle, shows), {c["id"] for c in bundle.part["redactions"]["classes"]}
    need({i for i in grounds if i[0] == "e"} <= ids, "redactions-missing", "what an entry erased is not said")
    grounds |= {w["id"]: [w[k] for k in keys] for w in profile["withholds"]}
    periods = {w["id"]: w.get("retention") for w in profile["withholds"]}
    for c in (c for c in bundle.part["redactions"]["classes"] if c["kind"] != "suppressed"):
        own = grounds.get(c["id"]) == [c[k] for k in keys]
        need(own, "redactions-ground", f"class {c['id']} is not as the profile or the entries ground it")
        until = later(bundle.part["claims"]["as_of"]["time"], periods.get(c["id"]))
        need(until == c["retained_until"], "redactions-retained", f"class {c['id']}: the period ends at {until}")
    kinds = {c.get("kind") for c in bundle.part["claims"]["claims"]}
    need(kinds <= set(profile["claims"]), "claims-not-allowed", "a claim of a kind that the profile does not list")
    for one in (e for e in bundle.order if e.stream != "ledger"):
        for name in sorted(
            (set(shows.get(one.type, {}).get("disclose", [])) - one.showing - one.disclosed) & erased_of(bundle, one)
        ):
            detail = f"entry {one.index}: {name} of {one.type}, which the profile hands over, was erased"
            raise Bad("erased-needed", detail, one.index, "INCOMPLETE")
    return f"nothing is shown that the profile {profile['id']} does not allow"


def gone_classes(bundle: Bundle, shows: dict[str, Json]) -> dict[str, list[str]]:
    """The classes that entries give: what was erased; what is neither stated nor opened, though the profile lets it out."""
    classes, missing, erasures = {}, dict[str, set[str]](), [e for e in bundle.order if e.type == "disclosure.erased"]
    for e in erasures:
        why = f"Entry {e.index} erased it once its retention had passed; its digests stand, and every proof holds."
        for n, kind in enumerate(e.body["classes"]):
            what = f"{kind['type']}: {', '.join(kind['fields'])}"
            classes[f"erased-{e.index}-{n}"] = ["erased", e.body["ground"], why, "erased", what]
    for one in (e for e in bundle.order if HELD[e.type] and e.stream != "ledger"):
        lost = set(shows.get(one.type, {}).get("disclose", [])) - one.showing - one.disclosed
        lost -= erased_of(bundle, one)
        if lost:
            missing.setdefault(one.type, set()).update(lost)
    why = "The profile lets it out. Of some entry it was never sent, or its author left it out."
    for t, names in missing.items():
        what = f"{t}: {', '.join(sorted(names))}"
        classes[f"unheld-{t.replace('.', '-')}"] = [
            "not held",
            "the ledger holds no text of it",
            why,
            "unheld",
            what,
        ]
    return classes


def erased_of(bundle: Bundle, one: Entry) -> set[str]:
    """The members of an entry that shown erasures name."""
    reach = [
        e.body
        for e in bundle.order
        if e.type == "disclosure.erased"
        and e.body["stream"] == one.stream
        and e.body["first"] <= one.index <= e.body["last"]
    ]
    return {name for said in reach for kind in said["classes"] if kind["type"] == one.type for name in kind["fields"]}


def check_frameworks(bundle: Bundle) -> str:
    """Each published pack, byte for byte, and no other."""
    wanted = set()
    for one in (e for e in bundle.order if e.type == "framework.published"):
        raw = canonical(one.body["pack"])
        wanted.add(sha256(raw).hexdigest())
        need(bundle.packs.get(sha256(raw).hexdigest()) == raw, "framework-mismatch", "a pack is missing", one.index)
    need(wanted == set(bundle.packs), "framework-mismatch", "a pack that no shown entry publishes")
    return f"{len(wanted)} packs, as published"
