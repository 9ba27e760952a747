"""Who is with a caller has met them: until now a call was accepted when it was taken."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
phase = "expand"

_calls = sa.table(
    "calls",
    sa.column("sid", sa.Text),
    sa.column("ended_at", sa.BigInteger),
    sa.column("data", sa.Text),
)


def upgrade() -> None:
    """Mark the legs that are with a caller now; calls that are over stay as they are."""
    connection = op.get_bind()
    going_on = sa.select(_calls.c.sid, _calls.c.data).where(_calls.c.ended_at.is_(None))
    store = sa.update(_calls).where(_calls.c.sid == sa.bindparam("of"))
    for row in connection.execute(going_on).all():
        connection.execute(store, {"of": row.sid, "data": _met(row.data)})


def downgrade() -> None:
    """The version before reads over what it doesn't know."""


def _met(text: str) -> str:
    data: dict[str, Any] = json.loads(text)
    for leg in data.get("legs", {}).values():
        if leg.get("state") == "talking":
            leg["met"] = data["shared"]["met"] = True
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))
