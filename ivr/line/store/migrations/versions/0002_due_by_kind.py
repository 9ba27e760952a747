"""Due duties by kind: those that people owe stay open for days, and are many."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
phase = "expand"


def upgrade() -> None:
    op.drop_index("ix_duties_due", "duties")
    op.create_index(
        "ix_duties_kind_due",
        "duties",
        ["kind", "due"],
        unique=False,
        sqlite_where=sa.text("state = 'due'"),
        postgresql_where=sa.text("state = 'due'"),
    )
