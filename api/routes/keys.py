"""`/v1/keys`: public keys and their lives; public, so that anyone can verify."""

from fastapi import Request
from starlette.responses import Response

from api.bound import FOREVER, REVALIDATE, Following, bound, next_page
from api.positions import parse_at
from api.routes.asked import After, At, Limit, past_of
from disclosures.alerts import break_glass_of
from ledger.strict import format_base64


def keys(request: Request, at: At = None, after: After = -1, limit: Limit = 1000) -> Response:
    """Keys in order of registration, and the log's verifier keys, as of a position. A page never splits entry 0's keys."""
    past, wanted = past_of(request), parse_at(at)
    view = past.at(wanted, future=True)
    lives = sorted((k for _, k in view.state.scan("key") if k.index > after), key=lambda k: (k.index, k.record.keyid))
    end = limit
    while 0 < end < len(lives) and lives[end].index == lives[end - 1].index:
        end += 1
    rows = [
        {
            "alg": k.record.alg,
            "index": k.index,
            "keyid": k.record.keyid,
            "principal": k.record.principal,
            "revoked_at": k.revoked_at,
            "revoked_because": k.reason,
            "spki": format_base64(k.record.spki),
            "use": k.record.use,
        }
        for k in lives[:end]
    ]
    more: Following = next_page(request, rows[-1]["index"], at=at or view.size) if len(lives) > end else ()
    return bound(
        request,
        {"break_glass": break_glass_of(view.state), "keys": rows, "vkeys": list(view.state.get("meta", "vkeys") or ())},
        checkpoint=past.checkpoint(view.size),
        keep=FOREVER if isinstance(wanted, int) else REVALIDATE,
        following=more,
    )
