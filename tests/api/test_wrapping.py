"""The wrapping keys' files: read as strictly as they are written, private, and never shown."""

from pathlib import Path

import pytest

from api.wrapping import format_wrapping_key, load_wrapping_keys, make_wrapping_key, parse_wrapping_key, wrapping_path
from ledger.errors import Fault
from ledger.store.wrapping import new_wrapping_key

AT = "2026-04-07T09:00:00.000000Z"


def test_the_file_is_read_as_it_was_written_and_no_other() -> None:
    key = new_wrapping_key(AT)
    raw = format_wrapping_key(key)
    assert parse_wrapping_key(raw, "f") == key
    for bent in (
        raw[:-1],
        raw + b"\n",
        b"",
        raw.replace(b"/1", b"/2"),
        raw.replace(b"Z\n", b"\n"),
        raw[:-6] + b"\n",
        b"\xff" + raw,
    ):
        with pytest.raises(Fault) as caught:
            parse_wrapping_key(bent, "wrapping-x.key")
        assert caught.value.code == "key-file-malformed"
        assert raw.split(b"\n")[2].decode() not in str(caught.value)


def test_it_is_private_and_never_written_over(tmp_path: Path) -> None:
    key = make_wrapping_key(tmp_path, AT)
    path = wrapping_path(tmp_path, key)
    assert path.stat().st_mode & 0o777 == 0o600
    later = make_wrapping_key(tmp_path, "2027-04-07T09:00:00.000000Z")
    assert load_wrapping_keys(tmp_path) == [key, later]
    path.chmod(0o640)
    with pytest.raises(Fault, match="key-file-open"):
        load_wrapping_keys(tmp_path)
