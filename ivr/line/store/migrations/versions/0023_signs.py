"""When something outside was last known to work, and when it last didn't."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
phase = "expand"


def upgrade() -> None:
    op.create_table(
        "signs",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("good_at", sa.BigInteger),
        sa.Column("bad_at", sa.BigInteger),
        sa.Column("why", sa.Text, nullable=False, server_default=""),
    )


def downgrade() -> None:
    op.drop_table("signs")
