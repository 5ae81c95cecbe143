"""The JSON members of a disclosure bundle: closed, canonical, and read as strictly as they are written (spec/bundle.md §2–§6)."""

from typing import Annotated, Any, Literal, TypeVar

from msgspec import Meta

from ledger.canonical import decode_canonical, encode, loads_canonical
from ledger.errors import Malformed
from ledger.fields import Closed, Count, Hex32, Index, Line, Name, Origin, StreamName, Text, Time, Version

MAX_PART = 32 << 20
T = TypeVar("T", bound=Closed)
HashPath = Annotated[tuple[Hex32, ...], Meta(max_length=64)]
ClassName = Annotated[str, Meta(pattern=r"\A[a-z0-9][a-z0-9-]{0,63}\Z")]


class Run(Closed, frozen=True, rename={"from_": "from", "class_": "class"}):
    """Withheld versions `from`…`to` of a stream, all under one redaction class."""

    class_: ClassName
    from_: Version
    to: Version


class StreamEnd(Closed, frozen=True):
    """How far a stream goes, proven in the committed stream index, and which of its versions are withheld."""

    head: Hex32
    path: HashPath
    position: Index
    stream: StreamName
    version: Version
    withheld: tuple[Run, ...]


class Committed(Closed, frozen=True):
    """The `index.committed` entry that everything here is proven against."""

    index: Index
    root: Hex32
    size: Version
    streams: Version


class Neighbour(Closed, frozen=True):
    """A leaf of the stream index beside a name that is not there; `datum` as text (RFC 8785)."""

    datum: Annotated[str, Meta(max_length=1000)]
    path: HashPath
    position: Index


class Absent(Closed, frozen=True):
    """That no stream of this name exists: its two neighbours, one of them missing at an edge."""

    left: Neighbour | None
    right: Neighbour | None
    stream: StreamName


class Completeness(Closed, frozen=True):
    """`completeness.json`: where each stream ends, what of it is withheld, and which streams do not exist."""

    absent: tuple[Absent, ...]
    committed: Committed
    schema: Literal["holdpoint.completeness/1"]
    streams: Annotated[tuple[StreamEnd, ...], Meta(min_length=1)]


class RedactionClass(Closed, frozen=True):
    """What is withheld of one kind, why, and for how long; never per digest, which would unmask decoys."""

    character: Line
    count: Count
    ground: Line
    id: ClassName
    justification: Text
    kind: Literal["event", "field", "erased", "unheld", "suppressed"]
    retained_until: Time | None
    what: Line


class Redactions(Closed, frozen=True):
    """`redactions.json`."""

    classes: Annotated[tuple[RedactionClass, ...], Meta(max_length=512)]
    schema: Literal["holdpoint.redactions/1"]


class ConsistencyProof(Closed, frozen=True):
    """From a tree of `size` entries to the checkpoint's (RFC 6962 §2.1.2)."""

    path: HashPath
    size: Version


class Consistency(Closed, frozen=True):
    """`consistency.json`: proofs from earlier sizes, ascending."""

    proofs: Annotated[tuple[ConsistencyProof, ...], Meta(max_length=256)]
    schema: Literal["holdpoint.consistency/1"]


class BundleAsOf(Closed, frozen=True):
    """Entries 0…size−1 at `time`."""

    size: Version
    time: Time


class BundleClaims(Closed, frozen=True):
    """`claims.json`: what the bundle says that its entries show; each is computed anew by whoever verifies."""

    as_of: BundleAsOf
    claims: Annotated[tuple[dict[str, Any], ...], Meta(max_length=256)]
    founding: Hex32
    ledger: Origin
    schema: Literal["holdpoint.bundle-claims/1"]
    subject: StreamName


class BundleRequest(Closed, frozen=True):
    """`request.json`: what was asked for. `profile` is the whole profile as JSON; `since` the sizes to prove consistency from;
    `absent` the streams to be shown not to exist.
    """

    actions: Annotated[tuple[Name, ...], Meta(max_length=64)]
    first: Index
    last: Index
    profile: dict[str, Any]
    recipient: Line
    schema: Literal["holdpoint.bundle-request/1"]
    since: Annotated[tuple[Version, ...], Meta(max_length=128)]
    subject: StreamName
    absent: Annotated[tuple[StreamName, ...], Meta(max_length=64)] = ()


PARTS: dict[str, type[Closed]] = {
    "data/claims.json": BundleClaims,
    "data/completeness.json": Completeness,
    "data/consistency.json": Consistency,
    "data/redactions.json": Redactions,
    "data/request.json": BundleRequest,
}
"""Path in the bag → what stands there."""


def format_part(part: Closed) -> bytes:
    """The member's bytes, RFC 8785."""
    return encode(part)


def parse_part(raw: bytes, kind: type[T]) -> T:
    """A member of the bundle. Raises `Malformed` with a rule that begins with the member's own name (`completeness-form`, …)."""
    try:
        part = decode_canonical(raw, kind, max_bytes=MAX_PART)
        loads_canonical(raw, max_bytes=MAX_PART)
    except Malformed as err:
        name = next(path for path, known in PARTS.items() if known is kind).rpartition("/")[2].removesuffix(".json")
        raise Malformed("bundle", f"{name}.json {err.place}", f"{name}-form") from err
    return part
