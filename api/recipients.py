"""Who may fetch a bundle: the scope of its recipient (access.md §5, `bundles:read:<recipient>`).

A recipient is a line as people write it, a scope has neither capitals nor spaces. A plain name is its own scope; any other gets
its letters and a digest of itself, so that no two recipients share one: what opens one bundle opens no other's.
"""

import re
from hashlib import sha256

from api.tokens import BUNDLES

_PLAIN = re.compile(r"[a-z0-9][a-z0-9._@-]{0,119}")
_OTHERS = re.compile(r"[^a-z0-9]+")


def recipient_scope(recipient: str) -> str:
    """The scope that opens bundles for this recipient."""
    if _PLAIN.fullmatch(recipient) is not None:
        return f"{BUNDLES}:{recipient}"
    letters = _OTHERS.sub("-", recipient.lower()).strip("-")[:80]
    return f"{BUNDLES}:{letters}/{sha256(recipient.encode()).hexdigest()[:32]}"


def opens_bundle(scopes: frozenset[str] | None, recipient: str) -> bool:
    """Whether these scopes are the recipient's; `None` is this machine's own operator on a development ledger."""
    return scopes is None or recipient_scope(recipient) in scopes
