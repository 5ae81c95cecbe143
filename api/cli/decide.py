"""`request`, `approve`, `decide`, `inform`: four eyes, each pair by its own key (access.md §3)."""

from typing import Annotated, Any

import typer

from api.book import Book
from api.cli.options import (
    Action,
    As,
    Asked,
    Audience,
    Conditions,
    Evidence,
    Facts,
    Hosts,
    Json,
    Jurisdictions,
    Model,
    Surfaces,
    Withhold,
    Yes,
    with_book,
)
from api.cli.output import posted
from api.cli.signing import (
    begin,
    owner_of,
    packs_now,
    pairs_of,
    reference_to,
    references_to,
    request_for,
    sign_and_post,
    subject_of,
)
from api.cli.words import clause_of, gate_clauses
from ledger.errors import Fault
from ledger.events import action as action_events
from ledger.events import approval, body, decision
from ledger.state import State
from policies.decide import packs_of
from policies.facts import Fact
from policies.verbs import may

DECISIONS = ("permit", "restrict", "withhold", "pause", "de_deploy", "delete_weights")


@with_book
def request(
    book: Book,
    stream: Model,
    action: Action,
    audience: Audience = None,
    surface: Surfaces = None,
    host: Hosts = None,
    jurisdiction: Jurisdictions = None,
    fact: Facts = None,
    evidence: Evidence = None,
    planned_for: Annotated[str | None, typer.Option(help="When it is to happen: duties before it count back.")] = None,
    condition: Conditions = None,
    withhold: Withhold = None,
    by: As = "deployer",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Ask to do it; the gate answers in the same batch. Example: holdpoint request model/one external_deploy \
--audience general --host own-cloud --surface api --yes"""
    stream, asker, known = begin(book, stream, yes=yes)
    found = packs_now(book, known)
    audience = asker.text("--audience", "audience", audience)
    asker.settle()
    said: dict[str, Any] = {
        "action": action,
        "artifact": subject_of(known, stream),
        "audience": audience,
        "evidence": references_to(book, known, evidence or ()),
        "facts": pairs_of("--fact", fact or ()),
        "hosts": host or [],
        "jurisdictions": jurisdiction or [],
        "packs": [p.digest for p in found],
        "surfaces": surface or [],
    }
    if condition:
        said["conditions"] = condition
    if planned_for is not None:
        said["planned_for"] = planned_for
    done = sign_and_post(
        book, asker, action_events.Requested, said, stream, by, gate_clauses(found, action), withhold=withhold
    )
    posted("request", [done], as_json=as_json, book=book)


@with_book
def approve(
    book: Book,
    stream: Model,
    action: Action,
    refuse: Annotated[bool, typer.Option("--refuse", help="Say no: a veto until you withdraw it.")] = False,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take back what you said on this request.")] = False,
    reason: Annotated[str | None, typer.Option(help="Why it is withdrawn.")] = None,
    rationale: Annotated[str | None, typer.Option(help="Why; it is withheld.")] = None,
    condition: Conditions = None,
    valid_until: Annotated[str | None, typer.Option(help="Time; default: 30 days from now.")] = None,
    verb: Annotated[
        str | None, typer.Option(help="decide, approve or accept; default: the first that your pack role has.")
    ] = None,
    digest: Asked = None,
    withhold: Withhold = None,
    by: As = "approver",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Approve a request, or refuse it. Example: holdpoint approve model/one external_deploy --as approver-2 --yes"""
    stream, asker, known = begin(book, stream, yes=yes)
    asked = request_for(known, stream, action, digest)
    if withdraw:
        reason = asker.text("--reason", "why it is withdrawn", reason)
    asker.settle()
    kind: Any = approval.Refused if refuse else approval.Given
    if withdraw:
        kind = approval.Withdrawn
        said: dict[str, Any] = {
            "approval": own_answer(book, known, asked, by),
            "reason": reason,
            "request": asked.digest,
        }
    else:
        head = book.checkpoint()
        said = {
            "action": asked.body.action,
            "checkpoint": {"root": head["root"], "size": head["size"]},
            "packs": list(asked.body.packs),
            "request": asked.digest,
            "verb": verb or verb_of(book, known, asked, by),
        }
        if rationale is not None:
            said["rationale"] = rationale
        if not refuse:
            said["conditions"] = condition or []
            said |= {"valid_until": valid_until} if valid_until is not None else {}
    done = sign_and_post(book, asker, kind, said, stream, by, asked_clauses(known, asked), withhold=withhold)
    posted("approve", [done], as_json=as_json, book=book)


def verb_of(book: Book, known: State, asked: Fact, by: str) -> str:
    """The first approving verb that the key's owner has at this request; whoever is bound to no role of its packs approves."""
    who, packs = owner_of(book, known, by) or "", packs_of(known, asked)
    scope = (book.now(), asked.stream, asked.body.action)
    return next((v for v in ("decide", "approve", "accept") if may(known, packs, who, v, *scope)), "approve")


def own_answer(book: Book, known: State, asked: Fact, by: str) -> str:
    """The digest of the newest answer to a request that the key of `by` gave and has not withdrawn."""
    (signer,) = book.signers(by)
    for digest in reversed(known.get("approvals", asked.digest) or ()):
        fact: Fact = known.get("approval", digest)
        if signer.keyid in fact.signers and known.get("approval_ended", digest) is None:
            return fact.digest
    raise Fault("not-found", "failed", f"{by} has said nothing on this request that stands", "holdpoint history MODEL")


def asked_clauses(known: State, asked: Fact) -> list[str]:
    """The clauses of the packs that a request names, for its action."""
    return gate_clauses(packs_of(known, asked), asked.body.action)


def standing_approvals(known: State, asked: Fact) -> list[str]:
    """Digests of the approvals of a request that nobody has withdrawn, ascending."""
    facts = (known.get("approval", d) for d in known.get("approvals", asked.digest) or ())
    given = (f.digest for f in facts if f.body.event.name == "approval.given")
    return sorted(d for d in given if known.get("approval_ended", d) is None)


@with_book
def decide(
    book: Book,
    stream: Model,
    action: Action,
    verdict: Annotated[str | None, typer.Argument(metavar="DECISION", help=", ".join(DECISIONS))] = None,
    basis: Annotated[str, typer.Option(help="policy, discretionary or legal.")] = "policy",
    reason: Annotated[str | None, typer.Option(help="Why; it is withheld.")] = None,
    divergence_reason: Annotated[str | None, typer.Option(help="Why it differs from the policy verdict.")] = None,
    condition: Conditions = None,
    valid_until: Annotated[str | None, typer.Option(help="Time at which it lapses.")] = None,
    review_by: Annotated[str | None, typer.Option(help="Time by which it is looked at again.")] = None,
    without_recommendation: Annotated[
        list[str] | None, typer.Option(help="A role whose recommendation it is taken without, where the pack allows.")
    ] = None,
    supersedes: Annotated[int | None, typer.Option(help="Index of the decision that it takes the place of.")] = None,
    digest: Asked = None,
    withhold: Withhold = None,
    by: As = "decider",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Decide on a request, on the gate's newest answer. Example: holdpoint decide model/one external_deploy withhold --yes"""
    stream, asker, known = begin(book, stream, yes=yes)
    asked = request_for(known, stream, action, digest)
    verdict = asker.text("DECISION", "decision", verdict, DECISIONS)
    asker.settle()
    gate: Fact | None = known.get("gate", asked.digest)
    if gate is None:
        raise Fault("not-found", "failed", "the gate has not answered this request", "holdpoint request, again")
    said: dict[str, Any] = {
        "approvals": standing_approvals(known, asked) if verdict in DECISIONS[:2] else [],
        "basis": basis,
        "conditions": condition or [],
        "decision": verdict,
        "gate": reference_to(gate),
        "request": asked.digest,
    }
    optional = {
        "divergence_reason": divergence_reason,
        "reason": reason,
        "review_by": review_by,
        "valid_until": valid_until,
    }
    said |= {k: v for k, v in optional.items() if v is not None}
    if without_recommendation:
        said["without_recommendation"] = without_recommendation
    if supersedes is not None:
        (said["supersedes"],) = references_to(book, known, [supersedes])
    clauses = [f"the gate answered {gate.body.answer} at index {gate.index}", *asked_clauses(known, asked)]
    done = sign_and_post(book, asker, decision.Made, said, stream, by, clauses, withhold=withhold)
    posted("decide", [done], as_json=as_json, book=book)


@with_book
def inform(
    book: Book,
    stream: Model,
    action: Action,
    bodies: Annotated[
        list[str] | None, typer.Argument(metavar="BODY…", help="Default: all that the packs name.")
    ] = None,
    document: Annotated[list[str] | None, typer.Option(help="sha256:… of what they were given.")] = None,
    digest: Asked = None,
    by: As = "deployer",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Record that governing bodies were told. Example: holdpoint inform model/one external_deploy --yes"""
    stream, asker, known = begin(book, stream, yes=yes)
    asked = request_for(known, stream, action, digest)
    gates = [(p, g) for p in packs_of(known, asked) for g in p.pack.gates if asked.body.action in g.actions]
    told = {f.body.body for f in known.get("informed", asked.digest) or ()}
    wanted = bodies or sorted({b for _, g in gates for b in g.inform_before} - told)
    if not wanted:
        raise Fault("not-found", "failed", "nobody is left to be informed of this request", "name a governing body")
    done = []
    for name in wanted:
        clauses = [clause_of(p, g) for p, g in gates if name in g.inform_before]
        said = {"body": name, "documents": document or [], "of": asked.digest}
        done.append(sign_and_post(book, asker, body.Informed, said, stream, by, clauses))
    posted("inform", done, as_json=as_json, book=book)


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    for command in (request, approve, decide, inform):
        app.command()(command)
