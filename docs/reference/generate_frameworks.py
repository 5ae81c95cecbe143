"""The page of the packs that ship: what each gates, watches and asks for, on which clause. Run by `docs.reference.generate`."""

from collections.abc import Iterable, Iterator, Sequence

from api.cli.packs import shipped_ids
from api.story import bundled_pack
from policies.pack import Pack
from policies.pack_words import (
    BOUND,
    actors,
    count,
    determination_words,
    needs,
    period_words,
    sourced_words,
    trigger_words,
    when_words,
)

INTRO = """# Frameworks

The packs that ship with Holdpoint, as they are evaluated: facts in our own words, each with the clause that it comes from. **Not
the text of any framework or law, and not legal advice**: before a clause is relied on, read the document that the pack names.

- **binds**: `own` a lab's own framework and `code` a code that it joined bind once adopted; `law` binds from its date wherever it
  was determined to apply, or nobody has determined that.
- **sourced**: `primary` read in the source · `secondary` told by another source · `presumed` as in the neighbour that the pack is
  known by. It stands behind a clause where it is not `primary`.
- **A pack with unread parts never permits alone**: what it would permit is `undetermined`, and says which parts. Its denials and
  duties stand.
- What happens where a gate is not met (`else`) is in spec/gate.md, how clocks run in spec/obligations.md.
- `holdpoint framework show ID` prints one pack, `framework list --at DATE` says what was in force, `framework diff A B` what got
  weaker or stronger from one to the other.
"""


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    rows = list(rows)
    if rows:
        yield from ("", _row(*head), _row(*("---" for _ in head)), *(_row(*cells) for cells in rows))


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _weak(pack: Pack, clause: object) -> str:
    said = sourced_words(pack, clause)
    return "" if said == "primary" else f" ({said})"


def _index(packs: Sequence[Pack]) -> Iterator[str]:
    head = (
        "pack",
        "publisher",
        "binds",
        "in force from",
        "until",
        "style",
        "sourced",
        "unread",
        "thresholds",
        "gates",
        "duties",
    )
    yield from _table(
        head,
        (
            (
                f"[`{p.id}`](#{p.id.replace('.', '')})", p.publisher, p.binds + (", statutory" if p.statutory else ""),
                p.in_force_from, p.in_force_until or "none known", p.style.replace("_", " "),
                f"as a difference to `{p.base.id}`" if p.base is not None else p.source.sourced,
                str(len(p.source.unread_parts) or ""), str(len(p.thresholds)), str(len(p.gates)), str(len(p.obligations)),
            )
            for p in packs
        ),
    )  # fmt: skip


def _head(pack: Pack) -> Iterator[str]:
    until = f" until {pack.in_force_until}" if pack.in_force_until is not None else ""
    yield from ("", f"## {pack.id}", "", f"{pack.title}, {pack.publisher}, version {pack.version}.", "")
    whom = f"; whom: {pack.binds_whom}" if pack.binds_whom is not None else ""
    enforced = f"; enforced from {pack.enforced_from}" if pack.enforced_from is not None else ""
    yield f"- In force from {pack.in_force_from}{until}{enforced}; {BOUND[pack.binds]}{whom}."
    yield f"- Source: {pack.source.citation}. {pack.source.sourcing[0].upper()}{pack.source.sourcing[1:]}. `{pack.source.digest}`"
    if pack.statutory is not None:
        clauses = ", ".join(pack.statutory.clauses)
        yield f"- Made binding by `{pack.statutory.law}`: {clauses}. A divergence from it says that first."
    if pack.scope is not None:
        yield f"- Only for models whose `{pack.scope.threshold}` ({pack.scope.pack}) is {_code(pack.scope.state_in)}."
    yield from (f"- **Not read**: {part}." for part in pack.source.unread_parts)
    yield from (f"- Not confirmed: {part}." for part in pack.source.unconfirmed)
    if pack.states:
        yield f"- States: {', '.join(f'`{s.id}`' + (' (favourable)' if s.rank == 0 else '') for s in pack.states)}."


def _gates(pack: Pack) -> Iterator[str]:
    yield from _table(
        ("gate", "clause", "action", "when", "needs", "who acts", "else"),
        (
            (
                f"`{g.id}`", g.ref + _weak(pack, g), _code(g.actions), when_words(g.when), ", ".join(needs(g)), actors(g),
                f"`{g.effect}`",
            )
            for g in pack.gates
        ),
    )  # fmt: skip
    if not pack.gates:
        yield from ("", "It gates nothing.")


def _watched(pack: Pack) -> Iterator[str]:
    yield from _table(
        ("threshold", "clause", "what is watched", "determined by", "asks for"),
        (
            (f"`{t.id}`", t.ref + _weak(pack, t), t.summary, determination_words(t), ", ".join(t.requires_sets))
            for t in pack.thresholds
        ),
    )
    yield from _table(
        ("set", "operator", "safeguards"),
        ((f"`{s.id}`", s.operator.replace("_", " "), _members(pack, s.safeguards)) for s in pack.sets),
    )


def _members(pack: Pack, names: Iterable[str]) -> str:
    return "; ".join(_safeguard(pack, name) for name in names) or "**announced, and not written by its issuer**"


def _safeguard(pack: Pack, name: str) -> str:
    one = next(s for s in pack.safeguards if s.id == name)
    return f"`{one.id}` {one.summary}{_weak(pack, one)}"


def _owed(pack: Pack) -> Iterator[str]:
    yield from _table(
        ("duty", "clause", "what", "to whom", "opened by", "by when"),
        (
            (
                f"`{o.id}`" + (f" ({o.status})" if o.status is not None else ""), o.ref + _weak(pack, o), o.form,
                ", ".join(o.recipients), trigger_words(o), period_words(o),
            )
            for o in pack.obligations
        ),
    )  # fmt: skip
    yield from _table(
        ("kept", "clause", "how long", "from"),
        (
            (r.content or r.id, r.ref + _weak(pack, r), ("at least " if r.minimum else "") + count(r.period), r.start)
            for r in pack.retention
        ),
    )


def _ways_out(pack: Pack) -> Iterator[str]:
    yield from _table(
        ("way out", "clause", "what", "conditions", "approved by", "told"),
        (
            (
                f"`{f.id}`", f.ref + _weak(pack, f), f.summary, "; ".join(f.conditions), ", ".join(f.approved_by),
                ", ".join(f.inform),
            )
            for f in (*pack.fallbacks, *pack.exceptions)
        ),
    )  # fmt: skip


def _incidents(pack: Pack) -> Iterator[str]:
    yield from _table(
        ("class of incident", "clause", "what"),
        ((f"`{c.id}`", c.ref + _weak(pack, c), c.summary) for c in pack.incident_categories),
    )
    yield from _table(
        ("report field", "clause", "what", "filled by"),
        (
            (
                f"{f.number}" if f.number is not None else f"`{f.id}`", f.ref + _weak(pack, f),
                f.title + (", in the final report" if f.final_only else "") + ("" if f.of_the_form else ", beside the form"),
                f"`{f.filled_by}`" if f.filled_by is not None else "a person",
            )
            for f in pack.report_fields
        ),
    )  # fmt: skip
    yield from _table(("forbidden", "clause", "what"), ((f"`{p.id}`", p.ref, p.summary) for p in pack.prohibitions))


def _people(pack: Pack) -> Iterator[str]:
    yield from _table(
        ("role", "verbs", "in the source"),
        (
            (f"`{r.id}` {r.title or ''}".strip(), _code(r.verbs), ", ".join(r.acts) or (r.note or ""))
            for r in pack.roles
        ),
    )


def _difference(pack: Pack) -> Iterator[str]:
    if pack.base is None:
        return
    relation = pack.base.relation.replace("_", " ")
    yield from ("", f"Known as a difference to `{pack.base.id}` ({relation}); all else is presumed to be as there.")
    yield from _table(
        ("target", "change", "clause", "here", "there"),
        ((d.target, d.change, d.ref, d.here, d.base) for d in pack.base.differences),
    )


def frameworks() -> str:
    """Every shipped pack."""
    packs = [bundled_pack(name) for name in shipped_ids()]
    lines = [INTRO.rstrip("\n"), *_index(packs)]
    for pack in packs:
        for part in (_head, _difference, _gates, _ways_out, _people, _watched, _owed, _incidents):
            lines += part(pack)
    return "\n".join([*lines, ""])
