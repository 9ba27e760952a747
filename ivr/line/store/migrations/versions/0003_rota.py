"""The rota's exceptions and calendars; working days, holidays, and how long a status counts."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0010"
phase = "expand"


def _text(name: str, *more: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False, server_default=more[0] if more else None)


def upgrade() -> None:
    op.add_column("people", _text("days", "0123456"))
    op.add_column("people", _text("holidays", ""))
    op.add_column("people", _text("status_by", ""))
    for name in ("status_since", "status_until", "delegate_from", "delegate_until"):
        op.add_column("people", sa.Column(name, sa.BigInteger()))
    op.add_column("shifts", _text("holidays", ""))
    op.create_table(
        "overrides",
        *(_text(name) for name in ("id", "person", "role", "region", "product")),
        sa.Column("instead_of", sa.String()),
        sa.Column("starts", sa.BigInteger(), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_overrides"),
    )
    op.create_index("ix_overrides_ends", "overrides", ["ends"])
    op.create_table(
        "feeds",
        *(_text(name) for name in ("id", "url", "role", "region", "product", "zone")),
        sa.Column("added_at", sa.BigInteger()),
        sa.Column("fetched_at", sa.BigInteger()),
        *(_text(name, "") for name in ("etag", "modified")),
        *(
            sa.Column(name, sa.Text(), nullable=False, server_default="")
            for name in ("body", "error", "unmatched")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_feeds"),
    )
    op.create_table(
        "feed_entries",
        *(_text(name) for name in ("id", "feed", "person")),
        sa.Column("starts", sa.BigInteger(), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_feed_entries"),
    )
    op.create_index("ix_feed_entries_feed", "feed_entries", ["feed"])
    op.create_index("ix_feed_entries_ends", "feed_entries", ["ends"])


def downgrade() -> None:
    for table in ("feed_entries", "feeds", "overrides"):
        op.drop_table(table)
    op.drop_column("shifts", "holidays")
    for name in (
        "delegate_until", "delegate_from", "status_until", "status_since", "status_by",
        "holidays", "days",
    ):  # fmt: skip
        op.drop_column("people", name)
