"""Who can unblock an open finding, and with which command; and what has to follow before an action is cleared.

The commands are real: run as printed, they ask for what only a person can say (a state, a claim, a document), show it and
sign it. A test runs them. What no decision can mend says so.
"""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ledger.state import State
from policies.answer import Clearance, Finding, PolicyVerdict, Request

ATTEST = frozenset(
    {
        "attestation-missing", "attestation-expired", "attestation-out-of-scope", "attestation-withdrawn",
        "attestation-degraded",
    }
)  # fmt: skip
DETERMINE = frozenset(
    {
        "determination-missing", "determination-stale", "determination-compute", "determination-review-due",
        "evidence-amended", "reassessment-due", "vectors-unstated",
        "covering-worsened", "covering-unknown", "score-withheld", "repeated-runs",
        "run-matches",
    }
)  # fmt: skip
IMPORT = frozenset(
    {
        "criterion-missed", "evidence-ended", "evidence-pending", "run-edited", "run-partial", "run-metric-absent",
        "run-not-successful", "run-scorer-changed", "run-task-changed", "run-too-few-samples",
    }
)  # fmt: skip
SEEN = frozenset(
    {
        "announced-again", "run-before-preregistration", "not-preregistered", "run-partial", "run-edited",
        "run-not-successful", "run-warned", "revision-dirty", "revision-unknown",
    }
)  # fmt: skip
"""Met, and still worth a look by whoever decides; so is an early warning, `alert:<threshold>`."""
ROLES_WORD = {"acceptance-missing": "accept", "acceptance-outdated": "accept", "approval-missing": "approve"}
"""The verb that a role of the framework owes a document: an acceptance counts for what was known when it was given."""
AGAIN = frozenset({"back-recorded", "tainted"})
FACT = frozenset({"fact-unknown", "fact-unreadable"})
DECIDE = frozenset(
    {"no-decision", "withheld-by-decision", "decision-lapsed", "decision-out-of-scope", "packs-changed", "verdict-changed",
     "tainted", "back-recorded"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Way:
    """Who, with which commands; `note` where no command can."""

    who: str
    commands: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class People:
    """Principals by "pack|role", and by ledger role; empty where this reader may not know them."""

    by_pack_role: Mapping[str, Sequence[str]] = field(default_factory=dict)
    by_role: Mapping[str, Sequence[str]] = field(default_factory=dict)


def people_of(state: State, at: str) -> People:
    """Who holds which role at a time."""
    packs: dict[str, list[str]] = {}
    roles: dict[str, list[str]] = {}
    for key, grant in state.scan("packrole"):
        pack, role, who = key.split("|")
        if grant.alive(at):
            packs.setdefault(f"{pack}|{role}", []).append(who)
    for key, grant in state.scan("role"):
        if grant.alive(at):
            roles.setdefault(grant.role, []).append(key.split("|")[0])
    return People(packs, roles)


def holdpoint(*words: str, where: str = "") -> str:
    """A command line, each word quoted for a shell."""
    return "holdpoint " + " ".join(shlex.quote(w) for w in words) + where


def scope_words(request: Request) -> list[str]:
    """The flags that say where: as asked."""
    words = [] if request.audience is None else ["--audience", request.audience]
    for flag, values in (("--surface", request.surfaces), ("--host", request.hosts)):
        words += [w for value in values for w in (flag, value)]
    return words


def way(
    request: Request, why: str, group: Sequence[Finding], all_: Sequence[Finding], people: People, where: str = ""
) -> Way:
    """The way out of some findings that share one reason."""
    model, names = request.stream, list(dict.fromkeys(f.requirement for f in group))
    if why in ATTEST:
        words = ["attest", model, *_safeguards(names, all_), *scope_words(request), "--as", "attester"]
        return Way(_named("an attester", people.by_role.get("attester")), (holdpoint(*words, where=where),))
    if why in DETERMINE:
        thresholds = dict.fromkeys(n.split(" ")[0] for n in names)
        if why == "vectors-unstated":  # "SET for THRESHOLD"
            thresholds = dict.fromkeys(n.split(" ")[-1] for n in names)
        lines = (holdpoint("determine", model, t, "--as", "assessor", where=where) for t in thresholds)
        return Way(_named("an assessor", people.by_role.get("assessor")), tuple(lines))
    if why in ("document-missing", "document-unconfirmed"):
        return _documents(request, why, names, people, where)
    if why in ROLES_WORD:
        return _roles_word(request, ROLES_WORD[why], names, people, where)
    if why == "scope-undetermined":
        words = ["framework", "scope", group[0].pack, "--as", "framework-admin"]
        return Way("two framework admins, who say whether it applies, and as whom", (holdpoint(*words, where=where),))
    if why in FACT:
        stated = dict.fromkeys(n.split(" ")[0] for n in names)
        note = "; ".join(f"--fact {name}=DECIMAL" for name in stated)
        return Way("whoever asks, and knows it", note=f"ask again, and request, with {note}")
    if why in IMPORT:
        return Way(
            "an evaluator, by a new run; no decision replaces the number", note="holdpoint import, after the run"
        )
    if why in AGAIN:
        return Way("a live key, by saying it again now", note="the command that recorded it")
    if why == "standard-undefined":
        return Way("nobody: its issuer has not written this standard")
    return Way("see the finding", (holdpoint("status", model, where=where),))


def _safeguards(names: Iterable[str], all_: Sequence[Finding]) -> list[str]:
    """`--set` where everything in a set is open, else only what is: nobody should attest more than was asked."""
    claims = [n.split("/vector:", 1) for n in names if "/vector:" in n]
    names = [n for n in names if "/vector:" not in n]
    words = [w for name in dict.fromkeys(c[0] for c in claims) for w in ("--set", name)]
    words += [w for vector in dict.fromkeys(c[1] for c in claims) for w in ("--vector", vector)]
    open_names = set(names)
    for name in dict.fromkeys(n.split("/")[0] for n in names):
        members = {f.requirement for f in all_ if f.requirement.startswith(f"{name}/")}
        if members and members <= open_names:
            words += ["--set", name]
        else:
            words += [
                w for n in sorted(open_names) if n.split("/")[0] == name for w in ("--safeguard", n.split("/")[-1])
            ]
    return words


def _documents(request: Request, why: str, kinds: Sequence[str], people: People, where: str) -> Way:
    lines: list[str] = []
    model = ["--model", request.stream]
    for kind in kinds:
        if why == "document-missing":
            lines.append(holdpoint("document", "submit", kind, *model, "--as", "assessor", where=where))
        lines.append(holdpoint("document", "confirm", kind, *model, "--as", _approver(people), where=where))
    who = "an assessor, then an approver who did not submit it"
    return Way(who if why == "document-missing" else "an approver who did not submit it", tuple(lines))


def _roles_word(request: Request, verb: str, names: Sequence[str], people: People, where: str) -> Way:
    """A role of the framework says its word to a document: requirement "KIND accepted by ROLE"."""
    lines: list[str] = []
    for kind, role in ((n.split(" ")[0], n.split(" ")[-1]) for n in names):
        holders = next((v for k, v in people.by_pack_role.items() if k.endswith(f"|{role}") and v), ("approver",))
        words = ["--model", request.stream, "--verb", verb, "--role", role, "--as", holders[0]]
        lines.append(holdpoint("document", "confirm", kind, *words, where=where))
    roles = ", ".join(dict.fromkeys(n.split(" ")[-1] for n in names))
    return Way(f"the framework's {roles}, once the document is submitted", tuple(lines))


def _approver(people: People) -> str:
    """Who is bound to a role of a framework: only such a one confirms; the last, who is seldom the head of the house."""
    held = [who for holders in people.by_pack_role.values() for who in holders]
    return held[-1] if held else "approver"


def _named(who: str, names: Sequence[str] | None) -> str:
    return f"{who} ({', '.join(names)})" if names else who


def line_of(what: str, stream: str, action: str, who: str, *more: str, where: str = "") -> str:
    """The command by which `who` does one thing for a request on a model's action; `more` are words after these."""
    if what == "carry-out":
        training = action in ("train", "continue_development")
        begin = ("training", "start", stream) if training else ("deployment", "start", stream, action)
        return holdpoint(*begin, *more, "--as", who, where=where)
    verb, flags = ("approve", ("--withdraw",)) if what == "withdraw" else (what, ())
    return holdpoint(verb, stream, action, *flags, *more, "--as", who, where=where)


def following(
    request: Request, verdict: PolicyVerdict, clearance: Clearance, people: People, where: str = ""
) -> list[tuple[str, str]]:
    """What has to follow before the action is cleared: (what, command) in order; empty where nothing has to."""

    def act(what: str, who: str, *more: str) -> str:
        return line_of(what, request.stream, request.action, who, *more, where=where)

    if "body-not-informed" in clearance.reasons:
        return [("inform", act("inform", "deployer", *clearance.missing))]
    if "ledger-frozen" in clearance.reasons:
        return [
            (
                "the root froze the ledger: nothing is cleared until ledger.restored",
                holdpoint("history", "--type", "ledger.frozen", where=where),
            )
        ]
    if "rules-unknown" in clearance.reasons:
        text = "the root adopted rules that this release does not know: start another release"
        return [(text, holdpoint("history", "--type", "rules.adopted", where=where))]
    if "ledger-not-verified" in clearance.reasons:
        return [
            (
                "the database is behind the anchor: nothing is cleared until it is whole",
                holdpoint("doctor", where=where),
            )
        ]
    if not DECIDE & set(clearance.reasons):
        return []
    steps = [("request", act("request", "deployer", *asked_words(request)))]
    for pack, role in verdict.recommendation_by:
        who = next(iter(people.by_pack_role.get(f"{pack}|{role}", ())), "assessor")
        steps.append((f"recommend, as {role}", act("recommend", who)))
    for pack, role in verdict.decision_by:
        who = next(iter(people.by_pack_role.get(f"{pack}|{role}", ())), "approver")
        steps.append((f"approve, as {role}", act("approve", who)))
    if not verdict.decision_by:
        held = list(people.by_role.get("approver", ()))[:2] or ["approver"]
        steps += [("approve", act("approve", who)) for who in held]
    if verdict.inform_before:
        names = ", ".join(dict.fromkeys(role for _, role in verdict.inform_before))
        steps.append((f"inform {names}", act("inform", "deployer")))
    steps.append(("decide", act("decide", "decider")))
    return steps


def asked_words(request: Request) -> list[str]:
    """The flags that ask the same again: where, and what was stated."""
    words = [w for place in request.jurisdictions for w in ("--jurisdiction", place)]
    words += [w for name, value in request.facts for w in ("--fact", f"{name}={value}")]
    return scope_words(request) + words
