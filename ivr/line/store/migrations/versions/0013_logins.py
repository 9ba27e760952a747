"""Who may sign in, and which account a case logged on the web belongs to."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0008"
phase = "expand"


def upgrade() -> None:
    words = ("email", "name", "roles", "person", "contact", "accounts", "hash")
    op.create_table(
        "logins",
        sa.Column("id", sa.String(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in words),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("failed_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_logins"),
        sa.UniqueConstraint("email", name="uq_logins_email"),
    )
    op.create_index("ix_cases_account", "cases", ["account"])


def downgrade() -> None:
    op.drop_index("ix_cases_account", "cases")
    op.drop_table("logins")
