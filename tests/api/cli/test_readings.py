"""`framework scope | interpret | source`: what each records, and what it refuses."""

import json
from hashlib import sha256
from pathlib import Path

from tests.commands import Cli

XAI = "xai-faif-2025-12-30"


def publish(cli: Cli, name: str = XAI) -> None:
    """Once: the ledger is shared by the tests here."""
    if all(p.pack.id != name for _, p in cli.ledger.appender.state.scan("published")):
        cli.ok("framework", "publish", name, "--as", "framework-admin")


def test_a_law_is_determined_not_to_reach_the_lab(cli: Cli) -> None:
    publish(cli, "us-ca-sb53")
    words = ["framework", "scope", "us-ca-sb53", "--does-not-apply", "--reason", "small", "--yes"]
    cli.ok(*words)
    told = cli.ledger.appender.state.get("scope", "us-ca-sb53")[-1].body
    assert (told.applies, told.binds_as, told.reason) == (False, (), "small")
    cli.ok(*["framework", "scope", "us-ca-sb53", "--binds-as", "frontier_developer", "--reason", "grown", "--yes"])
    told = cli.ledger.appender.state.get("scope", "us-ca-sb53")[-1].body
    assert (told.applies, told.binds_as) == (True, ("frontier_developer",))


def test_a_reading_names_a_clause_of_the_pack(cli: Cli) -> None:
    publish(cli)
    cli.ok("framework", "interpret", XAI, "G-DEPLOY", "--reading", "from the first outside user", "--yes")
    size = cli.ledger.appender.size
    refused = cli("framework", "interpret", XAI, "G-NONE", "--reading", "x", "--yes")
    assert refused.code == 3
    assert "clause-unknown" in refused.err
    assert cli.ledger.appender.size == size


def test_a_source_that_differs_is_a_drift(cli: Cli, tmp_path: Path) -> None:
    publish(cli)
    size = cli.ledger.appender.size
    file = tmp_path / "framework.pdf"
    file.write_bytes(b"another text under the same label")
    done = json.loads(cli.ok("framework", "source", XAI, file, "--json", "--yes").out)
    assert done["ok"] is True
    known = cli.ledger.appender.state
    (digest,) = (p.digest for _, p in known.scan("published") if p.pack.id == XAI)
    assert known.get("drifted", digest)[-1].body.found == f"sha256:{sha256(file.read_bytes()).hexdigest()}"
    assert cli.ledger.appender.size == size + 1


def test_an_unpublished_pack_has_no_reading(cli: Cli) -> None:
    refused = cli("framework", "interpret", "us-ny-raise", "NY-CSI-72H", "--reading", "x", "--yes")
    assert refused.code == 2
    assert "holdpoint framework publish us-ny-raise" in refused.err
