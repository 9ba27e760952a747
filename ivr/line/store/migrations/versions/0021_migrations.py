"""Which migrations a database has had, for older versions to read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
phase = "expand"


def upgrade() -> None:
    op.create_table(
        "migrations",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("revision", "phase", "about")),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("revision", name="pk_migrations"),
    )


def downgrade() -> None:
    op.drop_table("migrations")
