"""The shapes of answers, for OpenAPI: what they share, entries, keys, frameworks and health.

Pydantic describes them, msgspec writes them, tests hold one against the other. Others: `answers_models`, `answers_decisions`,
`answers_duties`, `answers_about`.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Hex = Field(pattern="^[0-9a-f]{64}$")


class Answer(BaseModel):
    """Closed; members are only added within `/v1`."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True)


class Problem(Answer):
    """RFC 9457. `reason` is the stable code, described in `docs/reference/problems.md` and at `/docs/problems`."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow", hide_input_in_errors=True)
    type: str
    title: str
    status: int
    detail: str
    reason: str
    place: str
    retryable: bool
    instance: str | None = None


class AsOf(Answer):
    """Entries 0…size−1, at `time`."""

    size: int
    time: str


class BreakGlass(Answer):
    """An exceptional grant that nobody has reviewed; `index` is that of its `role.granted`. Every answer says it."""

    granted_by: list[str]
    index: int
    principal: str
    role: str
    valid_until: str


class Entry(Answer):
    """One entry, and where it stands. `entry` is the leaf's JSON (spec/entry.md); `null` where the root suppressed it, at the
    index `suppressed_at`.
    """

    index: int
    leaf: str = Hex
    recorded_at: str
    stream: str
    stream_version: int
    type: str
    entry: dict[str, Any] | None
    suppressed_at: int | None


class Entries(Answer):
    """A page in order; shorter than `limit` where a token opens only part of it. The next one is in `Link`."""

    entries: list[Entry]


class EventOutcome(Answer):
    """What became of an event id."""

    outcome: Literal["committed", "unknown"]
    index: int | None = None


class Derived(Answer):
    """An entry that followed in the same batch."""

    index: int
    type: str


class Appended(Answer):
    """The receipt of a submission: final, durable, in the signed tree."""

    status: int
    index: int
    event_id: str
    statement_digest: str
    recorded_at: str
    derived: list[Derived]
    entry: dict[str, Any]
    receipt: str


class Receipt(Answer):
    """`receipt` is c2sp.org/tlog-proof; `witnessed`: under a checkpoint that met the ledger's own witness policy.

    `entry` and `recorded_at` only for who may read it.
    """

    index: int
    leaf: str = Hex
    receipt: str
    witnessed: bool
    entry: dict[str, Any] | None = None
    recorded_at: str | None = None


class Key(Answer):
    """A public key, its owner and its life."""

    alg: str
    index: int
    keyid: str
    principal: str
    revoked_at: int | None
    revoked_because: str | None
    spki: str
    use: str


class Keys(Answer):
    """A page by index, and the log's verifier keys."""

    break_glass: list[BreakGlass]
    keys: list[Key]
    vkeys: list[str]


class Framework(Answer):
    """A published pack, and whether it binds at the time of the answer."""

    binds: bool
    digest: str
    id: str
    index: int
    version: str


class Frameworks(Answer):
    """A page by index."""

    as_of: AsOf
    break_glass: list[BreakGlass]
    frameworks: list[Framework]


class Live(Answer):
    """The process answers."""

    alive: bool


class Ready(Answer):
    """Each part is `ok` or says what is wrong. `writes` are refused where the ledger is read-only."""

    ready: bool
    writes: bool
    parts: dict[str, str]
