"""`framework list --at` on each of the dates that the timeline of the sources calls worth a test, read from there.

The timeline lies beside the checkout (`../shared/frameworks/timeline.md`); where it is absent the test is skipped, and says so.
"""

import json
import re

import pytest

from api.cli.packs import shipped_ids
from tests.commands import Cli
from tests.policies.extracts import SHARED

TIMELINE = SHARED / "timeline.md"
FAMILIES = {
    "Anthropic policy": "anthropic-rsp-",
    "Google DeepMind": "google-deepmind-fsf-",
    "Meta": "meta-aasf-",
    "xAI": "xai-",
    "California SB 53": "us-ca-sb53",
    "New York RAISE": "us-ny-raise",
}
NOT_SHIPPED = {("Meta", "1.1")}
"""What the timeline dates and no pack is written of."""


def worth_a_test(text: str) -> list[dict[str, str]]:
    """The rows of the table: column → cell, without the remarks in brackets."""
    table = re.findall(r"^\|(.+)\|$", text.partition("Dates worth a test")[2].partition("\n## ")[0], re.MULTILINE)
    head, _, *rows = ([re.sub(r"\(.*?\)", "", cell).strip() for cell in row.split("|")] for row in table)
    return [dict(zip(head, row, strict=True)) for row in rows]


def expected(column: str, cell: str) -> list[str]:
    """The ids in force of a column's family: `x or later` is x, as long as no later one ships."""
    prefix, version = FAMILIES[column], cell.removesuffix(" or later")
    if version == "not yet" or (column, version) in NOT_SHIPPED:
        return []
    return (
        [prefix] if version == "in force" else [i for i in shipped_ids() if re.fullmatch(rf"{prefix}\D*{version}", i)]
    )


@pytest.mark.skipif(not TIMELINE.is_file(), reason="the timeline is not beside the checkout (../shared/frameworks)")
def test_each_date_of_the_timeline_lists_what_was_in_force(cli: Cli) -> None:
    rows = worth_a_test(TIMELINE.read_text())
    assert len(rows) >= 9
    for row in rows:
        told = cli.ok("framework", "list", "--at", row["as of"], "--json").out
        ids = [str(json.loads(line)["id"]) for line in told.splitlines()]
        found = {column: [i for i in ids if i.startswith(prefix)] for column, prefix in FAMILIES.items()}
        assert found == {column: expected(column, row[column]) for column in FAMILIES}, row["as of"]
        missing = [c for c in FAMILIES if not found[c] and row[c] != "not yet" and (c, row[c]) not in NOT_SHIPPED]
        assert missing == [], row["as of"]
