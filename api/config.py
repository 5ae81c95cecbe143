"""`holdpoint.toml`, a ledger's own facts: origin, database, the names it answers for, and the witnesses that it asks."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from auditor.witness_policy import WitnessPolicy, parse_policy
from ledger.errors import Fault

CONFIG = "holdpoint.toml"
MAX_INTERVAL = 3600


@dataclass(frozen=True, slots=True)
class WitnessConfig:
    """Table `witnesses`: a C2SP tlog-policy beside this file, seconds between questions, whether appends wait (ADR 0025)."""

    policy: str
    interval: float = 10.0
    require: bool = False


@dataclass(frozen=True, slots=True)
class Config:
    """`origin` of the ledger; for a server, the conninfo of its database (no password: use a passfile).

    `hosts` are the names, with port where it is not the scheme's, that HTTP answers for beside loopback.
    """

    origin: str
    database: str | None = None
    hosts: tuple[str, ...] = ()
    witnesses: WitnessConfig | None = None

    @property
    def development(self) -> bool:
        """Whether this is a development ledger."""
        return self.origin.startswith("dev/")


def read_config(folder: Path) -> Config:
    """Read `holdpoint.toml`. Raises `Fault` `not-a-ledger` or `config-malformed`."""
    try:
        values = tomllib.loads((folder / CONFIG).read_text())
    except OSError as err:
        remedy = "make one: holdpoint init, or holdpoint dev"
        raise Fault("not-a-ledger", "failed", f"no ledger in {folder} ({err.strerror})", remedy) from err
    except tomllib.TOMLDecodeError as err:
        raise Fault("config-malformed", "failed", f"{CONFIG}: {err}", "mend the file") from err
    hosts = values.get("hosts", [])
    unknown = set(values) - {"origin", "database", "hosts", "witnesses"}
    listed = isinstance(hosts, list) and all(isinstance(h, str) for h in hosts)
    if unknown or not isinstance(values.get("origin"), str) or not listed:
        known = "needs origin, knows database, hosts and witnesses"
        raise Fault("config-malformed", "failed", f"{CONFIG}: {known}", "mend the file")
    return Config(values["origin"], values.get("database"), tuple(hosts), _witness_config(values.get("witnesses")))


def _witness_config(table: object) -> WitnessConfig | None:
    """The table `witnesses`. A bound that is not understood is an error: somebody may rely on it."""
    if table is None:
        return None
    said = table if isinstance(table, dict) else {}
    interval = said.get("interval", 10)
    good = (
        set(said) <= {"policy", "interval", "require"}
        and isinstance(said.get("policy"), str)
        and type(interval) is int
        and 1 <= interval <= MAX_INTERVAL
        and isinstance(said.get("require", False), bool)
    )
    if not good:
        known = f"witnesses needs policy, knows interval (seconds, 1 to {MAX_INTERVAL}) and require (true or false)"
        raise Fault("config-malformed", "failed", f"{CONFIG}: {known}", "mend the file")
    return WitnessConfig(said["policy"], float(interval), said.get("require", False))


def write_config(folder: Path, config: Config) -> None:
    """Write `holdpoint.toml` for a new ledger."""
    lines = [f'origin = "{config.origin}"']
    if config.database is not None:
        lines.append(f'database = "{config.database}"')
    (folder / CONFIG).write_text("\n".join(lines) + "\n")


def witness_policy(folder: Path, config: Config) -> WitnessPolicy | None:
    """The policy that `holdpoint.toml` names. Raises `Malformed`, `Fault` `config-malformed`."""
    if config.witnesses is None:
        return None
    path = folder / config.witnesses.policy
    try:
        found = parse_policy(path.read_bytes())
    except OSError as err:
        detail = f"{CONFIG}: witnesses.policy: {path}: {err.strerror}"
        raise Fault("config-malformed", "failed", detail, "name a C2SP tlog-policy beside it") from err
    if config.witnesses.require and found.quorum is None:
        detail = f"{CONFIG}: witnesses.require: {path} asks for no witness, so nothing would be waited for"
        raise Fault("config-malformed", "failed", detail, "write a quorum into the policy, or drop require")
    return found
