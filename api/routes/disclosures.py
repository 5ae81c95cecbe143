"""`/v1/disclosures`: what was handed over, what is prepared, and the bundle for its recipient alone (access.md §5, T33)."""

from base64 import b64encode
from dataclasses import asdict
from hashlib import file_digest
from pathlib import Path as FilePath
from typing import Annotated

from fastapi import Path, Query, Request
from starlette.responses import FileResponse, Response

from api.bound import REVALIDATE, Following, bound, known, next_page
from api.handed_over import HandedOver, handed_over, kept, prepared_body, released_one, shown_disclosure
from api.positions import parse_at
from api.problems import problem
from api.recipients import opens_bundle
from api.routes.asked import WHOLE, After, At, ledger_of, past_of
from api.tokens import PREPARE
from disclosures.alerts import break_glass_of
from ledger.errors import Fault

DISCLOSURES = 200
"""Disclosures per page."""
BundleId = Annotated[
    str, Path(pattern=r"^[0-9a-f]{32}$", description="The first 32 hex digits of the bundle's digest.")
]


def disclosures(
    request: Request,
    at: At = None,
    after: After = -1,
    limit: Annotated[int, Query(ge=1, le=DISCLOSURES), WHOLE] = 50,
) -> Response:
    """Every disclosure, by index: who received what, when, under which profile, and who released it."""
    past = past_of(request)
    view = past.at(parse_at(at))
    found = [h for h in handed_over(view.state) if h.index > after]
    more: Following = next_page(request, found[limit - 1].index, at=view.size) if len(found) > limit else ()
    now = ledger_of(request).appender.state
    value = {
        "as_of": {"size": view.size, "time": view.time}, "break_glass": break_glass_of(view.state),
        "disclosures": [asdict(shown_disclosure(now, h)) for h in found[:limit]],
    }  # fmt: skip
    return bound(request, value, checkpoint=past.checkpoint(view.size), following=more)


def one_disclosure(request: Request, bundle_id: BundleId) -> Response:
    """`released` once its signed `disclosure.made` is in the log; before, `prepared`, to whoever may prepare one."""
    ledger, past = ledger_of(request), past_of(request)
    view = past.at(None)
    found = released_one(view.state, bundle_id)
    if found is not None:
        told = asdict(shown_disclosure(ledger.appender.state, found))
        value = {"state": "released", **told, "kept": kept(ledger.folder, found.bundle_digest) is not None}
        return bound(request, value, checkpoint=past.checkpoint(view.size))
    scopes: frozenset[str] | None = request.scope.get("holdpoint.scopes")
    body = prepared_body(ledger.folder, bundle_id) if scopes is None or PREPARE in scopes else None
    if body is None:
        return problem("not-found", place="path")
    value = {"state": "prepared", "id": bundle_id, "stream": f"disclosure/{bundle_id}", "body": body}
    return bound(request, value, checkpoint=past.checkpoint(view.size))


def disclosure_bundle(request: Request, bundle_id: BundleId) -> Response:
    """The bundle's bytes, once released, for its recipient alone: to everybody else it is not there."""
    ledger = ledger_of(request)
    scopes: frozenset[str] | None = request.scope.get("holdpoint.scopes")
    with ledger.appender.lock:
        state = ledger.appender.state.at(ledger.appender.published[0])
    found = [h for h in handed_over(state) if h.id == bundle_id and opens_bundle(scopes, h.recipient)]
    path = kept(ledger.folder, found[0].bundle_digest) if found else None
    if path is None:
        return problem("not-found", place="path")
    return _file(request, path, found[0])


def _file(request: Request, path: FilePath, what: HandedOver) -> Response:
    """The file, once it is still what two people signed."""
    with path.open("rb") as stream:
        digest = file_digest(stream, "sha256").hexdigest()
    if f"sha256:{digest}" != what.bundle_digest:
        remedy = "prepare it anew: the same request at the same checkpoint gives the same bytes"
        raise Fault("bundle-changed", "failed", f"the bundle kept for {what.bundle_digest} has changed on disk", remedy)
    headers = {
        "ETag": f'"{digest}"',
        "Cache-Control": REVALIDATE,
        "Repr-Digest": f"sha-256=:{b64encode(bytes.fromhex(digest)).decode()}:",
    }
    if known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return FileResponse(path, media_type="application/zip", filename=f"{what.id}.zip", headers=headers)
