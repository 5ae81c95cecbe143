"""One look at one place: the head that it shows, judged against what is held of that log, and the entries it grew by.

A head becomes the pinned one only after its tree was proven to contain the pinned tree. A log that diverged is not followed any
further: the true history may go on, and the other one is shown for what it is at every look.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from api.evidence_kept import keep_heads, keep_split
from api.followed import Followed, Shelf
from auditor.alarms import Alarm, entry_alarms, key_alarms, time_alarms
from auditor.growth import Standing, compare
from auditor.heads import Head, log_keys, read_head
from auditor.pin import Pin
from auditor.proven_tree import ProvenTree
from ledger.errors import Fault, LedgerError, Malformed, Unverified
from ledger.note import MLDSA44_COSIGNATURE, Vkey, decode_note, format_note
from ledger.tile import WIDTH
from ledger.tree import Node, prefix_path, root_of

BUNDLES: Final = 1000
"""Entry bundles read at a look: who begins at an old pin catches up over several."""
ENTRY_SECONDS: Final = 60.0
"""Of a look spent on entries: what was read until then is kept, so that a slow host is caught up with too."""
MOST_ALARMS: Final = 200
"""Alarms about entries at a look; the entries behind them are read at the next."""


class Source(Protocol):
    """A host's files."""

    def read(self, name: str) -> bytes | None:
        """Bytes, or `None` where it has none."""
        ...

    def close(self) -> None:
        """Give the connection back."""
        ...


@dataclass(frozen=True, slots=True)
class Terms:
    """What the monitor's owner brings: keys, pins by origin, and how old a head may be, in seconds."""

    keys: tuple[Vkey, ...]
    pins: Mapping[str, Pin]
    max_age: int


class Look:
    """`alarms` are what it found; `followed` what is to be held afterwards, `None` for what was."""

    def __init__(self, terms: Terms, shelf: Shelf, place: str, now: int) -> None:
        self._terms, self._shelf, self._place, self._now = terms, shelf, place, now
        self.alarms: list[Alarm] = []
        self.followed: Followed | None = None
        self.origin = shelf.origin_at(place) or ""

    def raise_(self, code: str, detail: str, evidence: Path | None = None) -> None:
        """Note an alarm."""
        shown = None if evidence is None else str(evidence)
        self.alarms.append(Alarm(code, self._place, detail, self.origin, evidence=shown))

    def at(self, source: Source, others: Sequence[Callable[[], Source]] = ()) -> None:
        """Read the head, judge it, and what it grew by. `others` may show a tree that this place shows no more. Raises what
        reading raises.
        """
        shown = self._head(source.read("checkpoint"))
        if shown is None:
            return
        log = self._shelf.load(self.origin) or self._begin(shown)
        tree = self._judge(shown, log, source, others)
        if tree is not None:
            self._take(shown, log)
            if log.position is not None:
                self._entries(tree, log)
        self._lag(shown, log)
        self.followed = log

    def finish(self) -> None:
        """What holds whether or not the place answered: how old the head is, and what was found earlier."""
        log = self.followed or (self._shelf.load(self.origin) if self.origin else None)
        if log is None:
            return
        held = read_head(log.note, self._terms.keys)
        self.alarms += time_alarms(held, self._place, since=log.since, now=self._now, max_age=self._terms.max_age)
        now = {a.evidence for a in self.alarms}
        for path in sorted(self._shelf.evidence(self.origin).glob("*.split.json")):
            if str(path) not in now:
                self.raise_("split-view", "found earlier; it stays said while the file lies there", path)

    # -- the head --------------------------------------------------------------------------------------------------------

    def _head(self, raw: bytes | None) -> Head | None:
        """The head that is shown, if the log signed it; else why not."""
        if raw is None:
            self.raise_("checkpoint-missing", "the place shows no checkpoint")
            return None
        try:
            head = read_head(decode_note(raw), self._terms.keys)
        except LedgerError as err:
            self.raise_("checkpoint-unsigned" if isinstance(err, Unverified) else "checkpoint-malformed", str(err))
            return None
        if self.origin not in ("", head.checkpoint.origin):
            self.raise_("other-log", f"it showed {self.origin} before, and shows {head.checkpoint.origin} now")
            return None
        keys = list(key_alarms(head, self._place))
        if not head.vouched:
            self.alarms += keys
            self.raise_("checkpoint-unsigned", f"size {head.checkpoint.size}: no key that you gave signed it whole")
            return None
        self.origin = head.checkpoint.origin
        self.alarms += keys
        return head

    def _begin(self, shown: Head) -> Followed:
        """What is held of a log that is new here: the trust file's head, or (first use) this very one."""
        pin = self._terms.pins.get(self.origin)
        pair = any(k.kind == MLDSA44_COSIGNATURE for k in log_keys(self._terms.keys, self.origin))
        note = pin.note if pin is not None else format_note(shown.note)
        size = pin.checkpoint.size if pin is not None else shown.checkpoint.size
        return Followed(note, self._now, size if pair else None)  # entries of other logs are no events of ours

    def _take(self, shown: Head, log: Followed) -> None:
        """Pin the head: a larger one, or the same tree signed again later."""
        held = read_head(log.note, self._terms.keys)
        if shown.checkpoint.size > held.checkpoint.size:
            log.note, log.since = format_note(shown.note), self._now
        elif (shown.signed_at or 0) > (held.signed_at or 0):
            log.note = format_note(shown.note)

    # -- its tree --------------------------------------------------------------------------------------------------------

    def _judge(
        self, shown: Head, log: Followed, source: Source, others: Sequence[Callable[[], Source]]
    ) -> ProvenTree | None:
        """The tree of a head that contains all that is held; else `None`, and an alarm, or a lag that begins."""
        trees: list[ProvenTree] = []

        def larger(base: Head) -> Node:
            if base.checkpoint.size > shown.checkpoint.size:
                return _shown_somewhere(base, shown.checkpoint.size, source, others)
            if not trees:
                trees.append(ProvenTree(shown.checkpoint, source.read))
            return trees[0].node()

        for base in self._bases(log):
            if not self._contains(base, shown, lambda base=base: larger(base), log):  # type: ignore[misc]  # bound now
                return None
        return trees[0] if trees else ProvenTree(shown.checkpoint, source.read)

    def _bases(self, log: Followed) -> Iterator[Head]:
        yield read_head(log.note, self._terms.keys)
        pin = self._terms.pins.get(self.origin)
        if pin is not None and pin.note != log.note:
            yield read_head(pin.note, self._terms.keys)

    def _contains(self, base: Head, shown: Head, larger: Callable[[], Node], log: Followed) -> bool:
        sizes = f"held: size {base.checkpoint.size}, shown: size {shown.checkpoint.size}"
        evidence = self._shelf.evidence(self.origin)
        try:
            found = compare(base, shown, larger, self._terms.keys)
        except (Unverified, Malformed, Fault) as err:
            if isinstance(err, Fault) and err.code != "tile-missing":
                raise
            if (
                shown.checkpoint.size < base.checkpoint.size
            ):  # nobody shows the larger tree: what is left is that it is less
                self._behind(base, shown, log)
                return False
            code = "tiles-missing" if isinstance(err, Fault) else "tiles-unproven"
            self.raise_(code, f"{sizes}; {err}", keep_heads(evidence, base, shown))
            return False
        match found.standing:
            case Standing.DIVERGED if found.evidence is not None:
                self.raise_(
                    "split-view",
                    f"{sizes}; holdpoint verify shows it",
                    keep_split(evidence, base, shown, found.evidence),
                )
            case Standing.DIVERGED:
                self.raise_("diverged", sizes, keep_heads(evidence, base, shown))
            case Standing.BEHIND:
                self._behind(base, shown, log)
            case _:
                return True
        return False

    def _behind(self, base: Head, shown: Head, log: Followed) -> None:
        """A place that showed more before, or shows less than its owner's pin, was set back; another one lags."""
        before, size = log.places.get(self._place, {}).get("size") or 0, shown.checkpoint.size
        pin = self._terms.pins.get(self.origin)
        pinned = 0 if pin is None else pin.checkpoint.size
        if max(before, pinned) > size:
            more = f"it showed size {before} before" if before > size else f"the pin has size {pinned}"
            kept = keep_heads(self._shelf.evidence(self.origin), base, shown)
            self.raise_("rollback", f"{more}, and it shows {size} now", kept)

    def _lag(self, shown: Head, log: Followed) -> None:
        """Since when this place shows less than is held, and whether that is too long. What it showed at most is remembered."""
        held = read_head(log.note, ()).checkpoint.size
        before = log.places.get(self._place, {})
        since = before.get("lags_since") or self._now if shown.checkpoint.size < held else None
        size = min(shown.checkpoint.size, held)  # a head that was not taken counts for nothing
        log.places[self._place] = {"lags_since": since, "size": max(before.get("size") or 0, size)}
        if since is not None and self._now - since >= self._terms.max_age:
            self.raise_("lag", f"{held - shown.checkpoint.size} entries behind since {self._now - since} s")

    def _entries(self, tree: ProvenTree, log: Followed) -> None:
        """What the entries since the last look are, each proven to be the leaf that the signed tree has."""
        position, began = log.position or 0, time.monotonic()
        first = position // WIDTH
        for n in range(first, min(-(-tree.size // WIDTH), first + BUNDLES)):
            if (
                len(self.alarms) > MOST_ALARMS or time.monotonic() - began > ENTRY_SECONDS
            ):  # enough: the next look goes on
                return
            found = tree.bundle(n)
            if found is None:  # kept back: the next look asks again from here
                return
            for index, raw in enumerate(found[1], n * WIDTH):
                if index >= position:
                    self.alarms += entry_alarms(raw, index, self._place, self.origin)
            log.position = n * WIDTH + len(found[1])


def _shown_somewhere(base: Head, size: int, source: Source, others: Sequence[Callable[[], Source]]) -> Node:
    """Nodes of a held tree, as far as its root at `size` asks for them, from whoever still shows it.

    Raises `Fault` `tile-missing` where nobody does.
    """
    for connect in (None, *others):
        other = source if connect is None else connect()
        try:
            if connect is not None:
                other.read("checkpoint")  # finds out below which path its files lie
            node = ProvenTree(base.checkpoint, other.read).node()
            root_of(size, node)
            prefix_path(node, size, base.checkpoint.size)  # from here on it is remembered, and the connection may go
        except LedgerError:
            continue
        else:
            return node
        finally:
            if connect is not None:
                other.close()
    raise Fault("tile-missing", "failed", "no place shows the larger tree any more", "ask again")
