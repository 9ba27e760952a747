"""A call's values are stored by what they belong to: the caller, the case, the hunt …"""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
phase = "contract"

BATCH = 500

# Where each value of ``shared`` has gone; those that aren't named stay where they are.
PLACES = {
    "offers": ("called", "languages"),
    "works": ("called", "works_in"),
    "zone": ("called", "zone"),
    "region": ("called", "region"),
    "country": ("called", "country"),
    "caller_number": ("caller", "number"),
    "countries": ("caller", "countries"),
    "staff": ("caller", "staff"),
    "owes": ("caller", "owes"),
    "resume": ("caller", "resume"),
    "left_at": ("caller", "left_at"),
    "keyed": ("case", "keyed"),
    "case": ("case", "record"),
    "numbers": ("case", "numbers"),
    "verified": ("case", "verified"),
    "status": ("case", "status"),
    "pin_tries": ("case", "pin_tries"),
    "secret": ("case", "secret"),
    "hunts": ("hunt", "number"),
    "ranking": ("hunt", "ranking"),
    "owner": ("hunt", "owner"),
    "calls_in": ("hunt", "calls_in"),
    "refused": ("hunt", "refused"),
    "taker": ("hunt", "taker"),
    "rung": ("hunt", "rung"),
    "dialled": ("hunt", "dialled"),
    "ringing": ("hunt", "ringing"),
    "left_to_ring": ("hunt", "left_to_ring"),
    "asking": ("hunt", "asking"),
    "by_dial": ("hunt", "by_dial"),
    "carrier_failed": ("hunt", "carrier_failed"),
    "recording": ("recording", "wanted"),
    "recorded": ("recording", "state"),
    "recordings": ("recording", "changes"),
}
DROPPED = ("line_number", "clicks")  # a column has the one, nothing has read the other
GROUPS = ("called", "caller", "case", "hunt", "recording")

Values = dict[str, Any]
_calls = sa.table("calls", sa.column("sid", sa.Text), sa.column("data", sa.Text))


def upgrade() -> None:
    """Store the values of every call anew, a batch at a time."""
    connection, after = op.get_bind(), ""
    batch = sa.select(_calls).where(_calls.c.sid > sa.bindparam("after"))
    batch = batch.order_by(_calls.c.sid).limit(BATCH)
    store = sa.update(_calls).where(_calls.c.sid == sa.bindparam("of"))
    while rows := connection.execute(batch, {"after": after}).all():
        after = rows[-1].sid
        connection.execute(store, [{"of": row.sid, "data": grouped(row.data)} for row in rows])


def downgrade() -> None:
    """Only without calls: what has its default isn't stored any more, and was."""
    if op.get_bind().execute(sa.select(_calls.c.sid).limit(1)).first():
        raise RuntimeError(
            "the version before can't read the calls of this one; restore a backup made with it"
        )


def grouped(text: str) -> str:
    """A call's data, of the version before, as this one stores it."""
    data = json.loads(text)
    data["shared"] = _grouped(data["shared"])
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def _grouped(shared: Values) -> Values:
    values: Values = {group: {} for group in GROUPS}
    for name, value in shared.items():
        match name:
            case "hunt":
                values["hunt"] |= value or {}
            case "back":
                values["back"] = _knowing(value)
            case _ if name in PLACES:
                group, field = PLACES[name]
                values[group][field] = value
            case _ if name not in DROPPED:
                values[name] = value
    if not values["case"].get("record"):  # not looked up, or nothing was left of it
        values["case"].pop("record", None)
    return values


def _knowing(back: Values) -> Values:
    """What makes a call one that we make, with all that it knows."""
    if not isinstance(back.get("knows"), dict):
        return back
    knows = {name: value for name, value in back["knows"].items() if name != "case"}
    if record := back["knows"].get("case"):
        knows["record"] = record
    return back | {"knows": knows}
