"""`mirror`: a verified copy of a log as static files. `monitor`: follow logs, and say what goes wrong."""

import ipaddress
import signal
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from api.book import readable
from api.cli.check_proof import Keys, keys_given
from api.cli.options import DEFAULT_TIMEOUT, Json, Timeout
from api.cli.output import emit, say, warn
from api.cli.progress import Progress
from api.cli.web_source import WebSource
from api.mirroring import Mirror, Mirrored
from api.monitoring import AlarmBook, Monitor
from api.outbox import Courier, Outbox, secret_in
from api.settings import settings
from api.webhook import Network, Receiver
from auditor.alarms import CODES, TAMPERING, Alarm, exit_of
from auditor.explain import visible
from auditor.pin import Pin, parse_pin
from ledger.errors import Fault
from ledger.note import Vkey

TokenFile = Annotated[
    Path | None,
    typer.Option(
        "--token-file", envvar="HOLDPOINT_TOKEN_FILE", help="Read token, where the log keeps its entries back."
    ),
]


def token_in(path: Path | None) -> str | None:
    """The token of a file. Raises `Fault` `token-file`."""
    return replace(settings(), token_file=path).token()


def trusted(pin_file: Path | None, given: list[str] | None) -> tuple[Pin | None, tuple[Vkey, ...]]:
    """A trust file, and all keys that the reader brings with it."""
    pin = None if pin_file is None else parse_pin(readable(pin_file, "pin-unreadable"))
    return pin, (*(() if pin is None else pin.vkeys), *keys_given(given))


def mirror(
    url: Annotated[str, typer.Argument(metavar="URL", help="A tile host, or a server.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the copy lies; nothing else belongs there.")],
    pin_file: Annotated[
        Path | None, typer.Option("--pin", envvar="HOLDPOINT_PIN", help="The trust file kept aside.")
    ] = None,
    key: Keys = None,
    token_file: TokenFile = None,
    entries: Annotated[bool, typer.Option(help="Copy entries too, where the log shows them.")] = True,
    timeout: Timeout = DEFAULT_TIMEOUT,
    as_json: Json = False,
) -> None:
    """Keep a verified copy of a log, as static files. Example: holdpoint mirror https://log.lab.example copy --pin pin.json"""
    pin, keys = trusted(pin_file, key)
    with (
        closing(WebSource(url, token=token_in(token_file), timeout=timeout)) as source,
        closing(Mirror(folder, source.read, keys, pin, Progress("mirrored"))) as copy,
    ):
        found = copy.bring(entries=entries)
    if as_json:
        have, of = found.bundles
        detail = {"before": found.before, "bundles": have, "bundles_in_log": of, "claims": found.claims,
                  "folder": str(folder), "suppressed": found.suppressed, "tiles_fetched": found.tiles}  # fmt: skip
        emit({"schema": "holdpoint.mirror/1", "ok": True, "code": "grown" if found.size > found.before else "current",
              "details": [detail],
              "checkpoint": {"origin": found.origin, "root": found.root.hex(), "size": found.size}})  # fmt: skip
        return
    for line in mirrored_text(found, folder):
        say(line)


def mirrored_text(found: Mirrored, folder: Path) -> list[str]:
    """What a run left, and what the copy lacks."""
    have, of = found.bundles
    lines = [f"{visible(found.origin)}: size {found.size} (held before: {found.before}), {found.tiles} tiles fetched"]
    if have < of:
        lines.append(
            f"  entries: {have} of {of} bundles; the log keeps the others back (--token-file), or none was asked for"
        )
    if found.suppressed:
        lines.append(
            f"  {found.suppressed} records came empty: suppressed, if the root says so (holdpoint verify {folder})"
        )
    if not found.claims:
        lines.append("  no claims for this head: an answer of the log's keeper can't be compared")
    return [*lines, f"  every tile is proven; entries and claims: holdpoint verify {folder} --pin FILE"]


def monitor(
    urls: Annotated[
        list[str], typer.Argument(metavar="URL...", help="Tile hosts or servers; a token goes to the first.")
    ],
    data: Annotated[Path, typer.Option("--data", help="What it holds: heads, alarms, evidence.")] = Path(
        "holdpoint-monitor"
    ),
    pin_files: Annotated[list[Path] | None, typer.Option("--pin", help="A trust file; one for each log.")] = None,
    key: Keys = None,
    every: Annotated[float, typer.Option(min=1, max=86_400, help="Seconds between looks.")] = 60,
    once: Annotated[bool, typer.Option("--once", help="One look; the exit code says what was found.")] = False,
    max_age: Annotated[
        int, typer.Option(min=1, help="Seconds after which a head is too old, or a place lags.")
    ] = 86_400,
    webhook: Annotated[
        str | None, typer.Option(metavar="URL", help="Where alarms are sent (Standard Webhooks).")
    ] = None,
    secret: Annotated[
        Path | None,
        typer.Option("--webhook-secret", help="Its signing secret; default: DATA/webhook.secret, made if absent."),
    ] = None,
    networks: Annotated[
        list[str] | None,
        typer.Option("--webhook-network", metavar="CIDR", help="A private network that its name may lead to."),
    ] = None,
    token_file: TokenFile = None,
    timeout: Timeout = DEFAULT_TIMEOUT,
    as_json: Json = False,
) -> None:
    """Follow logs and raise alarms. Example: holdpoint monitor https://log.lab.example --pin pin.json --once"""
    pins = [parse_pin(readable(path, "pin-unreadable")) for path in pin_files or ()]
    token = token_in(token_file)
    receiver = None if webhook is None else Receiver(webhook, networks_in(networks))

    def now() -> int:
        return int(time.time())

    def said(event: dict[str, Any]) -> None:
        if not as_json:
            say(alarm_text(event))
        elif not once:
            emit({"schema": "holdpoint.alarm/1", "ok": False, **event})
        sys.stdout.flush()

    def connect(url: str) -> WebSource:  # a token goes to one host: the others are whoever's mirrors
        return WebSource(url, token=token if url == urls[0] else None, timeout=timeout)

    for url in urls:
        connect(url).close()  # a URL that can't be one is a wrong command, and no alarm
    with closing(Monitor(data, urls, pins, keys_given(key), connect=connect, now=now, max_age=max_age)) as running:
        outbox = None if receiver is None else Outbox(data / "outbox", now)
        book = AlarmBook(data, now, outbox, said)
        courier = None
        if receiver is not None and outbox is not None:
            text, fresh = secret_in(secret or data / "webhook.secret")
            if fresh:
                warn(f"a new signing secret lies in {secret or data / 'webhook.secret'}: give it to the receiver")
            courier = Courier(outbox, receiver, text, warn)
        try:
            found = _watch(running, book, courier, None if once else every)
        finally:
            if courier is not None:
                courier.close()
        heads = running.heads()
    if not once:
        return
    if as_json:
        code = min(found, key=lambda a: CODES[a.code][0]).code if found else "ok"
        emit({"schema": "holdpoint.monitor/1", "ok": not found, "code": code, "details": [a.to_json() for a in found],
              "logs": heads, "checkpoint": None})  # fmt: skip
    elif found:
        counts = sorted({(a.code, sum(b.code == a.code for b in found)) for a in found})
        say(f"{len(found)} alarms hold now: " + ", ".join(f"{code} ({number})" for code, number in counts))
    else:
        for row in heads:
            say(f"{visible(row['origin'])}: size {row['size']}, one history since the pinned head; no alarm")
    raise SystemExit(exit_of(found))


def _watch(running: Monitor, book: AlarmBook, courier: Courier | None, every: float | None) -> list[Alarm]:
    """Look once, or until SIGTERM or SIGINT. A round that fails for reasons of this machine is said, and tried again."""
    found: list[Alarm] = []
    if every is not None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: running.stopping.set())
    while True:
        try:
            found = running.look(book.keep)
            if not running.stopping.is_set():
                book.end_round(found)
        except OSError as err:  # a full disk: nothing was pinned, so nothing is lost
            if every is None:
                raise Fault("folder-unwritable", "failed", f"{err.filename}: {err.strerror}", "free space") from err
            warn(f"this round is lost: {err.filename}: {err.strerror}")
        if courier is not None:
            courier.wake()
        if every is None or running.stopping.wait(every):
            return found


def networks_in(given: list[str] | None) -> list[Network]:
    """Networks in CIDR form. Raises `Fault` `webhook-address`."""
    try:
        return [ipaddress.ip_network(text) for text in given or ()]
    except ValueError:
        detail = "a network reads ADDRESS/BITS, such as 10.1.0.0/16"
        raise Fault("webhook-address", "failed", detail, "mend --webhook-network") from None


def alarm_text(event: dict[str, Any]) -> str:
    """An alarm for people."""
    word = "ended" if event["ended"] else "ALARM" if CODES[event["code"]][0] == TAMPERING else "alarm"
    lines = [f"{event['at']} {word} {event['code']} {visible(event['place'])}: {visible(event['detail'])}"]
    if event["evidence"] is not None:
        lines.append(f"  kept: {event['evidence']}")
    return "\n".join(lines)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(mirror)
    app.command()(monitor)
