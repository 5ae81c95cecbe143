"""Write `spec/events/<type>.md` from the event classes: one page per event type. `make spec`; a house test compares."""

import inspect
import types
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import msgspec

from ledger.event import Body, EventType
from ledger.fields import DAY_PATTERN, TIME_PATTERN, Closed
from ledger.registry import BODIES

FOLDER = Path(__file__).parent / "events"
ROLES = {(): "every root, key-admin and engine key that it lists"}


def kind(hint: Any) -> str:
    """A field's type in words of JSON."""
    if hint is msgspec.UNSET or hint is msgspec.UnsetType or hint is type(None):
        return ""
    if get_origin(hint) is Literal:
        return " \\| ".join(f"`{a}`" for a in get_args(hint))
    if get_origin(hint) in (Union, types.UnionType):
        return " or ".join(k for k in map(kind, get_args(hint)) if k)
    if hasattr(hint, "__metadata__"):
        said = "; ".join(meta(m) for m in hint.__metadata__ if isinstance(m, msgspec.Meta))
        return f"{kind(hint.__origin__)} ({said})" if said else kind(hint.__origin__)
    if get_origin(hint) is tuple:
        return f"array of {kind(get_args(hint)[0])}"
    if get_origin(hint) is dict or hint is dict:
        return "object"
    if isinstance(hint, type) and issubclass(hint, Closed):
        inner = ", ".join(f"`{f.encode_name}`{'' if f.required else '?'}" for f in msgspec.structs.fields(hint))
        return f"object {{{inner}}}"
    return {str: "string", int: "integer", bool: "boolean"}.get(hint, "any")


def meta(m: msgspec.Meta) -> str:
    """A constraint in words."""
    if m.pattern == TIME_PATTERN:
        return "a time: RFC 3339 UTC, six fractional digits, `Z`, a day that exists"
    if m.pattern == DAY_PATTERN:
        return "a day that exists: `YYYY-MM-DD`"
    pattern = (m.pattern or "").replace("\\A", "").replace("\\Z", "").replace("|", "\\|")
    top = "2^53-1" if m.le == 2**53 - 1 else m.le
    parts = [
        f"matches `{pattern}`" if pattern else "",
        f"at least {m.min_length}" if m.min_length else "",
        f"at most {m.max_length}" if m.max_length else "",
        f"{m.ge} to {top}" if m.ge is not None else "",
    ]
    return ", ".join(p for p in parts if p)


def inside(said: EventType) -> list[str]:
    """What may be withheld inside a member (spec/withheld.md §3)."""
    elements = [
        f"- elements of `{e.field}` may be withheld; with one withheld the array has exactly {e.cap}, decoys included"
        for e in said.elements
    ]
    members = [
        f"- of `{m.field}` may be withheld: {', '.join(f'`{n}`' for n in m.names)}; its own `_sd` slots: {m.slots}"
        for m in said.members
    ]
    return [*elements, *members]


def page(body: type[Body]) -> str:
    """One event type's page."""
    said = body.event
    who = ROLES.get(said.roles, " or ".join(said.roles))
    if said.root_quorum:
        who = (
            "the root quorum: root keys of as many principals as `root_threshold` says; no ledger role stands in for it"
        )
    if said.derived:
        who = "the engine alone, derived: refused at the door, compared by replay"
    lines = [
        f"# {said.name}, version {said.version}",
        "",
        inspect.getdoc(body) or "",
        "",
        f"- predicate type: `{said.topic}`",
        f"- stream: `{said.stream}{'' if said.stream == 'ledger' else '/…'}`",
        f"- signed by: {who}; distinct principals: {'`root_threshold`' if said.root_quorum else said.quorum}",
        f"- may be withheld: {', '.join(f'`{w}`' for w in said.withholdable) or 'nothing'}; `_sd` slots: {said.slots}",
        *inside(said),
        "",
        "| field | required | type |",
        "| --- | --- | --- |",
    ]
    lines += [
        f"| `{f.encode_name}` | {'yes' if f.required else 'no'} | {kind(f.type)} |"
        for f in msgspec.structs.fields(body)
    ]
    return "\n".join([*lines, "", "Unknown members are refused. A member equal to its default is left out.", ""])


def pages() -> dict[str, str]:
    """File name → text."""
    return {f"{body.event.name}.md": page(body) for body in BODIES}


def main() -> None:
    """Write them all."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text)


if __name__ == "__main__":
    main()
