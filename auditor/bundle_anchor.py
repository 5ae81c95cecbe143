"""What ties a bundle to the past that its reader holds: the log's keys, the pin, consistency, what signers saw, witnesses.

No key, size or root is believed because the file says so: keys come from entry 0 as pinned and from the signed events after it.
"""

from collections.abc import Mapping

from auditor.bridge import of_pin
from auditor.checks import Checks
from auditor.log_keys import open_by_all, vkeys_at
from auditor.pin import Pin
from auditor.proven_tree import ProvenTree
from auditor.reader import Read
from auditor.seen import seen_in
from auditor.verdict import VerifyVerdict as V
from disclosures.partial import Partial
from disclosures.shown import Shown
from ledger.errors import LedgerError, Unverified
from ledger.note import Vkey, parse_vkey
from ledger.strict import unhex
from ledger.tree import check_consistency


def check_keys(shown: Shown, partial: Partial, pin: Pin | None, checks: Checks) -> None:
    """The checkpoint is signed by the keys in force, as the shown stream `ledger` tells; `keys` is compared, never used."""
    texts: tuple[str, ...] = partial.state.get("meta", "vkeys") or ()
    if shown.keys != "".join(f"{v}\n" for v in texts).encode():
        checks.fails("keys", "keys-mismatch", "data/keys are not the log's keys in force, as the shown entries tell")
    if partial.state.get("meta", "origin") != shown.checkpoint.origin:
        checks.fails("checkpoint", "checkpoint-origin", "the checkpoint's origin is not the one that entry 0 founded")
        return
    if pin is not None and ours(pin, shown, partial) and pin.checkpoint.size <= shown.checkpoint.size:
        history = partial.state.get("meta", "vkeys_history")
        if set(pin.vkeys) - set(vkeys_at(history, pin.checkpoint.size)):
            detail = f"the pin's log keys are none that entry 0 or a rotation names at size {pin.checkpoint.size}"
            checks.fails("keys", "keys-mismatch", detail)
    try:
        vkeys: tuple[Vkey, ...] = tuple(parse_vkey(v) for v in texts)
        open_by_all(shown.note, vkeys)
    except LedgerError as err:
        checks.fails("checkpoint", "checkpoint-signature", f"the checkpoint's signatures: {err}")
        return
    checks.holds(
        "checkpoint", "Ed25519 and ML-DSA-44 signatures verify under the keys that entry 0 and its successors name"
    )


def ours(pin: Pin, shown: Shown, partial: Partial) -> bool:
    """Whether the pin is of this very ledger: its origin and its entry 0."""
    return (pin.origin, pin.founding) == (shown.checkpoint.origin, partial.state.get("meta", "founding"))


def check_pin(shown: Shown, partial: Partial, pin: Pin | None, tiles: Read | None, checks: Checks) -> None:
    """Is this the history that the pin is of? By the same size, by a proof in the bundle, or by tiles that the reader has."""
    if pin is None:
        checks.add(
            "pin", V.UNANCHORED, "no-pin", "nothing from outside says that this is the history others saw; get a pin"
        )
        return
    if shown.checkpoint.origin != pin.origin:
        detail = f"the pin is for {pin.origin}, this is {shown.checkpoint.origin}"
        checks.add("pin", V.DIVERGED, "other-ledger", detail)
        return
    if not ours(pin, shown, partial):
        detail = "entry 0 is not the one pinned: another ledger under the same name"
        checks.add("pin", V.DIVERGED, "founded-anew", detail, 0)
        return
    stolen = of_pin(partial.state.get("meta", "vkeys_history"), pin.checkpoint.size)
    checks.notes += [stolen] if stolen else []
    roots = proven_roots(shown)
    size, root = pin.checkpoint.size, pin.checkpoint.root
    if tiles is not None:
        _by_tiles(shown, pin, tiles, checks)
    elif size == shown.checkpoint.size:
        _same(checks, "pin", root == shown.checkpoint.root, f"the checkpoint is the one pinned, at size {size}")
    elif size in roots:
        _by_proof(shown, size, root, roots[size], checks)
    else:
        detail = (
            f"no proof ties the pinned size {size} to size {shown.checkpoint.size}: name --tiles, or ask since {size}"
        )
        checks.add("pin", V.UNANCHORED, "pin-not-linked", detail)


def proven_roots(shown: Shown) -> Mapping[int, tuple[bytes, ...]]:
    """The consistency proofs by the size that they begin with."""
    return {p.size: tuple(unhex(h) for h in p.path) for p in shown.consistency.proofs}


def _same(checks: Checks, name: str, same: bool, detail: str) -> None:
    if same:
        checks.holds(name, detail)
    else:
        checks.add(name, V.DIVERGED, "root-differs", "the root is another than the one pinned")


def _by_proof(shown: Shown, size: int, root: bytes, path: tuple[bytes, ...], checks: Checks) -> None:
    try:
        check_consistency(size, shown.checkpoint.size, path, root, shown.checkpoint.root)
    except LedgerError as err:
        if err.code == "root-mismatch":
            detail = f"the bundle's own proof from size {size} does not begin with the root that is pinned"
            checks.add("pin", V.DIVERGED, "root-differs", detail)
        else:
            checks.fails("consistency", "consistency-form", f"the proof from size {size}: {err}")
        return
    checks.holds("pin", f"it contains the {size} entries pinned")


def _by_tiles(shown: Shown, pin: Pin, tiles: Read, checks: Checks) -> None:
    """Both trees from hash tiles, each proven under the larger root: it needs no proof from the bundle, and no honest host."""
    small, large = sorted((pin.checkpoint, shown.checkpoint), key=lambda head: head.size)
    try:
        held = ProvenTree(large, tiles).root_at(small.size) == small.root
    except Unverified:
        held = False
    except LedgerError as err:
        detail = f"the tiles do not reach from size {pin.checkpoint.size} to {shown.checkpoint.size}: {err}"
        checks.add("pin", V.UNANCHORED, "pin-not-linked", detail)
        return
    _same(checks, "pin", held, f"the tiles hold both the {pin.checkpoint.size} entries pinned and this tree")


def check_seen(shown: Shown, partial: Partial, checks: Checks) -> None:
    """Checkpoints that shown signers saw, where the bundle proves that size; another root is a split view."""
    roots = proven_roots(shown)
    if list(roots) != sorted(roots) or len(roots) != len(shown.consistency.proofs):
        checks.fails("consistency", "consistency-form", "the proofs are not in order of size, or one size has two")
    lost = [n for n in shown.request.since if n not in roots]
    if lost:
        checks.fails(
            "consistency", "consistency-missing", f"a proof since size {lost[0]} was asked for and is not there"
        )
    beyond = [n for n in roots if n > shown.checkpoint.size]
    if beyond:
        checks.fails(
            "consistency", "consistency-form", f"a proof from size {beyond[0]} can't lead to this smaller tree"
        )
        return
    open_sizes = 0
    for seen in (s for s in map(seen_in, partial.events) if s is not None):
        same = seen.size == shown.checkpoint.size
        if not same and seen.size not in roots:
            open_sizes += 1
            continue
        try:
            check_consistency(
                seen.size,
                shown.checkpoint.size,
                () if same else roots[seen.size],
                unhex(seen.root),
                shown.checkpoint.root,
            )
        except LedgerError:
            who = ", ".join(seen.principals)
            detail = f"entry {seen.index}: {who} signed another root at size {seen.size}: a split view"
            checks.add("seen", V.DIVERGED, "seen-differs", detail, seen.index)
            return
    if open_sizes:
        checks.notes.append(
            f"that the checkpoints seen by the signers of {open_sizes} entries are of this history: no proof is here"
        )
