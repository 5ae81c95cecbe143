"""`POST /v1/disclosures`: a bundle is built and kept, and nobody has it; what two disclosers are to sign is the answer.

The same functions as `holdpoint disclose --prepare`. Building takes as long as the ledger is large: it runs in a thread, one at a
time, so that no reader waits for it. Released by the signatures of two people outside this server: their `disclosure.made` comes
in through `POST /v1/entries`, idempotent by its event id. The answer says what the bundle shows, never what it says.
"""

import asyncio
from collections import Counter
from threading import Lock
from typing import Annotated, Any

from msgspec import Meta, ValidationError, convert
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.bound import JSON, NEVER, bound
from api.disclosing import Prepared, prepare, profile_given
from api.handed_over import id_of
from api.ingest import READ_SECONDS, TOKEN, read_body
from api.problems import of_error, problem, response
from api.routes.asked import ledger_of
from api.wiring import Ledger
from disclosures.builder import Asked
from disclosures.shown import Shown, read_shown
from disclosures.stored_zip import parse_zip
from ledger.canonical import loads
from ledger.errors import LedgerError, Malformed
from ledger.fields import Closed, Line, Name, StreamName, Version

MAX_BODY = 1 << 20


class DisclosureRequest(Closed, frozen=True):
    """What is asked for: `profile` the id of a shipped one, or a whole one (spec/profile.md); the rest as in `disclose`."""

    profile: str | dict[str, Any]
    recipient: Annotated[Line, Meta(min_length=1)]
    subject: Annotated[str, Meta(pattern=r"\Amodel/[a-z0-9._:/@-]{1,194}\Z")]
    absent: Annotated[tuple[StreamName, ...], Meta(max_length=62)] = ()  # `request.json` holds two more: the edges
    actions: Annotated[tuple[Name, ...], Meta(max_length=64)] = ()
    since: Annotated[tuple[Version, ...], Meta(max_length=62)] = ()  # and the checkpoints that are added


class Building:
    """One bundle at a time per server: the next asker is told to come again."""

    def __init__(self) -> None:
        self._one = Lock()

    def prepare(self, ledger: Ledger, asked: Asked) -> Prepared | None:
        """The bundle, kept; `None` where another is being built. Raises as `api.disclosing.prepare`."""
        if not self._one.acquire(blocking=False):
            return None
        try:
            return prepare(ledger, asked, ledger.engine)
        finally:
            self._one.release()


async def prepare_disclosure(request: Request) -> Response:
    """Build and keep a bundle for one recipient under a profile. Nothing of it is handed out before its signed `disclosure.made`
    is in the log: sign `body` in `stream` with two disclosers' keys, and post the envelope to `/v1/entries`.
    """
    try:
        asked = await _asked(request)
    except TimeoutError:
        return problem("slow-body", place="body", headers={"Connection": "close"})
    except LedgerError as err:
        return response(of_error(err))
    if isinstance(asked, Response):
        return asked
    building: Building = request.app.state.building
    prepared = await run_in_threadpool(building.prepare, ledger_of(request), asked)
    if prepared is None:
        return problem("bundle-building", headers={"Retry-After": "5"})
    return bound(request, await run_in_threadpool(told, prepared), keep=NEVER, status=201)


async def _asked(request: Request) -> Asked | Response:
    """The body, read strictly. Raises `Malformed`, `Fault` `profile-missing`, `TimeoutError`."""
    headers = request.headers
    if headers.get("content-encoding", "identity") != "identity":
        return problem("content-encoding", place="Content-Encoding")
    if headers.get("content-type", "").split(";")[0].strip().lower() != JSON:
        return problem("media-type", place="Content-Type")
    async with asyncio.timeout(READ_SECONDS):
        raw = await read_body(request.receive, headers.get("content-length", "0"), MAX_BODY)
    if TOKEN.search(raw) is not None:
        return problem("token-in-url", place="body")
    try:
        said = convert(loads(raw), DisclosureRequest, strict=True)
    except ValidationError as err:
        raise Malformed("request", str(err).partition(" - at ")[2].strip("`") or "$", "request-form") from None
    return Asked(said.subject, said.recipient, profile_given(said.profile), said.actions, said.since, said.absent)


def told(prepared: Prepared) -> dict[str, Any]:
    """What two people are to sign, and what they would hand out: kinds and counts, no content."""
    return {
        "body": prepared.body,
        "bytes": len(prepared.raw),
        "digest": prepared.digest,
        "id": id_of(prepared.digest),
        "shows": shows(read_shown(parse_zip(prepared.raw)), prepared.beside),
        "state": "prepared",
        "stream": prepared.stream,
    }


def shows(shown: Shown, beside: tuple[str, ...]) -> dict[str, Any]:
    """What leaves with a bundle: entries by type, disclosed fields, names of streams that proofs of absence show; what stays."""
    fields = Counter(f"{e.type}.{name}" for e in shown.entries for name in e.disclosed)
    return {
        "beside": list(beside),
        "claims": [str(c.get("kind")) for c in shown.claims.claims],
        "entries": dict(sorted(Counter(e.type for e in shown.entries).items())),
        "fields": dict(sorted(fields.items())),
        "streams": [s.stream for s in shown.streams],
        "withheld": [{"class": c.id, "count": c.count, "kind": c.kind, "retained_until": c.retained_until, "what": c.what}
                     for c in shown.redactions.classes],
    }  # fmt: skip
