"""How people are told, PINs, and tallies of what goes wrong too often."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0003"
phase = "expand"


def upgrade() -> None:
    op.add_column("cases", sa.Column("pin", sa.String(), nullable=False, server_default=""))
    op.add_column("accounts", sa.Column("pin", sa.String(), nullable=False, server_default=""))
    op.create_table(
        "tallies",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("bucket", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tallies"),
    )
    op.create_index("ix_tallies_bucket", "tallies", ["bucket", "at"])
    for name in ("notify", "pin"):
        op.add_column("people", sa.Column(name, sa.String(), nullable=False, server_default=""))
    op.create_index("ix_people_phone", "people", ["phone"])
    op.create_index("ix_calls_caller", "calls", ["caller", "ended_at"])


def downgrade() -> None:
    op.drop_index("ix_calls_caller", "calls")
    op.drop_index("ix_people_phone", "people")
    op.drop_column("people", "pin")
    op.drop_column("people", "notify")
    op.drop_table("tallies")
    op.drop_column("accounts", "pin")
    op.drop_column("cases", "pin")
