"""A bundle against the profile that it travels with, and its claims against what it shows (spec/bundle.md §2, §4, §6).

The profile is an allow-list: an entry or field that it does not name can't be in the bundle, whoever put it there (T33). A claim
is computed anew by the very function that made it; what is shown decides, never what is said.
"""

from typing import Any

from auditor.checks import Checks
from auditor.compare import difference
from auditor.verdict import VerifyVerdict as V
from disclosures.erased import Seen, erased_classes, erased_of, unheld_classes
from disclosures.needs import lacking
from disclosures.partial import Partial
from disclosures.parts import RedactionClass
from disclosures.profile import Profile, parse_profile
from disclosures.report_html import render
from disclosures.shown import REPORT, Shown
from disclosures.shown_entry import ShownEntry
from disclosures.stored_zip import Files
from disclosures.subject_claims import recomputed
from ledger.errors import LedgerError

LEDGER, ERASED = "ledger", "disclosure.erased"


def check_profile(shown: Shown, checks: Checks) -> Profile | None:
    """Every shown entry and field is one that the profile allows, and every class of redactions is the profile's own."""
    try:
        profile = parse_profile(shown.request.profile)
    except LedgerError as err:
        checks.fails("profile", "profile-form", f"request.json: {err}")
        return None
    before = len(checks.done)
    for one in shown.entries:
        exceeded = _exceeded(profile, one)
        if exceeded is not None:
            detail = f"entry {one.index}: the profile {profile.id} does not allow {exceeded}"
            checks.fails("profile", "profile-exceeded", detail, one.index)
    _check_gone(shown, profile, checks)
    for c in (c for c in shown.redactions.classes if c.kind in ("event", "field")):
        _grounded(profile, c, shown.claims.as_of.time, checks)
    if len(checks.done) == before:
        checks.holds("profile", f"nothing is shown that the profile {profile.id} does not allow")
    return profile


def _grounded(profile: Profile, c: RedactionClass, as_of: str, checks: Checks) -> None:
    """A class says what the profile says of it, and is kept for as long."""
    said = next((w for w in profile.withholds if w.id == c.id), None)
    if said is None or (said.character, said.ground, said.justification, said.kind, said.what) != (
        c.character, c.ground, c.justification, c.kind, c.what,
    ):  # fmt: skip
        checks.fails("redactions", "redactions-ground", f"class {c.id} is not as the profile {profile.id} grounds it")
    elif said.retained_until(as_of) != c.retained_until:
        kept = said.retained_until(as_of) or "no time"
        detail = (
            f"class {c.id} says retained until {c.retained_until or 'no time'}; the profile's period ends at {kept}"
        )
        checks.fails("redactions", "redactions-retained", detail)


def _check_gone(shown: Shown, profile: Profile, checks: Checks) -> None:
    """What is said to be erased, a shown entry of two disclosers erased, and all of it is said; what is said not to be held is
    not shown. Erased texts take nothing from any proof: they are listed. What the profile hands over and nobody can any more is
    INCOMPLETE: the recipient does not get what the request is for.
    """
    seen = [Seen(e.index, e.stream, e.statement.predicate.body, e.open_members, {*e.disclosed}) for e in shown.entries]
    erased = {c.id: c for c in erased_classes(seen)}
    unheld = {c.id: c for c in unheld_classes(profile, seen)}
    for c in shown.redactions.classes:
        if c.kind in ("erased", "unheld") and c != (erased if c.kind == "erased" else unheld).get(c.id):
            detail = (
                f"class {c.id}: the entries do not say that this is {'erased' if c.kind == 'erased' else 'not held'}"
            )
            checks.fails("redactions", "redactions-ground", detail)
    lost = sorted(erased.keys() - {c.id for c in shown.redactions.classes})
    if lost:
        detail = f"entry {erased[lost[0]].id.split('-')[1]} erased {erased[lost[0]].what}, and redactions.json does not say so"
        checks.fails("redactions", "redactions-missing", detail)
    checks.notes += [f"what was erased, {c.what} ({c.ground}): {c.justification}" for c in erased.values()]
    for index, event_type, name in erased_of(profile, seen):
        detail = f"entry {index}: {name} of {event_type}, which the profile {profile.id} hands over, was erased"
        checks.add("redactions", V.INCOMPLETE, "erased-needed", detail, index)


def _exceeded(profile: Profile, one: ShownEntry) -> str | None:
    """What the profile does not allow of an entry. Stream `ledger` is whole in every bundle, and shows no withheld field."""
    allowed = profile.allowed(one.type)
    disclosable = () if allowed is None or one.stream == LEDGER else allowed.disclose
    fields = [name for name in one.disclosed if name not in disclosable]
    if fields:
        return f"the field {fields[0]} of {one.type} to be disclosed"
    if one.stream != LEDGER and one.type != ERASED and not profile.shows_entry(one.type, one.open_members):
        return f"{one.type} to be shown as it is"
    return None


def check_claims(shown: Shown, partial: Partial, profile: Profile | None, checks: Checks) -> None:
    """Each claim is of a kind that the profile lists, and is what the shown entries say."""
    before = len(checks.done)
    kinds: tuple[str, ...] = () if profile is None else profile.claims
    for n, claim in enumerate(shown.claims.claims):
        kind = claim.get("kind")
        if kind not in kinds:
            checks.fails("claims", "claims-not-allowed", f"claim {n}: its kind is not one that the profile lists")
            continue
        found = _found(claim, shown, partial)
        short = "what is shown does not carry it" if found is None else lacking(found, shown, partial)
        if found is None or short is not None:
            checks.add("claims", V.INCOMPLETE, "claims-short", f"claim {n} ({kind}): {short}")
            continue
        wrong = difference(found, claim, f"claims[{n}]")
        if wrong is not None:
            checks.fails("claims", "claims-mismatch", f"{wrong} is not what the entries say when folded again")
    if len(checks.done) == before:
        checks.holds("claims", f"{len(shown.claims.claims)} claims: the same when computed from what is shown")


def _found(claim: dict[str, Any], shown: Shown, partial: Partial) -> dict[str, Any] | None:
    """The claim computed anew. Where a rule looks for an entry that is withheld, nothing is: it does not carry the claim."""
    try:
        return recomputed(claim, shown, partial)
    except (LedgerError, AttributeError, KeyError, IndexError, TypeError, ValueError):
        return None


def check_report(files: Files, shown: Shown, checks: Checks) -> None:
    """The report for people says what the entries say: it is rendered anew, and the bytes compared."""
    if REPORT not in files:
        checks.fails("report", "bag-missing", f"{REPORT} is missing")
    elif files[REPORT] != render(shown):
        detail = f"{REPORT} is not what the shown entries render to: don't read it; what the other checks say stands"
        checks.fails("report", "report-differs", detail)
    else:
        checks.holds("report", f"{REPORT}: the same when rendered from what is shown")
