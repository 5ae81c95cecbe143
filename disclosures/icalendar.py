"""Duties as an iCalendar feed (RFC 5545): an event per duty that is still owed and has a date, from the strict to the latest one.

Same duties, same position: same bytes. The `UID` of a duty never changes, so a calendar that reads the feed again moves it and
never doubles it. Nothing that may be withheld is in a duty, and so nothing of it is here. By hand, because 60 lines are less
than a dependency that an auditor would have to trust.
"""

from collections.abc import Iterable
from hashlib import sha256
from itertools import islice

from policies.duty import WAITING, Duty

MEDIA_TYPE = "text/calendar; charset=utf-8"
MOST = 2000
"""Events in a feed: what is due first."""
WIDTH = 75
"""Octets of a content line, its CRLF not counted (RFC 5545 §3.1)."""
ESCAPED = {"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"}


def render(origin: str, as_of: str, duties: Iterable[Duty]) -> bytes:
    """The feed as of a clock, of up to `MOST` events.

    `origin` is the ledger's, so that two ledgers' duties never share a `UID`.
    """
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Holdpoint//obligations 1//EN", "CALSCALE:GREGORIAN",
        f"X-WR-CALNAME:{text('Duties of ' + origin)}",
    ]  # fmt: skip
    events = (event for duty in duties if (event := _event(origin, as_of, duty)))
    for event in islice(events, MOST):
        lines += event
    lines.append("END:VCALENDAR")
    return b"".join(fold(line) for line in lines)


def _event(origin: str, as_of: str, duty: Duty) -> list[str]:
    strict, latest = duty.due_strict, duty.due_latest
    if strict is None or latest is None or duty.state not in WAITING:
        return []
    uid = sha256(f"{origin}|{duty.key}".encode()).hexdigest()[:40]
    recipients = ", ".join(duty.recipients)
    said = [
        f"{duty.form}, to {recipients}.", f"Clause: {duty.pack} {duty.obligation}, {duty.ref}.",
        f"Due {strict} under the strict reading, {latest} at the latest.", f"State as of {as_of}: {duty.state}.",
        *([f"Whether it applies is unknown: {', '.join(duty.reasons)}."] if duty.applies == "unknown" else []),
        *([f"Opened by entry {duty.opened_by} of {duty.stream}."] if duty.opened_by is not None else []),
    ]  # fmt: skip
    flag = {"overdue": "OVERDUE ", "tolled": "tolled "}.get(duty.state, "")
    doubt = "? " if duty.applies == "unknown" else ""
    return [
        "BEGIN:VEVENT", f"UID:{uid}@holdpoint", f"DTSTAMP:{moment(as_of)}", f"DTSTART:{moment(strict)}",
        *([f"DTEND:{moment(latest)}"] if moment(latest) > moment(strict) else []),
        f"SUMMARY:{text(f'{flag}{doubt}{duty.obligation}: {duty.form}')}", f"DESCRIPTION:{text(chr(10).join(said))}",
        f"CATEGORIES:{text(duty.pack)}", "TRANSP:TRANSPARENT", "END:VEVENT",
    ]  # fmt: skip


def moment(time: str) -> str:
    """A canonical time as a UTC date-time; the fraction is dropped, which never moves a date to a later second."""
    return f"{time[0:4]}{time[5:7]}{time[8:10]}T{time[11:13]}{time[14:16]}{time[17:19]}Z"


def text(value: str) -> str:
    """A TEXT value (RFC 5545 §3.3.11): controls but the line feed are dropped, what has a meaning is escaped."""
    return "".join(ESCAPED.get(c, c) for c in value if c == "\n" or c.isprintable())


def fold(line: str) -> bytes:
    """A content line in pieces of at most 75 octets, none of which splits a character."""
    pieces, piece = list[bytes](), b""
    for char in line:
        raw = char.encode()
        if len(piece) + len(raw) > WIDTH:
            pieces.append(piece)
            piece = b" "
        piece += raw
    return b"\r\n".join([*pieces, piece]) + b"\r\n"
