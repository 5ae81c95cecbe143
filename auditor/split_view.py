"""Evidence of a split view: one file by which a stranger sees that a log showed two histories (spec/split-view.md).

Three things convict by themselves, for no honest log can ever be shown to have done them: two heads of one size; a larger head
whose own first leaves hash to another root than the smaller head's; two leaves at one index. A consistency proof that merely does
not fit convicts nobody: anyone can write one. So each proof here must first lead to a root that was signed; only then does it
say what that tree holds, since no other nodes hash to it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeAlias

from msgspec import Meta

from auditor.heads import Head, kept_lines, read_head
from auditor.verdict import Check, Report, VerifyVerdict
from ledger.canonical import decode_canonical, dumps
from ledger.errors import LedgerError, Malformed, Unverified
from ledger.fields import Closed, Hex32, Index, VkeyText
from ledger.note import Vkey, format_note, parse_vkey
from ledger.strict import format_base64, parse_base64, unhex
from ledger.tree import Node, check_inclusion, prefix_path, prefix_roots

V = VerifyVerdict
SCHEMA: Final = "holdpoint.split-view/1"
MARK: Final = b"holdpoint.split-view/"
MAX_BYTES: Final = 1 << 18
NodeText: TypeAlias = Annotated[str, Meta(max_length=44)]
Nodes: TypeAlias = Annotated[tuple[NodeText, ...], Meta(max_length=64)]
NOT_PROVEN: Final = (
    "who held the keys: a thief of all of them could have signed one of the two histories",
    "which of the two histories is true: keep both, and ask what others were shown",
)


class Form(Closed, frozen=True):
    """The file: RFC 8785 and a newline. `path` belongs to kind `prefix`; `index`, `leaves`, `paths` to kind `leaves`."""

    heads: tuple[str, str]
    kind: Literal["heads", "leaves", "prefix"]
    schema: Literal["holdpoint.split-view/1"]
    vkeys: Annotated[tuple[VkeyText, ...], Meta(max_length=64)]
    index: Index | None = None
    leaves: tuple[Hex32, Hex32] | None = None
    path: Nodes | None = None
    paths: tuple[Nodes, Nodes] | None = None


MEMBERS: Final = {"heads": (), "prefix": ("path",), "leaves": ("index", "leaves", "paths")}


@dataclass(frozen=True, slots=True)
class SplitView:
    """Evidence, read; nothing verified yet. `vkeys` are those that its writer used: a hint, never believed."""

    form: Form
    vkeys: tuple[Vkey, ...]


def is_split_view(raw: bytes) -> bool:
    """Whether a file means to be such evidence, in whatever shape."""
    return raw.lstrip()[:1] == b"{" and MARK in raw[:MAX_BYTES]


def parse_split_view(raw: bytes) -> SplitView:
    """Read a file. Raises `Malformed`; exactly what `format_` writes passes."""
    form = decode_canonical(raw.removesuffix(b"\n"), Form, max_bytes=MAX_BYTES)
    given = {name for name in ("index", "leaves", "path", "paths") if getattr(form, name) is not None}
    if not raw.endswith(b"\n") or given != set(MEMBERS[form.kind]):
        raise Malformed("split-view", "$", "split-form")
    return SplitView(form, tuple(parse_vkey(v) for v in form.vkeys))


def format_heads(first: Head, second: Head, keys: Sequence[Vkey]) -> bytes:
    """Two heads of one size and two roots."""
    return _format("heads", first, second, keys)


def format_prefix(smaller: Head, larger: Head, node: Node, keys: Sequence[Vkey]) -> bytes:
    """A larger head whose own first leaves are not the smaller head's. `node` reads the larger tree."""
    path = prefix_path(node, smaller.checkpoint.size, larger.checkpoint.size)
    return _format("prefix", smaller, larger, keys, path=[format_base64(h) for h in path])


def format_leaves(
    first: Head, second: Head, index: int, leaves: Sequence[bytes], paths: Sequence[Sequence[bytes]],
    keys: Sequence[Vkey],
) -> bytes:  # fmt: skip
    """Two leaf hashes at one index, each proven under its head: what two holders of receipts can make without any tile."""
    proofs = [[format_base64(h) for h in path] for path in paths]
    if _key(first) > _key(second):
        leaves, proofs = leaves[::-1], proofs[::-1]
    shown = [leaf.hex() for leaf in leaves]
    return _format("leaves", first, second, keys, index=index, leaves=shown, paths=proofs)


def _format(kind: str, first: Head, second: Head, keys: Sequence[Vkey], **more: object) -> bytes:
    heads = [format_note(kept_lines(head)) for head in sorted((first, second), key=_key)]
    return dumps({"heads": heads, "kind": kind, "schema": SCHEMA, "vkeys": [str(k) for k in keys], **more}) + b"\n"


def _key(head: Head) -> tuple[int, bytes]:
    return head.checkpoint.size, head.checkpoint.root


def check(raw: bytes, vkeys: Sequence[Vkey]) -> Report:
    """What the file proves under keys that the reader brings: `DIVERGED` where it convicts, and never for less.

    `INVALID` for a file that proves nothing: malformed, a bad line of a known key, a proof that leads to no signed root, two
    heads of one history. `UNANCHORED` where it is sound under keys of its own and none of the reader's signed it. Never raises.
    """
    try:
        found = parse_split_view(raw)
        first, second = (read_head(note, vkeys) for note in found.form.heads)
        who = _who(first, second)
        if who is None:
            return _unanchored(found, first)
        proven = _prove(found.form, first, second)
    except LedgerError as err:
        return Report((Check("evidence", V.INVALID, err.code, f"it convicts nobody: {err}"),))
    checks = (Check("signatures", V.VALID_UNWITNESSED, "ok", who), proven)
    top = second.checkpoint
    return Report(checks, top.origin, top.size, top.root, notes=NOT_PROVEN)


def _who(first: Head, second: Head) -> str | None:
    """Whom the two heads bind, in words; `None` where the keys do not reach both.

    Witnesses speak only where the reader knows no key of the log itself: a cosignature over what the log did not sign frames it.
    """
    if first.signers and second.signers:
        shared = set(first.signers) & set(second.signers)
        names = " and ".join(_names(h.signers) for h in (first, second)[: 1 if shared else 2])
        return f"the log signed both: {names}" + ("" if shared else "; by different keys of its: was one pair stolen?")
    if first.vouched and second.vouched:
        names = " and ".join(_names(h.cosigners) for h in (first, second))
        return f"you gave no key of the log; witnesses of yours cosigned both: {names}. The log lied, or one of them"
    return None


def _names(keys: Sequence[Vkey]) -> str:
    return ", ".join(f"{k.name} ({k.key_id.hex()})" for k in keys)


def _unanchored(found: SplitView, first: Head) -> Report:
    """Whether it would convict under the keys that it names itself: worth a look, and no more."""
    own = read_head(found.form.heads[0], found.vkeys), read_head(found.form.heads[1], found.vkeys)
    head = first.checkpoint
    if _who(*own) is None:
        detail = "one of its heads is signed by no whole set of log keys, neither of yours nor of its own"
        check_ = Check("signatures", V.INVALID, "checkpoint-unsigned", detail)
        return Report((check_,), head.origin, head.size, head.root)
    proven = _prove(found.form, *own)
    halves = ", ".join(k.key_id.hex() for k in first.half)
    detail = f"of your keys only {halves} signed: half a pair" if halves else "no key that you gave signed both heads"
    detail += (
        f"; under keys that it names itself it would show this: {proven.detail}. Are they that log's? --pin, --key"
    )
    check_ = Check("signatures", V.UNANCHORED, "checkpoint-unsigned", detail)
    return Report((check_,), head.origin, head.size, head.root, notes=NOT_PROVEN)


def _prove(form: Form, first: Head, second: Head) -> Check:
    """The contradiction itself. Raises `Unverified`, `Malformed` where there is none."""
    a, b = first.checkpoint, second.checkpoint
    if a.origin != b.origin:
        raise Unverified("split-view", "heads", "split-origins")
    if _key(first) >= _key(second):
        raise Malformed("split-view", "heads", "split-same" if _key(first) == _key(second) else "split-order")
    prove: dict[str, Callable[[Form, Head, Head], str]] = {"heads": _heads, "prefix": _prefix, "leaves": _leaves}
    code = f"split-{form.kind}" if first.signers and second.signers else "split-cosigned"
    return Check("split view", V.DIVERGED, code, prove[form.kind](form, first, second), form.index)


def _heads(_form: Form, first: Head, second: Head) -> str:
    a, b = first.checkpoint, second.checkpoint
    if a.size != b.size:
        raise Unverified("split-view", "heads", "split-unproven")
    return f"two trees of size {a.size}: roots {a.root.hex()} and {b.root.hex()}"


def _prefix(form: Form, first: Head, second: Head) -> str:
    a, b = first.checkpoint, second.checkpoint
    path = [parse_base64(node) for node in form.path or ()]
    old, new = prefix_roots(a.size, b.size, path)
    if new != b.root:  # nodes of some other tree: they say nothing of what was signed
        raise Unverified("split-view", "path", "root-mismatch")
    if old == a.root:
        raise Unverified("split-view", "path", "split-consistent")
    return f"the tree of size {b.size} has the root {old.hex()} at size {a.size}, where the log signed {a.root.hex()}"


def _leaves(form: Form, first: Head, second: Head) -> str:
    leaves, paths, index = form.leaves or ("", ""), form.paths or ((), ()), form.index or 0
    for head, leaf, path in zip((first, second), leaves, paths, strict=True):
        tree = head.checkpoint
        check_inclusion(unhex(leaf), index, tree.size, [parse_base64(node) for node in path], tree.root)
    if leaves[0] == leaves[1]:
        raise Unverified("split-view", "leaves", "split-consistent")
    sizes = f"sizes {first.checkpoint.size} and {second.checkpoint.size}"
    return f"entry {index} has the leaf hash {leaves[0]} in one and {leaves[1]} in the other of the trees of {sizes}"
