"""Alembic's environment: migrations run over the connection that the store hands in."""

from alembic import context

from ivr.line.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
