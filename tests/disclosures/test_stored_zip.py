"""The one zip of a bundle: what it holds comes back, and nothing else is accepted."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disclosures import stored_zip
from disclosures.stored_zip import check_path, format_zip, parse_zip
from ledger.errors import Malformed

PATHS = st.from_regex(r"\A[a-z0-9_-]{1,8}(/[a-z0-9._-]{0,6}[a-z0-9_-]){0,2}\Z")
FILES = st.dictionaries(PATHS, st.binary(max_size=40), min_size=1, max_size=6)


@given(FILES)
def test_what_was_written_is_read(files: dict[str, bytes]) -> None:
    raw = format_zip(files)
    assert parse_zip(raw) == files
    with zipfile.ZipFile(io.BytesIO(raw)) as found:
        assert found.testzip() is None
        assert {i.filename: found.read(i) for i in found.infolist()} == files
        assert [i.filename for i in found.infolist()] == sorted(files)


@given(FILES, st.data())
def test_every_byte_counts(files: dict[str, bytes], data: st.DataObject) -> None:
    raw = bytearray(format_zip(files))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= 1 << data.draw(st.integers(0, 7))
    try:
        found = parse_zip(bytes(raw))
    except Malformed as err:
        assert err.rule in {"zip-form", "zip-limits", "bag-path"}  # noqa: PT017  # two ends are allowed
    else:
        assert False, f"byte {at} is free: {found.keys()}"  # noqa: B011, PT015  # as above


def by_library(**options: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", **options) as made:
        made.writestr(zipfile.ZipInfo("data/a"), b"content")
    return out.getvalue()


RAW = format_zip({"data/a": b"one", "data/b": b"two"})
BAD = {
    "empty file": b"",
    "no zip": b"not a zip",
    "another program's": by_library(),
    "compressed": by_library(compression=zipfile.ZIP_DEFLATED),
    "something before": b"x" + RAW,
    "something behind": RAW + b"x",
    "a comment": RAW[:-2] + b"\x01\x00x",
    "cut": RAW[:-1],
    "cut in a header": RAW[:10],
    "a size beyond the end": RAW[:18] + b"\xff\xff\xff\x7f" * 2 + RAW[26:],
    "one name twice": RAW.replace(b"data/b", b"data/a"),
    "out of order": RAW.replace(b"data/b", b"data/0"),
    "a path that climbs": RAW.replace(b"data/b", b"../../"),
    "a path of other characters": RAW.replace(b"data/b", b"data\\b"),
    "a path that is no ASCII": RAW.replace(b"data/b", b"data/\xff"),
    "an absolute path": RAW.replace(b"data/b", b"/ata/b"),
}


@pytest.mark.parametrize("name", BAD)
def test_any_other_zip_is_refused(name: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse_zip(BAD[name])
    assert caught.value.rule in {"zip-form", "bag-path"}


@pytest.mark.parametrize("path", ["", "/", "a//b", "a/", "./a", "a/..", "..", "a\nb", "C:", "é", "a" * 201])
def test_paths_stay_inside(path: str) -> None:
    with pytest.raises(Malformed):
        check_path(path)
    assert check_path("data/" + "d/" * 90 + "deep") == "data/" + "d/" * 90 + "deep"


def test_limits_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"a": b"1234", "b": b"1"}
    raw = format_zip(files)
    for name, limit in (("MAX_FILE", 3), ("MAX_FILES", 1), ("MAX_BYTES", len(raw) - 1)):
        with monkeypatch.context() as patch:
            patch.setattr(stored_zip, name, limit)
            with pytest.raises(Malformed, match="zip-limits"):
                format_zip(files)
            with pytest.raises(Malformed):
                parse_zip(raw)
    with monkeypatch.context() as patch:
        patch.setattr(stored_zip, "MAX_BYTES", len(raw))
        assert parse_zip(raw) == files
