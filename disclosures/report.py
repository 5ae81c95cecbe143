"""A report for people on what a bundle shows: one content, which every form of it (HTML, PDF) lays out (spec/bundle.md §8).

Pure: the same bundle gives the same report, so a verifier makes it anew and compares. Whatever stands in it was said by an
entry, a claim or a member of the bundle; the report adds no judgement, and says of itself that it proves nothing.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from disclosures.report_tables import Section, apart, cell, claim_sections, decision_section, evaluation_section
from disclosures.shown import Shown
from disclosures.shown_entry import ShownEntry
from ledger.events import framework, model
from projections.history import SAYS

LEDGER = "ledger"
TITLE = "What a ledger shows about a model"
NO_PROOF = (
    "This report is for reading and proves nothing by itself. It was made from the entries in the bundle, and an auditor's copy "
    "makes it anew and compares: check the bundle first, with a verifier and a trust file that did not come with it."
)
HOW_MUCH = {
    "field": "fields of shown entries",
    "erased": "fields, erased since",
    "unheld": "fields, of which no text is held",
}
"""What stands for a count where a class is one of fields: never per item."""
STANDING_LIMITS = (
    "That everything that happened was recorded: a ledger is silent about what nobody submitted.",
    "That what was signed is true: a signature says who claimed it, and the log says when that was recorded.",
    "That others were shown the same history: only a trust file from elsewhere, or a witness, tells.",
    "That this model has no second registration under another name.",
    "That the commitment to the stream index is true of streams that are not listed here: a full auditor recomputes it.",
)


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification said of the bundle, for a report that is made after one; the report inside a bundle has none."""

    verdict: str
    means: str
    checks: tuple[tuple[str, str, str], ...]
    not_proven: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """Title, a band that stands before everything else (or none), sections in order. All of it is text, not yet escaped."""

    title: str
    band: str | None
    made: str
    sections: tuple[Section, ...]


def report_of(shown: Shown, verified: Verified | None = None) -> Document:
    """The report on a bundle. Total: whatever `read_shown` accepts is laid out, true or not."""
    development = shown.checkpoint.origin.startswith("dev/")
    sections = (
        *(() if verified is None else (_verification(verified),)),
        _summary(shown),
        *claim_sections(shown),
        decision_section(shown),
        evaluation_section(shown),
        _timeline(shown),
        _ledger_stream(shown),
        _withheld(shown),
        _streams(shown),
        _how(shown),
        _not_proven(shown, verified),
    )
    band = "A development ledger: its people are fictional, and its clock may be simulated." if development else None
    return Document(TITLE, band, shown.claims.as_of.time, sections)


def _verification(verified: Verified) -> Section:
    return Section(
        key="verification",
        title=f"Verification: {verified.verdict}",
        lead=(f"{verified.verdict}: {verified.means}.", "Said by whoever made this report; check the bundle yourself."),
        head=("Check", "Verdict", "Detail"),
        rows=verified.checks,
    )


def _summary(shown: Shown) -> Section:
    profile, claims = shown.request.profile, shown.claims
    names = [_named(e) for e in shown.of_stream(shown.request.subject) if e.type == model.Registered.event.name]
    withheld = sum(c.count for c in shown.redactions.classes)
    adopted = [
        f"{b.id} ({b.digest})" for e in shown.entries if isinstance(b := e.statement.predicate.body, framework.Adopted)
    ]
    facts = (
        ("Subject", shown.request.subject),
        ("Name of the model", names[0] if names else "not shown"),
        ("Ledger", shown.checkpoint.origin),
        ("Leaf hash of entry 0", claims.founding),
        ("As of", f"{claims.as_of.size} entries, {claims.as_of.time}"),
        ("Root of the log", shown.checkpoint.root.hex()),
        ("Made for", shown.request.recipient),
        ("Profile", f"{cell(profile.get('id'))}: {cell(profile.get('title'))}, for {cell(profile.get('audience'))}"),
        ("Entries shown", f"{len(shown.entries)}, from index {shown.request.first} to {shown.request.last}"),
        ("Entries withheld", str(withheld)),
        ("Frameworks adopted, of those shown", ", ".join(adopted) or "none is shown"),
    )
    return Section(key="summary", title="Summary", lead=(NO_PROOF,), facts=facts)


def _named(one: ShownEntry) -> str:
    subject = one.body.get("subject")
    name = subject.get("name") if isinstance(subject, Mapping) else None
    return cell(name) if name is not None else "withheld; a digest of it is recorded"


def _timeline(shown: Shown) -> Section:
    rows = tuple(
        (one.recorded_at, str(one.index), one.type, one.stream, ", ".join(one.principals), said_of(one))
        for one in shown.entries
        if one.stream != LEDGER
    )
    return Section(
        key="timeline",
        title="Timeline",
        lead=("Every shown entry but those of the ledger's own stream, in the order of the log. Times in UTC.",),
        head=("Recorded at", "Index", "Event", "Stream", "Signed by", "Says"),
        rows=rows,
        empty="No entry of the subject, its frameworks or its relations is shown.",
    )


def said_of(one: ShownEntry) -> str:
    """What places the event for a reader: the members that every history shows, and what was disclosed."""
    names = (*SAYS.get(type(one.statement.predicate.body), ()), *one.disclosed)
    said = [
        f"{name}: {cell(apart(one.body[name], ';'))}" for name in dict.fromkeys(names) if one.body.get(name) is not None
    ]
    return cell("; ".join(said))


def _ledger_stream(shown: Shown) -> Section:
    counted = Counter(one.type for one in shown.of_stream(LEDGER))
    return Section(
        key="ledger",
        title="The ledger's own stream",
        lead=("Founding, keys, roles and commitments: shown whole in every bundle, so that who might sign is known.",),
        head=("Event", "Entries"),
        rows=tuple((name, str(counted[name])) for name in sorted(counted)),
        empty="It is not shown.",
    )


def _withheld(shown: Shown) -> Section:
    rows = tuple(
        (c.what, HOW_MUCH.get(c.kind, str(c.count)), c.ground, c.character,
         c.justification, c.retained_until or "not stated")
        for c in shown.redactions.classes
    )  # fmt: skip
    return Section(
        key="withheld",
        title="What is withheld, and on which ground",
        lead=("Counted per class, never per item. The grounds are the sender's own words.",),
        head=("What", "How much", "Ground", "Character", "Justification", "Kept until"),
        rows=rows,
        empty="Nothing is withheld of the streams listed below.",
    )


def _streams(shown: Shown) -> Section:
    entries = Counter(one.stream for one in shown.entries)
    rows = [
        (end.stream, str(end.version), str(entries[end.stream]), str(sum(r.to - r.from_ + 1 for r in end.withheld)))
        for end in shown.streams
    ]
    absent = tuple(f"Proven not to exist: {one.stream}." for one in shown.completeness.absent)
    at = shown.completeness.committed.size
    lead = f"Each ends where the log's own commitment over its first {at} entries says; later entries are not covered."
    return Section(
        key="streams",
        title="Streams, to their ends",
        lead=(lead,),
        head=("Stream", "Entries in all", "Shown", "Withheld"),
        rows=tuple(rows),
        points=absent,
    )


def _how(shown: Shown) -> Section:
    points = (
        "Take a verifier from the Holdpoint release, never from whoever handed you the bundle.",
        "Get the trust file of this ledger by another channel, and compare what it says of the ledger with what stands here:",
        f"origin {shown.checkpoint.origin}, leaf hash of entry 0 {shown.claims.founding}.",
        "Run: holdpoint verify BUNDLE.zip --pin pin.json. VERIFY.md in the bundle says more.",
        "Read its verdict, and as carefully what it lists as not proven.",
    )
    return Section(key="how", title="How to check it", points=points)


def _not_proven(shown: Shown, verified: Verified | None) -> Section:
    withheld = any(end.withheld for end in shown.streams)
    points: Iterable[str] = (
        *STANDING_LIMITS,
        *(("What the withheld entries say: only how many there are, where, and under which ground.",) if withheld else ()),
        *(("What withheld fields say: their digests are recorded, and a later disclosure can be checked against them.",)
          if any(one.hidden for one in shown.entries) else ()),
        *(("The clock: a development ledger may simulate it.",) if shown.checkpoint.origin.startswith("dev/") else ()),
        *(() if verified is None else (f"{note[:1].upper()}{note[1:]}." for note in verified.not_proven)),
    )  # fmt: skip
    return Section(key="not-proven", title="What is not proven", points=tuple(dict.fromkeys(points)))
