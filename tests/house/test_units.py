"""The systemd units: each as hardened as the other, each runs a command that exists, with options that it has."""

import shlex
from pathlib import Path

import pytest
import typer.main

from api.cli.main import app

UNITS = sorted((Path(__file__).resolve().parents[2] / "deploy" / "systemd").glob("*.service"))
WANTED = {
    "NoNewPrivileges=yes", "ProtectSystem=strict", "ProtectHome=yes", "PrivateTmp=yes", "PrivateDevices=yes",
    "ProtectKernelTunables=yes", "ProtectKernelModules=yes", "ProtectKernelLogs=yes", "ProtectControlGroups=yes",
    "ProtectClock=yes", "ProtectHostname=yes", "ProtectProc=invisible", "RestrictNamespaces=yes", "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes", "LockPersonality=yes", "SystemCallArchitectures=native", "SystemCallFilter=@system-service",
    "CapabilityBoundingSet=", "IPAddressDeny=any", "IPAddressAllow=localhost", "UMask=0077", "StateDirectoryMode=0700",
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6",
}  # fmt: skip


OUTWARD = {"holdpoint-monitor.service": {"IPAddressDeny=any", "IPAddressAllow=localhost"}}
"""A monitor goes to the logs, and to its receiver, and listens to nobody."""


def test_there_are_a_service_a_witness_and_a_monitor() -> None:
    assert [u.name for u in UNITS] == ["holdpoint-monitor.service", "holdpoint-witness.service", "holdpoint.service"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda u: u.name)
def test_a_unit_is_hardened_and_runs_what_there_is(unit: Path) -> None:
    lines = [line for line in unit.read_text().splitlines() if line and not line.startswith("#")]
    section = lines[lines.index("[Service]") + 1 : lines.index("[Install]")]
    said = dict(line.split("=", 1) for line in section)
    wanted = WANTED - OUTWARD.get(unit.name, set())
    assert set(section) >= wanted, sorted(wanted - set(section))
    assert said["User"] == said["Group"] == said["StateDirectory"] != "root"
    program, command, *words = shlex.split(said["ExecStart"])
    assert program.endswith("/bin/holdpoint")
    group = typer.main.get_command(app)
    found = group.commands[command]  # type: ignore[attr-defined]  # the top is a group
    options = {o for p in found.params for o in p.opts}
    assert {w for w in words if w.startswith("--")} <= options
    assert f"/var/lib/{said['StateDirectory']}" in words, "what it writes lies in its own folder"
