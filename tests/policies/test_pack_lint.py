"""Between packs: what one names in another is there, and a successor begins where its predecessor ends."""

import msgspec
import pytest

from policies.pack import Pack
from policies.pack_duties import Owed
from policies.pack_lint import lint
from tests.policies.world import FRAMEWORKS, shipped

SHIPPED = {p.stem: shipped(p.stem) for p in sorted(FRAMEWORKS.glob("*.toml"))}
XAI, CODE, GDM = "xai-faif-2025-12-30", "eu-gpai-cop-safety-security", "google-deepmind-fsf-3.0"


def with_(name: str, **changes: object) -> dict[str, Pack]:
    return {**SHIPPED, name: msgspec.structs.replace(SHIPPED[name], **changes)}


def without(name: str) -> dict[str, Pack]:
    return {n: p for n, p in SHIPPED.items() if n != name}


def after(pack: str, obligation: str) -> dict[str, Pack]:
    first, *rest = SHIPPED[CODE].obligations
    bent = msgspec.structs.replace(first, after=Owed(obligation, pack))
    return with_(CODE, obligations=(bent, *rest))


def test_what_ships_fits_together() -> None:
    assert lint(SHIPPED) == ()
    assert len(SHIPPED) == 22


BENT = {
    "the law is not there": (without("us-ca-sb53"), XAI, "statutory law", "lint-law"),
    "the law is no law": (with_("us-ca-sb53", binds="code"), XAI, "statutory law", "lint-law"),
    "the act is not there": (without("eu-ai-act-gpai"), CODE, "scope threshold", "lint-scope"),
    "a threshold that the act does not have": (with_("eu-ai-act-gpai", thresholds=()), CODE, "scope threshold", "lint-scope"),
    "states that the act does not have": (with_("eu-ai-act-gpai", states=()), CODE, "scope threshold", "lint-scope"),
    "a duty that the act does not have": (after("eu-ai-act-gpai", "EU-99"), CODE, "obligations EU-1.1a after", "lint-duty"),
    "a duty of a pack that is not there": (after("atlantis-1", "A"), CODE, "obligations EU-1.1a after", "lint-duty"),
    "the base is not there": (without("google-deepmind-fsf-3.1"), GDM, "base id", "lint-pack"),
    "a day between two versions": (with_(GDM, in_force_until="2026-04-16"), GDM, "$.in_force_until", "lint-gap"),
    "a successor of something else": (
        with_("google-deepmind-fsf-3.1", supersedes="meta-aasf-2.0"), GDM, "$.superseded_by", "lint-successor",
    ),
    "superseded, and nobody told it": (
        with_(GDM, superseded_by="somebody"), "google-deepmind-fsf-3.1", "$.supersedes", "lint-successor",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BENT)
def test_what_does_not_fit_is_named(name: str) -> None:
    packs, pack, place, rule = BENT[name]
    assert (pack, place, rule) in {(f.pack, f.place, f.rule) for f in lint(packs)}
