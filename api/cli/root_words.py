"""What a root event does, in words: shown where it is drafted, and again to each who signs it (access.md §4)."""

from collections.abc import Sequence

from ledger.event import Body
from ledger.events import entry, ledger, log, root, rules
from ledger.note import parse_vkey


def root_words(body: Body) -> list[str]:
    """What follows from the entry's next index on; nothing for an event that the root does not sign alone."""
    match body:
        case root.Rotated():
            listed = [f"  {k.principal} ({k.kind}, {k.unit}): key {k.keyid}, {k.alg}" for k in body.keys]
            return [
                f"The root is these {len(body.keys)} keys and no other; {body.root_threshold} of their principals must sign:",
                *listed,
                "With fewer of them left than must sign, nobody can ever rotate the root again.",
            ]
        case log.Rotated():
            return _log(body)
        case rules.Adopted():
            return [
                f"Everything is judged under {body.rules}: a service or auditor that does not know these rules stops there.",
                "Nothing that was admitted is judged again.",
            ]
        case ledger.Frozen():
            return [
                "Nothing but events of the root quorum is admitted, until it posts ledger.restored. Reads and proofs go on.",
                "Every gate answers that it can't say (ledger-frozen).",
            ]
        case ledger.Restored():
            return [
                f"A freeze ends; it is on record that the ledger goes on from its first {body.size} entries, whose tree has root",
                f"  {body.root}",
                "Whoever holds a checkpoint above that size with other entries finds DIVERGED, and should.",
            ]
        case entry.Suppressed():
            return [
                f"Entry {body.index} ({body.type}, version {body.version} of {body.stream}) is shown to nobody any more.",
                "Its leaf hash, its place and the tree stand. Every verification of the log is INCOMPLETE at best, for ever.",
                "Whoever has a copy keeps it; this database keeps it too, and hands it to nobody. It can't be taken back.",
            ]
        case _:
            return []


def _log(body: log.Rotated) -> list[str]:
    keys = [f"  {name}" for name in _named(body.vkeys)]
    if body.last_good_size is not None:
        return [
            "The log's keys in force are COMPROMISED. Checkpoints are signed by these alone, at once:",
            *keys,
            f"Checkpoints of the old keys above size {body.last_good_size} count only where pinned or witnessed before.",
            f"The new keys also sign the checkpoint of size {body.last_good_size} (the bridge).",
        ]
    if len(body.vkeys) > 2:
        return [
            "Checkpoints are signed by both pairs, for an hour at least, until a second log.rotated ends it:",
            *keys,
        ]
    return ["The overlap ends. Checkpoints are signed by these alone, and the other pair never signs again:", *keys]


def _named(vkeys: Sequence[str]) -> list[str]:
    return [f"{v.key_id.hex()} ({'Ed25519' if v.kind == 1 else 'ML-DSA-44'})" for v in map(parse_vkey, vkeys)]
