"""The history that the reader holds: consistency proofs and his pin."""

from __future__ import annotations

from disclosures.one_file.bundle import Bundle
from disclosures.one_file.note import check_note
from disclosures.one_file.strict import Bad, need, shaped, unhex
from disclosures.one_file.tables import Json
from disclosures.one_file.tree import grown


def check_consistency(bundle: Bundle) -> dict[int, list[bytes]]:
    """The proofs by the size that they begin with; and what signers of shown entries saw, as far as these reach."""
    proofs = [shaped(p, "consistency-form", "path size") for p in bundle.part["consistency"]["proofs"]]
    sizes = [p["size"] for p in proofs]
    need(sizes == sorted(set(sizes)) and all(0 < n <= bundle.size for n in sizes), "consistency-form", "sizes")
    need(set(bundle.part["request"]["since"]) <= set(sizes), "consistency-missing", "a proof that was asked for")
    found = {p["size"]: [unhex(h, "consistency-form") for h in p["path"]] for p in proofs}
    for one in bundle.order:
        looked = one.type in ("approval.given", "approval.refused", "disclosure.made")
        head = one.body.get("checkpoint") if looked else None
        head = one.body if one.type in ("replay.performed", "ledger.restored") else head
        if head is not None and (head["size"] in found or head["size"] == bundle.size):
            root = unhex(head["root"], "entry-form")
            path = found.get(head["size"], [])
            if grown(head["size"], bundle.size, path, root) != (root, bundle.root):
                detail = f"entry {one.index} names another root: a split view"
                raise Bad("seen-differs", detail, one.index, "DIVERGED")
    return found


def check_pin(bundle: Bundle, pin: dict[str, Json] | None) -> str:
    """Whether this is the history that the reader's pin is of."""
    found = check_consistency(bundle)
    if pin is None:
        raise Bad("no-pin", "nothing from outside says that this is the history others saw", None, "UNANCHORED")
    if pin["origin"] != bundle.origin:
        raise Bad("other-ledger", f"the pin is for {pin['origin']}, this is {bundle.origin}", None, "DIVERGED")
    if pin["founding"] != bundle.entries[0].leaf:
        raise Bad("founded-anew", "entry 0 is not the one pinned", 0, "DIVERGED")
    _, size, root = check_note(pin["checkpoint"].encode(), pin["vkeys"], "pin-form")
    stolen = [e.body.get("last_good_size") for e in bundle.order if e.type == "log.rotated" and e.index >= size]
    if any(good is not None and good < size for good in stolen):
        bundle.notes.append(
            "that the log and no thief signed the pin: its size is above the last good one of stolen keys"
        )
    if size != bundle.size and size not in found:
        raise Bad("pin-not-linked", f"no proof ties size {size} to {bundle.size}", None, "UNANCHORED")
    if grown(size, bundle.size, found.get(size, []) if size != bundle.size else [], root) != (root, bundle.root):
        raise Bad("root-differs", f"at size {size} the root is another than the one pinned", None, "DIVERGED")
    return f"it contains the {size} entries pinned"
