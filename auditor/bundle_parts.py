"""What a bundle says of itself, against what it shows: its statement, redactions, frameworks and static files."""

from collections import Counter
from collections.abc import Mapping
from hashlib import sha256

from auditor.checks import Checks
from auditor.verdict import VerifyVerdict as V
from disclosures.bag import Statement, check_statement, signature_line
from disclosures.partial import Partial
from disclosures.shown import Shown
from disclosures.stored_zip import Files
from ledger.canonical import dumps
from ledger.errors import LedgerError
from ledger.events import entry, framework
from ledger.trust import KeyLife, key_refusal, live_grant

STATIC = ("VERIFY.md", "verify.html", "verify.py")
"""Files outside the payload that a bundle may carry besides those that make it a bag."""


def check_said(shown: Shown, statement: Statement, checks: Checks) -> None:
    """Statement, request and claims speak of this checkpoint, ledger, profile and recipient."""
    head, said = shown.checkpoint, statement.predicate
    if (said.checkpoint.size, said.checkpoint.root) != (head.size, head.root.hex()) or said.ledger != head.origin:
        checks.fails(
            "statement", "statement-mismatch", "the signed statement is for another checkpoint than data/checkpoint"
        )
    if not shown.entries or shown.entries[0].index != 0:
        checks.fails(
            "statement", "gap", "entry 0 is not shown: who founded the ledger, and with which keys, is not known", 0
        )
    elif said.founding != shown.entries[0].leaf:
        checks.fails("statement", "statement-mismatch", "the signed statement is for a ledger with another entry 0", 0)
    if (said.profile, said.recipient) != (shown.request.profile.get("id"), shown.request.recipient):
        checks.fails(
            "statement", "statement-mismatch", "request.json names another profile or recipient than the statement"
        )
    claims = shown.claims
    if (claims.ledger, claims.founding, claims.subject, claims.as_of.size) != (
        said.ledger, said.founding, shown.request.subject, head.size,
    ):  # fmt: skip
        checks.fails(
            "claims", "claims-mismatch", "the claims are for another ledger, subject or position than the bundle"
        )
    elif shown.entries and claims.as_of.time < shown.entries[-1].recorded_at:
        checks.fails("claims", "claims-mismatch", "the claims are for a time before the last entry shown")
    bounds = (shown.entries[0].index, shown.entries[-1].index) if shown.entries else None
    if bounds != (shown.request.first, shown.request.last):
        checks.fails("statement", "statement-mismatch", "first and last of request.json are not the entries shown")


def check_signed(files: Files, shown: Shown, partial: Partial, checks: Checks) -> None:
    """One engine key that is alive at the checkpoint, as the shown entries tell, signed the list of all files."""
    keyid, at = signature_line(files).keyid, shown.claims.as_of.time
    life: KeyLife | None = partial.state.get("key", keyid)
    refusal = key_refusal(life, keyid, at, use="engine")
    if refusal is not None or life is None:
        checks.fails(
            "statement", "statement-key", refusal.detail if refusal is not None else f"key {keyid} is not known"
        )
        return
    if live_grant(partial.state, life.record.principal, "engine", at) is None:
        checks.fails("statement", "statement-key", f"{life.record.principal} does not hold the role engine")
        return
    try:
        check_statement(files, life.record)
    except LedgerError as err:
        checks.caught("statement", err)
        return
    checks.holds("statement", f"{len(files) - 2} files, listed and signed by {life.record.principal}")


def check_redactions(shown: Shown, checks: Checks) -> None:
    """Every withheld version stands under a class that is described; each class counts what it says (never per digest)."""
    before = len(checks.done)
    counted: Counter[str] = Counter()
    for end in shown.streams:
        for run in end.withheld:
            counted[run.class_] += run.to - run.from_ + 1
    classes = {c.id: c for c in shown.redactions.classes}
    ids = [c.id for c in shown.redactions.classes]
    if ids != sorted(set(ids)):
        checks.fails("redactions", "redactions-form", "the classes are not in order, or one stands twice")
    lost = sorted(counted.keys() - classes.keys())
    if lost:
        checks.fails(
            "redactions", "redactions-missing", f"entries are withheld under {lost[0]}, which is not described"
        )
    for one in shown.redactions.classes:
        withholds_entries = one.kind in ("event", "suppressed")
        wanted = counted.get(one.id, 0)
        if (one.count, withholds_entries) != (wanted, wanted > 0):
            detail = f"class {one.id} ({one.kind}) says {one.count}, and {wanted} entries are withheld under it"
            checks.fails("redactions", "redactions-count", detail)
    suppressed = check_suppressed(shown, checks)
    if len(checks.done) == before:
        for said in suppressed:
            detail = f"entry {said.index} ({said.type}) is suppressed: {said.ground}; what rests on it can't be judged"
            checks.add("redactions", V.INCOMPLETE, "suppressed", detail, said.index)
    if len(checks.done) == before:
        checks.holds(
            "redactions", f"{len(classes)} classes, each with its ground; {sum(counted.values())} entries withheld"
        )
    if counted:
        checks.notes.append("the content of what is withheld: only how much, where, under which ground")


def check_suppressed(shown: Shown, checks: Checks) -> list[entry.Suppressed]:
    """What the root says of each withheld version under a class of kind `suppressed`: each has a shown `entry.suppressed` that
    names it, with its leaf, where the chain or the end of the stream tells one.
    """
    classes = {c.id for c in shown.redactions.classes if c.kind == "suppressed"}
    told = {
        (b.stream, b.version): b for e in shown.entries if isinstance(b := e.statement.predicate.body, entry.Suppressed)
    }
    found: list[entry.Suppressed] = []
    for end in shown.streams:
        leaves = {e.version - 1: e.previous for e in shown.of_stream(end.stream)} | {end.version: end.head}
        for run in (r for r in end.withheld if r.class_ in classes):
            for version in range(run.from_, min(run.to, end.version) + 1):
                said = told.get((end.stream, version))
                if said is None or leaves.get(version, said.leaf) != said.leaf:
                    detail = (
                        f"{end.stream}: version {version} is said to be suppressed, and no entry of the root says so"
                    )
                    checks.fails("redactions", "redactions-ground", detail)
                    return []
                found.append(said)
    return found


def check_frameworks(shown: Shown, checks: Checks) -> None:
    """Each pack that a shown entry publishes is there, byte for byte, and no other."""
    wanted: dict[str, int] = {}
    for one in shown.entries:
        body = one.statement.predicate.body
        if isinstance(body, framework.Published):
            raw = dumps(body.pack)
            digest = sha256(raw).hexdigest()
            wanted[digest] = one.index
            if shown.frameworks.get(digest) != raw:
                detail = f"the pack that entry {one.index} publishes is not in data/frameworks, or is another"
                checks.fails("frameworks", "framework-mismatch", detail, one.index)
    extra = sorted(shown.frameworks.keys() - wanted.keys())
    if extra:
        checks.fails("frameworks", "framework-mismatch", f"no shown entry publishes the pack {extra[0]}")
    if wanted and not checks.failed:
        checks.holds("frameworks", f"{len(wanted)} packs, as published")


def check_static(files: Files, own: Mapping[str, bytes], checks: Checks) -> None:
    """The verifiers that a bundle carries are a convenience: another release's are said to be others, never run."""
    tags = {"bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt", "bundle.json", "bundle.sig"}
    for path in sorted(files):
        if path.startswith("data/") or path in tags:
            continue
        if path not in STATIC:
            checks.fails("container", "bag-extra", f"{path} does not belong in a bundle")
        elif path in own and files[path] != own[path]:
            checks.notes.append(
                f"that {path} in the bundle is a verifier of ours: it is not this release's; don't run it"
            )
