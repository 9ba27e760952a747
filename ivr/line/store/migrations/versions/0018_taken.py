"""When the next duty is due is found without reading all that are owed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
phase = "expand"


def upgrade() -> None:
    taken = sa.text("state = 'due' AND taken_until IS NOT NULL")
    columns = ["kind", "taken_until"]
    op.create_index(
        "ix_duties_taken", "duties", columns, sqlite_where=taken, postgresql_where=taken
    )


def downgrade() -> None:
    op.drop_index("ix_duties_taken", "duties")
