"""`rebuild`: fold the views again from entry 0."""

from typing import Annotated

import typer

from api.cli.options import DEFAULT_DATA, Data, Json
from api.cli.output import answer, say, warn
from api.cli.progress import Progress
from api.config import read_config
from api.database import open_database
from ledger.errors import Fault
from projections.questions import QUESTIONS
from projections.store.compare import compare_views
from projections.store.run import Projector


class Told:
    """How far the slowest view is."""

    def __init__(self) -> None:
        self._at: dict[str, int] = {}
        self._progress = Progress("rebuilt")

    def __call__(self, title: str, position: int, size: int) -> None:
        """One view moved."""
        self._at[title] = position
        self._progress(min(self._at.values()), size)


def rebuild(
    view: Annotated[list[str] | None, typer.Option("--view", help="Only this view; may be repeated.")] = None,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Empty the views, fold them again from entry 0, and compare. Example: holdpoint rebuild --data ledger"""
    known = {p.name: p for p in QUESTIONS}
    unknown = sorted(set(view or ()) - set(known))
    if unknown:
        raise Fault("usage", "failed", f"no view {', '.join(unknown)}", f"one of {', '.join(sorted(known))}")
    wanted = [known[name] for name in sorted(set(view or known))]
    config = read_config(data)
    with open_database(data, config.database, say=warn) as database:
        projector = Projector(database.url("holdpoint_projector"), wanted)
        try:
            projector.rebuild(Told())
        finally:
            projector.close()
        found = compare_views(database.url("holdpoint_reader"), wanted)
    rows = [{"view": t, "position": n, "stopped": t in projector.stops} for t, n in sorted(projector.positions.items())]
    troubles = [f"view {s.view} stopped before entry {s.index}: {s.rule}" for s in projector.stops.values()]
    troubles += [str(m) for m in found]
    if as_json:
        code = "projection-stale" if projector.stops else "projection-mismatch" if found else "rebuilt"
        answer("rebuild", rows, ok=not troubles, code=code, troubles=troubles)
    else:
        for row in rows:
            say(f"{row['view']}: {row['position']} entries folded")
        for text in troubles:
            warn(text)
    raise SystemExit(1 if troubles else 0 if any(row["position"] for row in rows) else 5)


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    app.command()(rebuild)
