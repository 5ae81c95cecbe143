"""Any profile over any small ledger: what it does not allow is in no byte of the bundle, what it allows is there, and it verifies (T33).

Every text of every event is a canary of its own, so that a leak is found wherever it goes: in an entry, a field disclosure, a
report, a claim, or in base64 at any offset.
"""

import json
from base64 import b64decode, b64encode, urlsafe_b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.bundle import Trust, verify_bundle
from auditor.pin import format_pin
from disclosures.profile import open_fields, parse_profile
from disclosures.static import verify as one_file
from disclosures.stored_zip import format_zip
from ledger.event import Body, Event
from ledger.events import document, framework, incident, model
from ledger.registry import BY_NAME
from ledger.statement import model_subject
from policies.framework import pack_digest
from tests.disclosures.forger import MODEL, PACK, told
from tests.disclosures.lab_source import built
from tests.policies.world import shipped
from tests.simulator import Lab

ADMINS = ("framework-admin-1", "framework-admin-2")
TYPES = ("incident.observed", "incident.involvement-known", "incident.resolved", "document.submitted", "framework.interpreted",
         "model.registered", "model.referenced", "model.compute-reached", "framework.published", "framework.adopted")  # fmt: skip
TIME = "2026-04-01T08:00:00.000000Z"


@dataclass(slots=True)
class Tale:
    """A lab with what was told in it: canaries by entry and member, and the field disclosures that are held."""

    lab: Lab
    held: dict[str, tuple[str, ...]] = field(default_factory=dict)
    canaries: dict[tuple[int, str], bytes] = field(default_factory=dict)
    about: set[int] = field(default_factory=set)
    told: int = 0

    def canary(self, member: str) -> str:
        """A text that is nowhere else."""
        self.told += 1
        return f"canary-{self.told}-{member.replace('_', '-')}-yellow-bird"

    def say(
        self,
        kind: type[Body],
        body: Mapping[str, Any],
        stream: str,
        *by: str,
        about: bool,
        withhold: frozenset[str],
        **more: Any,
    ) -> Event:
        """Record it, remembering which of its texts are canaries."""
        for name, value in body.items():
            found = [t for t in _texts(value) if t.startswith("canary-")]
            for text in found:
                self.canaries[len(self.lab.entries), name] = text.encode()
        written = self.lab.write(kind, body, stream, *by, defaults=withhold, **more)
        if about:
            self.about.add(len(self.lab.entries))
        if written.disclosures:
            self.held[written.event_id] = written.disclosures
        return self.lab.add(written)


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [t for v in value.values() for t in _texts(v)]
    if isinstance(value, list):
        return [t for v in value for t in _texts(v)]
    return [value] if isinstance(value, str) else []


def tell_incident(tale: Tale, n: int, *, about: bool, withhold: frozenset[str]) -> None:
    models, stream = [MODEL if about else "model/b"], f"incident/fictional-{n}"
    said = {"first_at": TIME, "jurisdictions": [], "kind": tale.canary("kind"), "models": models, "surfaces": ["api"]}
    said["summary"] = tale.canary("summary")
    seen = tale.say(incident.Observed, said, stream, "responder", about=about, withhold=withhold)
    cited = {"index": seen.index, "leaf": seen.leaf}
    known = {"basis": tale.canary("basis"), "certainty": "likely", "incident": cited}
    tale.say(incident.InvolvementKnown, known, stream, "responder", about=about, withhold=withhold)
    over = {"corrective": [tale.canary("corrective")], "incident": cited, "resolved_at": TIME}
    over["root_cause"] = tale.canary("root_cause")
    tale.say(incident.Resolved, over, stream, "responder", about=about, withhold=withhold)


def tell_document(tale: Tale, n: int, *, about: bool, withhold: frozenset[str]) -> None:
    said = {
        "coverage_date": TIME, "covers": [MODEL if about else "model/b"], "digest": f"sha256:{n:064x}", "kind": "system_card",
        "findings": [tale.canary("findings"), "an open word"], "version": tale.canary("version"),
    }  # fmt: skip
    tale.say(document.Submitted, said, f"document/fictional-{n}", "assessor", about=about, withhold=withhold)


def tell_reading(tale: Tale, _n: int, *, about: bool, withhold: frozenset[str]) -> None:
    pack = shipped(PACK)
    said = {
        "clause": pack.thresholds[0].id,
        "digest": pack_digest(pack),
        "id": pack.id,
        "reading": tale.canary("reading"),
    }
    tale.say(framework.Interpreted, said, f"framework/{pack.id}", *ADMINS, about=True, withhold=withhold)


def tell_model(tale: Tale, n: int, *, about: bool, withhold: frozenset[str]) -> None:
    """A model of its own; the subject descends from none, so it is never about the subject."""
    name, weights, salt = tale.canary("subject"), "sha256:" + "cd" * 32, bytes([n]) * 16
    subject = model_subject(salt, name, weights)
    tale.say(model.Registered, {"kind": "base", "subject": {"name": name, "weights": weights}}, f"model/fictional-{n}", "assessor",
             about=False, withhold=withhold, subject=subject, subject_salt=salt)  # fmt: skip


TELLERS: tuple[Callable[..., None], ...] = (tell_incident, tell_document, tell_reading, tell_model)


@lru_cache(maxsize=64)
def tale_of(said: tuple[tuple[int, bool, bool], ...]) -> Tale:
    """The told story, and then these: which teller, whether about the subject, whether what may be withheld is."""
    tale = Tale(told()[0].fork())
    for n, (teller, about, hidden) in enumerate(said):
        everything = frozenset({"findings.*", "summary", "root_cause", "subject"})
        TELLERS[teller](tale, n, about=about, withhold=everything if hidden else frozenset())
    tale.lab.commit_index()
    return tale


@st.composite
def profiles(draw: st.DrawFn) -> dict[str, Any]:
    """A small profile: of some types some fields, and one class for all the rest."""
    shows: list[dict[str, Any]] = []
    for name in draw(st.lists(st.sampled_from(TYPES), unique=True, min_size=1, max_size=len(TYPES))):
        kind = BY_NAME[name]
        members = sorted(open_fields(kind) | set(kind.event.hideable))
        fields = draw(st.one_of(st.just(["*"]), st.just(members), st.lists(st.sampled_from(members), unique=True)))
        disclose = (
            draw(st.lists(st.sampled_from(sorted(kind.event.hideable)), unique=True)) if kind.event.hideable else []
        )
        shows.append({"fields": fields, "type": name, **({"disclose": disclose} if disclose else {})})
    ground = {"character": "c", "ground": "g", "justification": "a fictional ground", "what": "w"}
    kept = draw(
        st.sampled_from(
            [{}, {"retention": {"amount": 5, "unit": "year"}}, {"retention": {"amount": 7, "unit": "month"}}]
        )
    )
    return {
        "audience": "a fictional authority", "claims": draw(st.sampled_from([[], ["decision", "incident"]])), "id": "drawn",
        "schema": "holdpoint.profile/1", "shows": shows, "source": "none: a test", "title": "Drawn",
        "withholds": [{**ground, **kept, "id": "rest", "kind": "event", "of": ["*"]}, {**ground, "id": "fields", "kind": "field", "of": ["*"]}],
    }  # fmt: skip


def allowed(profile: Mapping[str, Any], tale: Tale, index: int, member: str) -> bool:
    """By the words of spec/profile.md alone: may this member of this entry be seen?"""
    payload = json.loads(_payload(tale.lab.entries[index]))
    name, body = payload["predicateType"].split(":")[3], payload["predicate"]["body"]
    shows = next((s for s in profile["shows"] if s["type"] == name), None)
    if shows is None or index not in tale.about:
        return False
    hidden = [
        n for n, v in body.items() if isinstance(v, list) and v and all(isinstance(e, dict) and "..." in e for e in v)
    ]
    stands, disclose = set(body) - {"_sd", *hidden}, set(shows.get("disclose", []))
    named, may = {*shows["fields"], *disclose}, set(BY_NAME[name].event.hideable)
    whole = stands & may <= named if "*" in named else stands <= named
    return whole and (member in stands or member in disclose)


def _payload(entry: bytes) -> bytes:
    return b64decode(json.loads(entry)["envelope"]["payload"])


def plain(files: Mapping[str, bytes]) -> bytes:
    """Every byte of a bundle, and every payload and field disclosure in it decoded."""
    found = [format_zip(files)]
    for path, content in files.items():
        if path.startswith("data/events/"):
            found.append(_payload(content))
        if path.startswith("data/disclosures/"):
            found += [urlsafe_b64decode(line + b"=" * (-len(line) % 4)) for line in content.split()]
    return b"\n".join(found)


def disguises(canary: bytes) -> list[bytes]:
    """The canary as it is, and the middle of its base64 at each of three offsets."""
    encoded = [b64encode(b"x" * pad + canary)[(0, 2, 3)[pad] : -4] for pad in range(3)]
    return [canary, *encoded]


TALES = st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.booleans()), min_size=1, max_size=4).map(tuple)


@settings(max_examples=14, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(profiles(), TALES)
def test_nothing_but_what_the_profile_allows_is_in_any_byte(profile: dict[str, Any], said: Any) -> None:
    tale = tale_of(said)
    note = tale.lab.note()
    files = built(tale.lab, parse_profile(profile), tale.held, note=note, since=(1,))
    assert built(tale.lab, parse_profile(profile), tale.held, note=note, since=(1,)) == files
    seen = plain(files)
    for (index, member), canary in tale.canaries.items():
        if allowed(profile, tale, index, member):
            assert canary in seen, (index, member)
        else:
            assert not [d for d in disguises(canary) if d in seen], (index, member)
    report = verify_bundle(files, Trust(tale.lab.pin(1)))
    assert report.exit_code == 0, report.to_json()
    pin = format_pin(tale.lab.origin, tale.lab.founding, tuple(map(str, tale.lab.log.vkeys)), tale.lab.note(1))
    checks, _ = one_file.verify(format_zip(files), json.loads(pin))
    assert one_file.lowest([c[1] for c in checks]) == report.verdict.value, checks


def test_the_search_finds_a_canary_in_every_disguise() -> None:
    canary = b"canary-7-summary-yellow-bird"
    for around in (b"", b"a", b"ab", b"abc"):
        hidden = b64encode(around + canary + b"tail")
        assert any(d in hidden for d in disguises(canary)), around
    assert any(d in b"<td>" + canary + b"</td>" for d in disguises(canary))
    assert not any(d in b64encode(b"canary-8-summary-yellow-bird") for d in disguises(canary)[1:2])
