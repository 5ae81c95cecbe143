"""Field types of statements and event bodies (formats.md §1): every one a closed grammar, checked while decoding.

Patterns are anchored with \\A and \\Z because `$` lets a trailing newline pass. Lengths count code points here;
the strict reader bounds bytes. Nothing depends on a Unicode version.
"""

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType

Hex32: TypeAlias = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
"""32 bytes as bare lower-case hex: leaf hashes, key ids, statement digests, subject digests."""
KeyIdField: TypeAlias = Hex32
Digest: TypeAlias = Annotated[str, Meta(pattern=r"\Asha256:[0-9a-f]{64}\Z")]
_DAY = (
    r"(?!0000)([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    r"|02-(0[1-9]|1[0-9]|2[0-8]))|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)"
)
DAY_PATTERN = rf"\A{_DAY}\Z"
Day: TypeAlias = Annotated[str, Meta(pattern=DAY_PATTERN)]
"""A day that exists, `YYYY-MM-DD`; where it falls in UTC is said by what asks for it."""
TIME_PATTERN = rf"\A{_DAY}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{{6}}Z\Z"
Time: TypeAlias = Annotated[str, Meta(pattern=TIME_PATTERN)]
"""RFC 3339 UTC with six fractional digits, a day that exists; texts of this form sort as times do.

The grammar rules out what `strict.micros` can't count: a 31 February that a rule met first would be our fault, not a refusal.
"""
EventId: TypeAlias = Annotated[
    str, Meta(pattern=r"\A[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z")
]
StreamName: TypeAlias = Annotated[str, Meta(pattern=r"\A[a-z0-9._:/@-]{1,200}\Z")]
Origin: TypeAlias = StreamName
Name: TypeAlias = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9._:/@-]{1,120}\Z")]
"""Identifiers that packs and labs choose: principals, roles, thresholds, safeguards, surfaces, hosts."""
FactName: TypeAlias = Annotated[str, Meta(pattern=r"\A(?!(_sd|_sd_alg|\.\.\.)\Z)[A-Za-z0-9._:/@-]{1,120}\Z")]
"""A name that an author makes a member's name of: never one that withholding has reserved (spec/withheld.md §2)."""
Decimal: TypeAlias = Annotated[str, Meta(pattern=r"\A(?!-0(\.0*)?\Z)-?(0|[1-9][0-9]{0,39})(\.[0-9]{1,20})?\Z")]
Text: TypeAlias = Annotated[str, Meta(max_length=8000)]
Line: TypeAlias = Annotated[str, Meta(max_length=400)]
Index: TypeAlias = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Count: TypeAlias = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Version: TypeAlias = Annotated[int, Meta(ge=1, le=2**53 - 1)]
VkeyText: TypeAlias = Annotated[str, Meta(max_length=4000)]
"""A C2SP verifier key as text."""
RulesVersion: TypeAlias = Annotated[str, Meta(pattern=r"\Aholdpoint-rules/[1-9][0-9]{0,5}\Z")]
"""Open, so that a copy which does not know the version says that it can't decide, instead of calling the log malformed."""
SdDigest: TypeAlias = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_-]{43}\Z")]
Base64: TypeAlias = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9+/]{4,8192}={0,2}\Z")]
Alg: TypeAlias = Literal["ed25519", "ecdsa-p256-sha256", "ml-dsa-65"]
Comparator: TypeAlias = Literal["<", "<=", ">", ">="]


class Closed(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True, gc=False):
    """A closed JSON object: unknown members are refused, and a member equal to its default is not canonical.

    Values without cycles, so the collector need not look at them (`gc=False`): a state holds millions.
    """


class Reference(Closed, frozen=True):
    """A reference to an entry (formats.md §1): a bare index binds nothing, so the leaf hash stands beside it."""

    index: Index
    leaf: Hex32


class Evidence(Closed, frozen=True):
    """Evidence by digest, never by content; `size` in bytes."""

    digest: Digest
    label: Line
    media_type: Line
    size: Count


class HiddenElement(Closed, frozen=True, rename={"digest": "..."}):
    """A withheld array element (RFC 9901 §4.2.4.2): it stands in place as `{"...": digest}`."""

    digest: SdDigest


Names: TypeAlias = Annotated[tuple[Name, ...], Meta(max_length=64)]
SomeNames: TypeAlias = Annotated[tuple[Name, ...], Meta(min_length=1, max_length=64)]
Texts: TypeAlias = Annotated[tuple[Line, ...], Meta(max_length=32)]
Digests: TypeAlias = Annotated[tuple[Digest, ...], Meta(max_length=32)]
References: TypeAlias = Annotated[tuple[Reference, ...], Meta(max_length=64)]
Evidences: TypeAlias = Annotated[tuple[Evidence, ...], Meta(max_length=32)]
Slots: TypeAlias = Annotated[tuple[SdDigest, ...], Meta(max_length=16)]
"""The `_sd` member: sorted digests of withheld members and decoys; its exact number is fixed per event type."""

__all__ = ["UNSET", "UnsetType"]
