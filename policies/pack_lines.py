"""Where in an author's TOML a fault lies: the loader's places, turned into line numbers.

A place is either a path as the schema reader gives it (`$.gates[3].when.fact`) or words as the pack's own rules give them
(`gates G-TRAIN when`). Packs are written one table per item, as the shipped ones are; in another layout the line is unknown.
"""

import re

from ledger.strict import parse_uint

_STEP = re.compile(r"\.([A-Za-z_][A-Za-z0-9_]*)|\[(0|[1-9][0-9]{0,5})\]")
_HEADER = re.compile(r"\[\[?([A-Za-z_]+)\]\]?\s*(?:#.*)?")


def line_of(text: str, place: str) -> str:
    """The line (from 1) of `place`, as text; `?` where it can't be told."""
    lines = text.split("\n")
    found = _by_path(lines, place) if place.startswith("$") else _by_words(lines, place.split())
    return "?" if found is None else str(found)


def _blocks(lines: list[str], table: str) -> list[tuple[int, int]]:
    """(first, end) of every table of that name, as 0-based line numbers; the top level is the table ``."""
    headers = [(n, m.group(1)) for n, line in enumerate(lines) if (m := _HEADER.fullmatch(line.strip())) is not None]
    ends = [n for n, _ in headers[1:]] + [len(lines)] * bool(headers)
    top = [(0, headers[0][0] if headers else len(lines))] if not table else []
    return top + [(start, end) for (start, name), end in zip(headers, ends, strict=True) if name == table]


def _key(lines: list[str], block: tuple[int, int], key: str) -> int | None:
    wanted = re.compile(rf"\s*{re.escape(key)}\s*=")
    return next((n + 1 for n in range(*block) if wanted.match(lines[n]) is not None), None)


def _by_path(lines: list[str], place: str) -> int | None:
    steps = [(m.group(1), m.group(2)) for m in _STEP.finditer(place)]
    if not steps or steps[0][0] is None:
        return 1
    table, rest = steps[0][0], steps[1:]
    number = 0
    if rest and rest[0][1] is not None:
        number = parse_uint(rest[0][1])
        rest = rest[1:]
    blocks = _blocks(lines, table)
    if number >= len(blocks):
        # A key or table that is missing at the top has no line of its own: it is missing from the first one on.
        return _key(lines, _blocks(lines, "")[0], table) or (None if len(steps) > 1 else 1)
    block = blocks[number]
    key = rest[0][0] if rest else None
    return (_key(lines, block, key) if key is not None else None) or block[0] + 1


def _by_words(lines: list[str], words: list[str]) -> int | None:
    table, item = (words[0], words[1]) if len(words) > 1 else (words[0], "")
    named = re.compile(rf'\s*id\s*=\s*"{re.escape(item)}"')
    blocks = [b for b in _blocks(lines, table) if any(named.match(lines[n]) is not None for n in range(*b))]
    if not blocks:
        single = next(iter(_blocks(lines, table)), None)
        if single is None:
            return _key(lines, _blocks(lines, "")[0], table)
        return _named(lines, single, words[1:]) or single[0] + 1
    block = blocks[-1]  # of two with one id, the second is the fault
    return _named(lines, block, words[2:]) or block[0] + 1


def _named(lines: list[str], block: tuple[int, int], words: list[str]) -> int | None:
    """The line of the last word that is a key of the block, or a string in it."""
    for word in reversed(words):
        found = _key(lines, block, word) or next((n + 1 for n in range(*block) if f'"{word}"' in lines[n]), None)
        if found is not None:
            return found
    return None
