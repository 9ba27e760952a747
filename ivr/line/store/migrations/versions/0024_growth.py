"""Duties are found by their call and when given up; a seal says up to where it has looked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
phase = "expand"

_DROPPED = sa.text("state = 'dropped'")


def upgrade() -> None:
    op.create_index("ix_duties_call", "duties", ["call"])
    op.create_index(
        "ix_duties_dropped",
        "duties",
        ["kind", "due"],
        sqlite_where=_DROPPED,
        postgresql_where=_DROPPED,
    )
    op.add_column("seals", sa.Column("upto", sa.BigInteger))


def downgrade() -> None:
    op.drop_column("seals", "upto")
    op.drop_index("ix_duties_dropped", "duties")
    op.drop_index("ix_duties_call", "duties")
