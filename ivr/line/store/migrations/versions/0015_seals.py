"""Seals that grow with what is sealed only, the desk's own log, and who holds a case."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
phase = "contract"


def upgrade() -> None:
    for table in ("purged", "seals"):
        op.drop_table(table)
    op.create_table(
        "logs",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("head", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_logs"),
    )
    op.create_table(
        "seals",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("streams", sa.Integer(), nullable=False),
        sa.Column("before", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_seals"),
    )
    op.create_table(
        "sealed",
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("seal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("head", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("stream", "seal", name="pk_sealed"),
    )
    op.create_index("ix_sealed_seal", "sealed", ["seal"])
    op.add_column("holds", sa.Column("by", sa.String(), nullable=False, server_default=""))
    log = "number = '(access)'"
    op.execute(
        "INSERT INTO logs (name, events, head) "
        f"SELECT 'access', events, head FROM case_files WHERE {log}"
    )
    op.execute("UPDATE events SET call = 'log:access' WHERE call = 'case:(access)'")
    op.execute(f"DELETE FROM case_files WHERE {log}")


def downgrade() -> None:
    for table in ("sealed", "seals", "logs"):
        op.drop_table(table)
    op.drop_column("holds", "by")
    op.create_table(
        "seals",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("heads", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_seals"),
    )
    op.create_table(
        "purged",
        sa.Column("sid", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sid", name="pk_purged"),
    )
