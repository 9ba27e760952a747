"""Which recordings there are, and what became of them."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0011"
phase = "expand"


def upgrade() -> None:
    op.create_table(
        "recordings",
        sa.Column("sid", sa.String(), nullable=False),
        sa.Column("call", sa.String(), nullable=False),
        sa.Column("case", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("sid", name="pk_recordings"),
    )
    op.create_index("ix_recordings_call", "recordings", ["call"])


def downgrade() -> None:
    op.drop_table("recordings")
