"""Settings: read once from the environment, frozen, and listed in docs/reference/settings.md (a test compares).

An unknown variable that begins with `HOLDPOINT_` is an error: a misspelt setting would otherwise be a check that is silently
off. A secret is never a value here, only the file that holds it (access.md §9).
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ledger.errors import Fault

PREFIX = "HOLDPOINT_"
VARIABLES: dict[str, str] = {
    "HOLDPOINT_DATA": "the ledger's folder, or a client's: `keys/`, `disclosures/`, `receipts/`, `spool/`",
    "HOLDPOINT_INDEX_EVERY": "entries after which the stream index is committed by itself; never fewer than there are streams",
    "HOLDPOINT_PG_BIN": "folder of the PostgreSQL programs (15 or newer) for the embedded server",
    "HOLDPOINT_PG_USER": "account that the embedded server runs under when root starts it and user namespaces are not to be had",
    "HOLDPOINT_PIN": "the trust file that receipts and exports are checked under",
    "HOLDPOINT_RETAIN_YEARS": "years for which a withheld field that is recorded from now on is kept before it may be erased",
    "HOLDPOINT_SERVER": "URL of a server; commands then talk to it instead of opening the folder",
    "HOLDPOINT_TIMEOUT": "seconds after which a request, and the delivery of a statement, gives up",
    "HOLDPOINT_TOKEN_FILE": "file that holds the read token for the server; mode 0600",
    "HOLDPOINT_WRAPPING_KEYS": "folder of the wrapping keys of withheld fields, where that is not `keys/` of the ledger",
}
DEFAULTS: dict[str, str] = {
    "HOLDPOINT_DATA": "holdpoint-ledger",
    "HOLDPOINT_INDEX_EVERY": "10000",
    "HOLDPOINT_RETAIN_YEARS": "5",
    "HOLDPOINT_TIMEOUT": "30",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says; `None` where it says nothing. `plain` = NO_COLOR, CI or TERM=dumb: no animation."""

    data: Path
    pg_bin: Path | None
    pg_user: str | None
    pin: Path | None
    server: str | None
    timeout: float
    token_file: Path | None
    index_every: int
    retain_years: int
    wrapping_keys: Path | None
    plain: bool = False

    def token(self) -> str | None:
        """The read token, from its file. Raises `Fault` `token-file`."""
        if self.token_file is None:
            return None
        try:
            if self.token_file.stat().st_mode & 0o077:
                detail = f"{self.token_file} is readable by others"
                raise Fault("token-file", "failed", detail, "chmod 600 it, and revoke the token")
            text = self.token_file.read_text().strip()
        except (OSError, UnicodeDecodeError) as err:
            detail = f"{self.token_file}: {getattr(err, 'strerror', None) or 'not text'}"
            raise Fault("token-file", "failed", detail, "name a file that holds the token alone") from err
        if not text.isascii() or not text.isprintable() or not text:
            raise Fault("token-file", "failed", f"{self.token_file} holds no token", "one line, the token alone")
        return text


def read_settings(environ: Mapping[str, str]) -> Settings:
    """The settings in `environ`. Raises `Fault` `setting-unknown`, `setting-malformed`."""
    unknown = sorted(name for name in environ if name.startswith(PREFIX) and name not in VARIABLES)
    if unknown:
        known = ", ".join(sorted(VARIABLES))
        raise Fault("setting-unknown", "failed", ", ".join(unknown), f"unset it; the settings are {known}")

    def path(name: str) -> Path | None:
        return Path(environ[name]) if environ.get(name) else None

    def number(name: str, unit: str, most: int) -> int:
        said = environ.get(name) or DEFAULTS[name]
        if not (said.isascii() and said.isdigit() and len(said) < 10 and 0 < int(said) <= most):
            raise Fault("setting-malformed", "failed", name, f"{unit}, 1 to {most}")
        return int(said)

    return Settings(
        data=path("HOLDPOINT_DATA") or Path(DEFAULTS["HOLDPOINT_DATA"]),
        pg_bin=path("HOLDPOINT_PG_BIN"),
        pg_user=environ.get("HOLDPOINT_PG_USER") or None,
        pin=path("HOLDPOINT_PIN"),
        server=environ.get("HOLDPOINT_SERVER") or None,
        timeout=float(number("HOLDPOINT_TIMEOUT", "whole seconds", 3600)),
        token_file=path("HOLDPOINT_TOKEN_FILE"),
        index_every=number("HOLDPOINT_INDEX_EVERY", "entries", 100_000_000),
        retain_years=number("HOLDPOINT_RETAIN_YEARS", "whole years", 100),
        wrapping_keys=path("HOLDPOINT_WRAPPING_KEYS"),
        plain=any(environ.get(name) for name in ("NO_COLOR", "CI")) or environ.get("TERM") == "dumb",
    )


@cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return read_settings(os.environ)
