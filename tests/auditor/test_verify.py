"""Verification of an export: whole, and attacked at every place."""

from pathlib import Path

import pytest

from auditor.pin import parse_pin
from auditor.source import folder_reader
from auditor.verdict import VerifyVerdict as V
from auditor.verdict import lowest
from auditor.verify import verify_export
from disclosures.export import export_files
from ledger.tile import format_bundle, parse_bundle
from tests.conftest import FOUNDED

SIZE = FOUNDED + 46
"""Entries of the told story."""
BUNDLE, TILE = f"tile/entries/000.p/{SIZE}", f"tile/0/000.p/{SIZE}"


@pytest.fixture(scope="module")
def export(told_folder: Path) -> dict[str, bytes]:
    folder = told_folder / "export"
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def pin(told_folder: Path):
    return parse_pin((told_folder / "pin.json").read_bytes())


def test_whole(export, pin) -> None:
    report = verify_export(export.get, pin)
    assert report.verdict is V.VALID_UNWITNESSED
    assert {c.name for c in report.checks} == {"replay", "signatures", "tiles", "checkpoint", "pin", "seen", "claims"}
    assert (report.size, report.development) == (SIZE, True)
    assert report.to_json()["ok"] is True


def test_without_a_pin(export) -> None:
    report = verify_export(export.get)
    assert (report.verdict, report.exit_code) == (V.UNANCHORED, 5)
    assert "pin" in next(c for c in report.checks if c.verdict is V.UNANCHORED).detail


def test_empty_never_passes() -> None:
    report = verify_export(lambda _path: None)
    assert (report.verdict, report.exit_code, report.checks[0].code) == (V.UNANCHORED, 5, "empty")


@pytest.mark.parametrize("step", range(40))
def test_no_byte_of_the_entries_is_free(export, pin, step: int) -> None:
    raw = bytearray(export[BUNDLE])
    raw[len(raw) * step // 40] ^= 1 << step % 8
    report = verify_export({**export, BUNDLE: bytes(raw)}.get, pin)
    assert report.exit_code == 4
    assert any(c.index is not None for c in report.checks if c.verdict in (V.INVALID, V.DIVERGED))


@pytest.mark.parametrize("name", ["checkpoint", "claims.json", "claims.sig", TILE])
@pytest.mark.parametrize("step", range(12))
def test_no_byte_of_the_rest_is_free(export, pin, name: str, step: int) -> None:
    raw = bytearray(export[name])
    raw[len(raw) * step // 12] ^= 1
    assert verify_export({**export, name: bytes(raw)}.get, pin).exit_code == 4


@pytest.mark.parametrize("gone", [BUNDLE, TILE])
def test_missing_files(export, pin, gone: str) -> None:
    files = {k: v for k, v in export.items() if k != gone}
    assert verify_export(files.get, pin).verdict is V.INVALID


def test_missing_claims_are_incomplete(export, pin) -> None:
    files = {k: v for k, v in export.items() if k != "claims.json"}
    assert verify_export(files.get, pin).verdict is V.INCOMPLETE


@pytest.mark.parametrize("at", range(0, SIZE - 1, 7))
def test_swapped_neighbours_name_the_index(export, pin, at: int) -> None:
    entries = parse_bundle(export[BUNDLE], SIZE)
    entries[at], entries[at + 1] = entries[at + 1], entries[at]
    report = verify_export({**export, BUNDLE: format_bundle(entries)}.get, pin)
    assert report.verdict is V.INVALID
    assert next(c.index for c in report.checks if c.verdict is V.INVALID) in (at, at + 1)


@pytest.mark.parametrize("at", [1, 33, 41, 70])
def test_a_dropped_entry(export, pin, at: int) -> None:
    entries = parse_bundle(export[BUNDLE], SIZE)
    del entries[at]
    files = dict(
        export_files(
            iter(entries), SIZE - 1, export["checkpoint"].decode(), (export["claims.json"], export["claims.sig"])
        )
    )
    assert verify_export({**export, **files, BUNDLE: format_bundle(entries)}.get, pin).verdict is V.INVALID


def test_a_dropped_tail_diverges_under_the_pin_and_never_is_valid_without(told_folder: Path, pin) -> None:
    earlier = folder_reader(told_folder / "export-earlier")
    report = verify_export(earlier, pin)
    assert report.verdict is V.DIVERGED
    detail = next(c.detail for c in report.checks if c.verdict is V.DIVERGED)
    assert f"pinned size {SIZE}" in detail
    assert f"shown size {FOUNDED + 17}" in detail
    assert verify_export(earlier).verdict is V.UNANCHORED


def test_another_ledger_diverges(export, pin, founded_folder: Path, tmp_path: Path) -> None:
    from api.handing_over import write_pin
    from api.wiring import open_ledger
    from tests.conftest import copy_of

    ledger = open_ledger(copy_of(founded_folder, tmp_path / "other"))
    try:
        other = write_pin(ledger, tmp_path / "other.pin")
    finally:
        ledger.close()
    report = verify_export(export.get, other)
    assert (report.verdict, report.exit_code) == (V.DIVERGED, 4)
    assert [c.code for c in report.checks if c.verdict is V.DIVERGED] == ["other-ledger"]


def test_lowest() -> None:
    assert lowest(V.VALID, V.UNANCHORED) is V.UNANCHORED
    assert lowest(V.VALID, V.ERROR) is V.ERROR
    assert lowest(V.DIVERGED, V.ERROR) is V.DIVERGED
    assert lowest() is V.ERROR
