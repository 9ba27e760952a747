"""How people are told, if not by mail."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("people", sa.Column("notify", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("people", "notify")
