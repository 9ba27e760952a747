"""Alembic's environment: migrations run over the connection that the store hands in, and each is
noted in the database, for versions of the code that don't have it."""

from datetime import UTC, datetime
from typing import Any

from alembic import context
from sqlalchemy import inspect

from ivr.line.store.instants import ticks
from ivr.line.store.schema import migrations
from ivr.line.store.tables import metadata


def note(ctx: Any, step: Any, heads: Any, run_args: Any) -> None:
    """Note a migration that was carried out, or forget one that was undone."""
    connection, of = ctx.connection, migrations.c.revision == step.up_revision_id
    if not inspect(connection).has_table(migrations.name):
        return  # before 0021
    connection.execute(migrations.delete().where(of))
    if step.is_upgrade:
        row = {
            "revision": step.up_revision_id,
            "phase": step.up_revision.module.phase,
            "about": str(step.up_revision.doc).splitlines()[0],
            "at": ticks(datetime.now(UTC)),
        }
        connection.execute(migrations.insert().values(row))


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=False,
    on_version_apply=note,
)
with context.begin_transaction():
    context.run_migrations()
