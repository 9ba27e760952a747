"""The directory has a version, which every change of it raises, from any process."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
phase = "expand"

ENTIRELY = ("accounts", "contacts", "feed_entries", "feeds", "overrides", "queues", "shifts")
# Of people, all but how they are just now: that is read anew each time.
PEOPLE = (
    "id, name, phone, roles, languages, manager, delegate, team, region, active, on_call, hours, "
    "zone, capacity, email, notify, pin, answers_zero, days, holidays, delegate_from, "
    "delegate_until"
)
CHANGES = [(table, "INSERT OR DELETE OR UPDATE") for table in ENTIRELY]
CHANGES += [("people", f"INSERT OR DELETE OR UPDATE OF {PEOPLE}")]

_SQLITE = "INSERT OR REPLACE INTO directory (id, version) VALUES (1, hex(randomblob(8)))"
# By the transaction: it writes its version once, and at its end, so that no two of them wait for
# each other.
_POSTGRES = """
CREATE FUNCTION directory_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO directory AS d (id, version) VALUES (1, txid_current()::text)
    ON CONFLICT (id) DO UPDATE SET version = excluded.version WHERE d.version <> excluded.version;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "directory",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("version", sa.String, nullable=False),
    )
    op.execute("INSERT INTO directory (id, version) VALUES (1, '')")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_POSTGRES)
        for table, change in CHANGES:
            op.execute(
                f"CREATE CONSTRAINT TRIGGER directory_{table} AFTER {change} ON {table} "
                "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION directory_changed()"
            )
        return
    for table, change in CHANGES:
        for place, each in enumerate(change.split(" OR ")):
            op.execute(
                f"CREATE TRIGGER directory_{table}_{place} AFTER {each} ON {table} "
                f"BEGIN {_SQLITE}; END"
            )


def downgrade() -> None:
    postgres = op.get_bind().dialect.name == "postgresql"
    for table, change in CHANGES:
        if postgres:
            op.execute(f"DROP TRIGGER directory_{table} ON {table}")
            continue
        for place in range(len(change.split(" OR "))):
            op.execute(f"DROP TRIGGER directory_{table}_{place}")
    if postgres:
        op.execute("DROP FUNCTION directory_changed()")
    op.drop_table("directory")
