"""What was handed over, as the log says: each `disclosure.made`, and whether its bundle is kept here."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from api.embargo import Table, suppressed_at
from ledger.events import disclosure
from ledger.state import State
from policies.facts import Fact

ID = re.compile(r"[0-9a-f]{32}")
"""The first half of a bundle's SHA-256: the name of the stream in which it is said that it was made."""

SUPPRESSED = "suppressed by the root"


@dataclass(frozen=True, slots=True)
class HandedOver:
    """One disclosure: who received what, when, under which profile, and who released it."""

    bundle_digest: str
    checkpoint: dict[str, Any]
    first: int
    id: str
    index: int
    last: int
    profile: str
    recipient: str
    recorded_at: str
    released_by: tuple[str, ...]


def bundle_path(folder: Path, digest: str) -> Path:
    """Where a prepared bundle is kept."""
    return folder / "bundles" / f"{digest.removeprefix('sha256:')}.zip"


def id_of(digest: str) -> str:
    """The id of a bundle, from its digest."""
    return digest.removeprefix("sha256:")[:32]


def handed_over(state: State) -> list[HandedOver]:
    """Every disclosure, in order of index, as signed: what leaves goes through `shown_disclosure`."""
    facts = (f for _, found in state.scan("disclosed") for f in found)
    return sorted(map(_told, facts), key=lambda h: h.index)


def shown_disclosure(state: Table, found: HandedOver) -> HandedOver:
    """A disclosure without the words of a suppressed entry. `state` is that of now, as in `api.embargo.shown_incident`."""
    if suppressed_at(state, found.index) is None:
        return found
    return replace(found, profile=SUPPRESSED, recipient=SUPPRESSED)


def released_one(state: State, bundle_id: str) -> HandedOver | None:
    """The first disclosure of a bundle, or `None`."""
    return next((h for h in handed_over(state) if h.id == bundle_id), None)


def prepared_body(folder: Path, bundle_id: str) -> dict[str, Any] | None:
    """The body that two disclosers are to sign for a bundle that is kept here, or `None`."""
    for path in _kept(folder, bundle_id):
        try:
            body: dict[str, Any] = json.loads(path.with_suffix(".json").read_text())
        except FileNotFoundError:
            continue
        return body
    return None


def kept(folder: Path, digest: str) -> Path | None:
    """Where a bundle is kept, or `None`."""
    path = bundle_path(folder, digest)
    return path if path.is_file() else None


def _kept(folder: Path, bundle_id: str) -> Iterator[Path]:
    if ID.fullmatch(bundle_id) is not None:
        yield from sorted((folder / "bundles").glob(f"{bundle_id}*.zip"))


def _told(fact: Fact) -> HandedOver:
    said: disclosure.Made = fact.body
    return HandedOver(
        bundle_digest=said.bundle_digest,
        checkpoint={"root": said.checkpoint.root, "size": said.checkpoint.size},
        first=said.first,
        id=id_of(said.bundle_digest),
        index=fact.index,
        last=said.last,
        profile=said.profile,
        recipient=said.recipient,
        recorded_at=fact.recorded_at,
        released_by=tuple(sorted(fact.principals)),
    )
