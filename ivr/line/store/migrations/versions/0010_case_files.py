"""The desk's own file on each case, beside what the case system has."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0002"
phase = "expand"


def upgrade() -> None:
    op.create_table(
        "case_files",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("head", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_case_files"),
    )
    op.add_column("escalations", sa.Column("reason", sa.Text(), nullable=False, server_default=""))
    op.add_column(
        "notes", sa.Column("visibility", sa.String(), nullable=False, server_default="internal")
    )


def downgrade() -> None:
    op.drop_column("notes", "visibility")
    op.drop_column("escalations", "reason")
    op.drop_table("case_files")
