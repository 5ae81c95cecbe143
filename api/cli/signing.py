"""From words to receipt: what the people's verbs do alike, and what they take from the adopted packs."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from api.author import Written, statement_of
from api.book import Book, Posted, RefusedError
from api.cli.asking import Asker
from api.cli.words import words
from ledger.entry import leaf_hash
from ledger.errors import Fault, Malformed
from ledger.event import Body
from ledger.keys import Signer
from ledger.state import State
from ledger.trust import KeyLife
from policies.binding import binding_packs
from policies.facts import Fact, Published


def sign_and_post(
    book: Book, asker: Asker, body_type: type[Body], body: Mapping[str, Any], stream: str,
    by: str | Sequence[Signer], clauses: Iterable[str] = (), *, subject: str | None = None, subject_salt: bytes | None = None,
    record: tuple[str, bytes] | None = None, place: Mapping[str, Any] | None = None, withhold: Iterable[str] | None = None,
) -> Posted:  # fmt: skip
    """Show what is signed, have it confirmed, sign by as many keys as the type's quorum asks for (or by those given), post.

    `record` is a file of the folder to keep before the post: what a withheld value is, nobody else knows. `place` is what the
    statement says of itself: `occurred_at`, `known_at`, `causes`. `withhold` are paths beyond the defaults (`--withhold`).
    """
    signers = book.signers(by, body_type.event.quorum) if isinstance(by, str) else by
    options: dict[str, Any] = {} if subject is None else {"subject": subject, "subject_salt": subject_salt}
    options |= {"withhold": withhold or (), **(place or {})}
    draft = book.draft(body_type, body, stream, [s.keyid for s in signers], **options)
    statement_of(draft.payload)  # a field that is not of its form is named before anyone signs
    asker.confirm(words(body_type, body, stream, draft, signers, clauses))
    if record is not None:
        book.keep(*record)
    return submit(book, draft.sign(signers))


def submit(book: Book, written: Written) -> Posted:
    """Post; a refused statement is kept as signed, since the same bytes may be sent again once the ledger allows them."""
    try:
        return book.post(written)
    except RefusedError as err:
        name = f"refused/{written.event_id}.json"
        book.keep(name, written.wire())
        raise RefusedError(err.refused, book.place(name), book.where) from err


def packs_now(book: Book, state: State) -> tuple[Published, ...]:
    """The packs that bind now. Raises `Fault` `framework-not-adopted`."""
    found = binding_packs(state, book.now())
    if not found:
        remedy = "holdpoint framework publish anthropic-rsp-2.2 --adopt --as framework-admin"
        raise Fault("framework-not-adopted", "failed", "no framework binds this ledger now", remedy)
    return found


def one_pack(found: Iterable[Published], framework: str | None, what: str) -> Published:
    """The one pack meant. Raises `Fault` `framework-ambiguous`, `framework-not-adopted`."""
    fitting = [p for p in found if framework in (None, p.pack.id, p.digest)]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        detail = f"no framework that binds now speaks of {what}"
        raise Fault("framework-not-adopted", "failed", detail, "holdpoint framework show ID says what a pack names")
    names = ", ".join(p.pack.id for p in fitting)
    raise Fault("framework-ambiguous", "failed", f"{names} all speak of {what}", "say which: --framework ID")


def begin(book: Book, model: str, *, yes: bool) -> tuple[str, Asker, State]:
    """The stream that a verb speaks of, who asks for what is missing, and what is known of that model."""
    stream = model_stream(model)
    return stream, Asker(yes=yes), book.known(stream)


def owner_of(book: Book, known: State, by: str) -> str | None:
    """The principal of the one key that signs as `by`; `None` where the ledger does not know that key."""
    (signer,) = book.signers(by)
    life: KeyLife | None = known.get("key", signer.keyid)
    return None if life is None else life.record.principal


def model_stream(text: str) -> str:
    """The stream of a model: `model/NAME`, or the name alone."""
    return text if text.startswith("model/") else f"model/{text}"


def subject_of(state: State, stream: str) -> str:
    """The salted subject digest of a registered model. Raises `Fault` `model-unknown`."""
    found: str | None = state.get("subject", stream)
    if found is None:
        remedy = f"holdpoint register {stream} --name NAME --weights FILE"
        raise Fault("model-unknown", "failed", f"no model is registered in {stream}", remedy)
    return found


def request_for(state: State, stream: str, action: str | None, digest: str | None, size: int | None = None) -> Fact:
    """The request of that digest, else the newest on this action of this model; with `size`, of entries 0…size−1.

    Raises `Fault` `request-missing`.
    """
    found: list[Fact] = [f for _, f in state.scan("request") if f.stream == stream and (size is None or f.index < size)]
    if digest is not None:
        found = [f for f in found if f.digest == digest]
    elif action is not None:
        found = [f for f in found if f.body.action == action]
    if not found:
        named = f"for {action} " if action is not None else f"{digest[:16]}… " if digest is not None else ""
        detail = f"no request {named}of {stream} is recorded"
        remedy = f"holdpoint request {stream} {action or 'ACTION'} --audience AUDIENCE --as deployer"
        raise Fault("request-missing", "failed", detail, remedy)
    return max(found, key=lambda f: f.index)


def reference_to(fact: Fact) -> dict[str, Any]:
    """A reference to the entry of a fact."""
    return {"index": fact.index, "leaf": fact.leaf}


def references_to(book: Book, state: State, indexes: Iterable[int]) -> list[dict[str, Any]]:
    """References to entries by index, with the leaf hash of each."""
    found = []
    for index in indexes:
        known = state.get("entry", str(index))
        if known is not None:
            found.append({"index": index, "leaf": known.leaf})
            continue
        entry, _ = book.entry(index)
        found.append({"index": index, "leaf": leaf_of(entry)})
    return found


def leaf_of(entry: bytes) -> str:
    """The leaf hash of an entry's bytes, in hex."""
    return leaf_hash(entry).hex()


def pairs_of(flag: str, given: Iterable[str]) -> dict[str, str]:
    """NAME=VALUE flags as an object. Raises `Malformed`."""
    found: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name or name in found:
            raise Malformed("flag", f"{flag} NAME=VALUE, each name once", "fact-form")
        found[name] = value
    return found
