"""What happened in a period is found without reading everything."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
phase = "expand"


def upgrade() -> None:
    desk = sa.text(
        "kind IN ('edown.ended', 'edown.set', 'notification.failed', 'notification.sent')"
    )
    op.create_index("ix_calls_started_at", "calls", ["started_at"])
    op.create_index("ix_events_desk", "events", ["at"], sqlite_where=desk, postgresql_where=desk)


def downgrade() -> None:
    op.drop_index("ix_events_desk", "events")
    op.drop_index("ix_calls_started_at", "calls")
