"""Tiles of two histories, mixed: each root is met by some of them, though the larger tree does not hold the smaller one (T47).

A full tile is covered by its hash in the tile above alone. Whoever reads the smaller root out of full tiles, and the larger one
out of the hashes above them, has two roots of two histories.
"""

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from api.followed_keys import FollowedKeys
from auditor.bundle_anchor import _by_tiles
from auditor.checks import Checks
from auditor.timestamp import imprint, token_path
from auditor.timestamped import LIST, timestamped
from auditor.verdict import Check, Report
from auditor.verdict import VerifyVerdict as V
from ledger.checkpoint import Checkpoint, read_checkpoint
from ledger.errors import Fault, Unverified
from ledger.tile import tile_path
from tests.authority import Authority
from tests.simulator import Lab, log_signer
from tests.tile_host import MadeUp

SIGNER = log_signer("borrowed", "dev/borrowed")
TRUE = MadeUp(SIGNER, 600)
FORK = MadeUp(SIGNER, 600, fork=260, name="other")
PINNED, GROWN, FORKED = (read_checkpoint(n)[0] for n in (TRUE.note(300), TRUE.note(), FORK.note()))
MIXED = FORK.files() | {tile_path(0, 1): TRUE.files()[tile_path(0, 1)]}
PIN = replace(Lab().pin(), checkpoint=PINNED)


def by_tiles(head: Checkpoint, files: dict[str, bytes]) -> V:
    checks = Checks()
    _by_tiles(SimpleNamespace(checkpoint=head), PIN, files.get, checks)  # type: ignore[arg-type]  # it reads the head alone
    return checks.done[-1].verdict


def grown(head: Checkpoint, files: dict[str, bytes]) -> None:
    FollowedKeys(PIN, lambda path: files[path.removeprefix("/log/")], lambda _index: "")._grown(head)


def held(head: Checkpoint) -> Report:
    return Report((Check("tiles", V.VALID_UNWITNESSED, "ok", "held"),), head.origin, head.size, head.root)


def test_honest_tiles_link_both() -> None:
    assert by_tiles(GROWN, TRUE.files()) is V.VALID_UNWITNESSED
    grown(GROWN, TRUE.files())


def test_attack_a_bundle_s_tree_is_tied_to_the_pin_by_borrowed_tiles() -> None:
    for files in (MIXED, FORK.files()):
        assert by_tiles(FORKED, files) is V.DIVERGED


def test_attack_a_server_s_keys_are_followed_over_borrowed_tiles() -> None:
    with pytest.raises(Unverified, match="tile-mismatch"):
        grown(FORKED, MIXED)
    with pytest.raises(Unverified, match="root-differs"):
        grown(FORKED, FORK.files())


def test_attack_a_token_is_tied_to_another_history_by_borrowed_tiles() -> None:
    """The entries were verified; then the host shows other tiles than before."""
    token = Authority("one").token(imprint(PINNED), datetime(2026, 6, 1, tzinfo=UTC))
    name = token_path(PINNED, 1)
    more = {LIST: f"{name}\n".encode(), name: token}
    for head, files, code in (
        (FORKED, MIXED, "tile-mismatch"),
        (FORKED, FORK.files(), "timestamp-unlinked"),
        (GROWN, TRUE.files(), None),
    ):
        report = timestamped(held(head), (files | more).get, ())
        assert [c.code for c in report.checks[1:]] == ([code] if code else [])


def test_a_host_that_stops_answering_gives_no_verdict_and_what_was_not_looked_at_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    token = Authority("one").token(imprint(PINNED), datetime(2026, 6, 1, tzinfo=UTC))
    names = [token_path(PINNED, k) for k in (1, 2)]
    files = TRUE.files() | dict.fromkeys(names, token) | {LIST: "".join(f"{n}\n" for n in names).encode()}

    def silent(name: str) -> bytes | None:
        if name in names:
            raise Fault("server-unreachable", "unknown", "nobody there", "wait")
        return files.get(name)

    report = held(GROWN)
    assert [c.verdict for c in timestamped(report, silent, ()).checks[1:]] == [V.ERROR]
    monkeypatch.setattr("auditor.timestamped.MOST", 1)
    assert [n.split(":")[1] for n in timestamped(report, files.get, ()).notes] == [
        " 1 tokens are there; give CA certificates of authorities that you trust",
        " the first 1 tokens listed were not looked at",
    ]
