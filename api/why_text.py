"""The argument as a tree of plain characters, for a terminal. Text from events is shown with controls escaped."""

from collections.abc import Iterable, Iterator
from typing import Any

from auditor.explain import visible

Node = tuple[str, list["Node"]]


def lines_of(why: dict[str, Any]) -> Iterator[str]:
    """One action's argument, as lines."""
    clearance, verdict = why["clearance"], why["verdict"]
    first = [_said(f["text"], f["entries"]) for f in why["first"]]
    cleared = [_leaf(f"condition: {c}") for c in clearance["conditions"]]
    cleared += [_leaf(f"missing: {m}") for m in clearance["missing"]]
    cleared += [_entry(e) for e in clearance["entries"]]
    found = [(text, [_finding(group) for group in groups]) for text, groups in clauses_of(verdict["findings"]).items()]
    if not found:
        found = [_leaf(f"no clause answers: {', '.join(verdict['reasons'])}")]
    top: list[Node] = [
        *first,
        (f"clearance: {clearance['answer']} ({', '.join(clearance['reasons'])})", cleared),
        (f"policy verdict: {verdict['answer']} ({', '.join(verdict['reasons']) or 'nothing is open'})", found),
    ]
    yield visible(f"{why['action']}: {clearance['answer']}")
    yield from _branches(top, "")


def clauses_of(findings: Iterable[dict[str, Any]]) -> dict[str, list[list[dict[str, Any]]]]:
    """Clause by clause; findings of a clause that say the same on the same entries stand in one group."""
    clauses: dict[str, dict[tuple[Any, ...], list[dict[str, Any]]]] = {}
    for f in findings:
        clause = f"{f['pack']} {f['clause']} ({f['ref']}; {f['sourced']})"
        same = (f["state"], f["why"], *(e["index"] for e in f["entries"]))
        clauses.setdefault(clause, {}).setdefault(same, []).append(f)
    return {text: list(groups.values()) for text, groups in clauses.items()}


def _finding(group: list[dict[str, Any]]) -> Node:
    one = group[0]
    mark = "+" if one["state"] == "met" else "x"
    return _said(f"{mark} {one['state']}, {one['why']}: {', '.join(f['requirement'] for f in group)}", one["entries"])


def _said(text: str, entries: list[dict[str, Any]]) -> Node:
    return text, [_entry(e) for e in entries]


def _leaf(text: str) -> Node:
    return text, []


def _entry(e: dict[str, Any]) -> Node:
    return _leaf(f"{e['index']} {e['type']}  {e['recorded_at']}  {', '.join(e['by'])}  {e['leaf']}  {e['command']}")


def _branches(nodes: list[Node], before: str) -> Iterator[str]:
    for n, (text, below) in enumerate(nodes):
        last = n == len(nodes) - 1
        yield f"{before}{'`-- ' if last else '|-- '}{visible(text)}"
        yield from _branches(below, before + ("    " if last else "|   "))
