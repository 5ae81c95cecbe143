"""The shapes of answers about disclosures: what was handed over, what is prepared, what a prepared bundle would show."""

from typing import Any, Literal

from pydantic import Field

from api.answers import Answer, AsOf, BreakGlass, Hex

BUNDLE_ID = "^[0-9a-f]{32}$"
DIGEST = "^sha256:[0-9a-f]{64}$"


class Seen(Answer):
    """The size and root of the tree that a bundle is proven against."""

    root: str = Hex
    size: int


class MadeBody(Answer):
    """The body of `disclosure.made`: what two disclosers sign."""

    bundle_digest: str = Field(pattern=DIGEST)
    checkpoint: Seen
    first: int
    last: int
    profile: str
    recipient: str


class Disclosure(MadeBody):
    """A bundle that two people released, by the entry that says so."""

    id: str = Field(pattern=BUNDLE_ID)
    index: int
    recorded_at: str
    released_by: list[str]


class Disclosures(Answer):
    """By index; the next page is in `Link`."""

    as_of: AsOf
    break_glass: list[BreakGlass]
    disclosures: list[Disclosure]


class OneDisclosure(Answer):
    """`released`: members of a disclosure, and whether the bundle is `kept` here. `prepared`: its `stream`, and the `body` to
    sign.
    """

    id: str = Field(pattern=BUNDLE_ID)
    state: Literal["prepared", "released"]
    body: MadeBody | None = None
    bundle_digest: str | None = None
    checkpoint: Seen | None = None
    first: int | None = None
    index: int | None = None
    kept: bool | None = None
    last: int | None = None
    profile: str | None = None
    recipient: str | None = None
    recorded_at: str | None = None
    released_by: list[str] | None = None
    stream: str | None = None


class WithheldClass(Answer):
    """What stays, by class."""

    class_: str = Field(alias="class")
    count: int
    kind: str
    retained_until: str | None
    what: str


class Shows(Answer):
    """What would leave: entries by type, disclosed fields by `type.member`, streams by name, `beside` those that proofs of
    absence show; and what stays.
    """

    beside: list[str]
    claims: list[str]
    entries: dict[str, int]
    fields: dict[str, int]
    streams: list[str]
    withheld: list[WithheldClass]


class Prepared(Answer):
    """A bundle that nobody has yet: two disclosers sign `body` in `stream`, and post the envelope to `/v1/entries`."""

    body: MadeBody
    bytes: int
    digest: str = Field(pattern=DIGEST)
    id: str = Field(pattern=BUNDLE_ID)
    shows: Shows
    state: Literal["prepared"]
    stream: str


REQUEST: dict[str, Any] = {
    "type": "object",
    "description": "What is asked for, as `holdpoint disclose` asks it.",
    "required": ["profile", "recipient", "subject"],
    "additionalProperties": False,
    "properties": {
        "profile": {
            "description": "The id of a shipped profile, or a whole one (spec/profile.md).",
            "anyOf": [{"type": "string"}, {"type": "object"}],
        },
        "recipient": {"type": "string", "minLength": 1, "maxLength": 400, "description": "Who gets it."},
        "subject": {"type": "string", "pattern": "^model/[a-z0-9._:/@-]{1,194}$"},
        "absent": {"type": "array", "maxItems": 62, "items": {"type": "string", "pattern": "^[a-z0-9._:/@-]{1,200}$"}},
        "actions": {
            "type": "array",
            "maxItems": 64,
            "items": {"type": "string", "pattern": "^[A-Za-z0-9._:/@-]{1,120}$"},
        },
        "since": {"type": "array", "maxItems": 62, "items": {"type": "integer", "minimum": 1}},
    },
}
"""The body of `POST /v1/disclosures`."""
