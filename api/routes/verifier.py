"""`/verify`: the page that checks bundles and receipts in the reader's own browser; the very file that bundles carry.

It is public, since it holds nothing of the ledger. Whoever distrusts the keeper takes the file from the release instead, and
compares its digest: a page from the server under test is a convenience.
"""

import re
from functools import cache
from importlib.resources import files

from fastapi import Request
from starlette.responses import Response

from api.bound import bound

_POLICY = re.compile(r'http-equiv="Content-Security-Policy" content="([^"]+)"')


@cache
def _page() -> tuple[bytes, str]:
    """The file, and the policy that it states of itself; a header can also refuse to be framed."""
    text = (files("disclosures") / "static" / "verify.html").read_text(encoding="utf-8")
    found = _POLICY.search(text)
    if found is None:
        raise ValueError("verify.html states no policy: run make verifier")
    return text.encode(), f"{found[1]}; frame-ancestors 'none'"


def verifier(request: Request) -> Response:
    """The page that checks bundles and receipts, in the reader's browser; nothing is sent."""
    content, policy = _page()
    answer = bound(request, content, media_type="text/html; charset=utf-8")
    answer.headers["Content-Security-Policy"] = policy
    return answer
