"""Who is signed in is known here and not only by their cookie; a form opens one case."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
phase = "expand"


def upgrade() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("began", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
    )
    op.create_index("ix_sessions_login", "sessions", ["login"])
    op.create_index("ix_sessions_began", "sessions", ["began"])
    op.add_column("cases", sa.Column("form", sa.String()))
    op.create_index("ix_cases_form", "cases", ["form"], unique=True)


def downgrade() -> None:
    op.drop_index("ix_cases_form", "cases")
    op.drop_column("cases", "form")
    op.drop_table("sessions")
