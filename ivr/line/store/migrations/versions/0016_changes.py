"""What pages ask for again and again is found without reading everything."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
phase = "expand"


def upgrade() -> None:
    busy = sa.text("busy_with IS NOT NULL")
    op.create_index(
        "ix_people_busy", "people", ["busy_with"], sqlite_where=busy, postgresql_where=busy
    )
    for name in ("status_since", "last_taken", "last_no_answer"):
        op.create_index(f"ix_people_{name}", "people", [name])
    op.create_index("ix_escalations_requested_at", "escalations", ["requested_at"])


def downgrade() -> None:
    op.drop_index("ix_escalations_requested_at", "escalations")
    for name in ("last_no_answer", "last_taken", "status_since", "busy"):
        op.drop_index(f"ix_people_{name}", "people")
