"""Settings are read once, frozen, listed in the docs, and a misspelt one is an error."""

import dataclasses
import re
from pathlib import Path

import pytest

from api.settings import DEFAULTS, VARIABLES, Settings, read_settings
from ledger.errors import Fault

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "settings.md"


def test_the_page_lists_every_variable_with_its_meaning_and_default() -> None:
    rows = re.findall(r"^\| `(HOLDPOINT_\w+)` \| (.*) \| (.*) \|$", PAGE.read_text(), re.MULTILINE)
    assert {name: means for name, means, _ in rows} == VARIABLES
    assert {name: default.strip("`") for name, _, default in rows if default != "none"} == DEFAULTS


def test_every_variable_is_a_field() -> None:
    fields = {f.name for f in dataclasses.fields(Settings)} - {"plain"}
    assert {name.removeprefix("HOLDPOINT_").lower() for name in VARIABLES} == fields


def test_an_unknown_variable_is_an_error_and_others_are_not_ours() -> None:
    with pytest.raises(Fault) as caught:
        read_settings({"HOLDPOINT_SEVER": "http://127.0.0.1:1"})
    assert caught.value.code == "setting-unknown"
    assert "HOLDPOINT_SEVER" in caught.value.detail
    assert read_settings({"PATH": "/bin", "XHOLDPOINT_A": "1"}) == read_settings({})


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "", " 3", "٣", "3601", "1" * 5000])
def test_a_time_out_is_whole_seconds(text: str) -> None:
    if text == "":
        assert read_settings({"HOLDPOINT_TIMEOUT": text}).timeout == 30
        return
    with pytest.raises(Fault) as caught:
        read_settings({"HOLDPOINT_TIMEOUT": text})
    assert caught.value.code == "setting-malformed"


@pytest.mark.parametrize("text", ["0", "-1", "1e4", "100000001", "1" * 5000])
def test_entries_between_commitments_are_a_whole_number(text: str) -> None:
    assert read_settings({"HOLDPOINT_INDEX_EVERY": "100000000"}).index_every == 100_000_000
    with pytest.raises(Fault) as caught:
        read_settings({"HOLDPOINT_INDEX_EVERY": text})
    assert caught.value.code == "setting-malformed"


def test_settings_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        read_settings({}).server = "http://127.0.0.1:1"  # type: ignore[misc]  # that it can't be is what is tested


def test_a_token_comes_from_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("hpt_dev_x\n")
    file.chmod(0o644)
    said = read_settings({"HOLDPOINT_TOKEN_FILE": str(file)})
    with pytest.raises(Fault) as caught:
        said.token()
    assert caught.value.code == "token-file"
    file.chmod(0o600)
    assert said.token() == "hpt_dev_x"
    for bad in ("", "two\nlines", "caf\u00e9"):
        file.write_text(bad)
        with pytest.raises(Fault):
            said.token()
    assert read_settings({}).token() is None
