"""Names and reads that the projector and its readers share."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import psycopg
from psycopg import sql

from projections.projection import Projection, Rank, Row

_encoder = msgspec.json.Encoder(order="sorted")
POSITIONS = "SELECT application_name, notification_id FROM holdpoint.tracking WHERE application_name = ANY(%s)"


def view_table(projection: Projection) -> str:
    """The table of this version of a projection, in schema `holdpoint`."""
    return f"view_{projection.name}_{projection.version}"


def row_text(row: Row) -> str:
    """A row's value as it is stored: members in the order of their names, whether a batch made it or a restart loaded it."""
    return _encoder.encode(row.value).decode()


def load_rows(conn: "psycopg.Connection[Any]", projection: Projection, keys: Sequence[str]) -> dict[str, Row]:
    """Some rows of a view by key; absent ones are left out."""
    query = sql.SQL("SELECT key, rank, row FROM holdpoint.{} WHERE key = ANY(%s)")
    found = conn.execute(query.format(sql.Identifier(view_table(projection))), (list(keys),))
    return {key: Row(Rank(rank), value) for key, rank, value in found}


def read_positions(conn: "psycopg.Connection[Any]", titles: Iterable[str], *, lock: bool = False) -> dict[str, int]:
    """Positions (number of entries folded) by title. With `lock`, their rows stay locked until the transaction ends."""
    order = " ORDER BY application_name"
    return dict(conn.execute(POSITIONS + order + (" FOR UPDATE" if lock else ""), (list(titles),)).fetchall())
