"""The settings and the database that the line's commands work on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ivr.line.store.store import Store
    from ivr.server.settings import Settings


def read_settings() -> Settings:
    """The settings of this process."""
    from ivr.server.settings import Settings

    return Settings.from_environment()


def open_store(settings: Settings) -> Store:
    """The database with the schema that this version needs, closed when the command ends.

    Raises `SettingsError` if this version can't run on it.
    """
    store = unchanged_store(settings)
    store.migrate()
    return store


def unchanged_store(settings: Settings) -> Store:
    """The database with the schema that it has, closed when the command ends."""
    from ivr.line.store.store import Store

    store = Store(settings.database, power_safe=settings.is_power_safe)
    click.get_current_context().call_on_close(store.close)
    return store


def fault_in(error: Exception) -> str:
    """What is wrong with the database, if that is what a command ended with; else ``""``."""
    try:
        from ivr.line.store.connections import engine
        from ivr.line.store.faults import fault_of
    except ModuleNotFoundError:  # the command needs no database
        return ""
    fault = fault_of(error)
    if fault is None:
        return ""
    database = engine(read_settings().database)
    return f"IVR_DATABASE is {database.url!r}: {fault}"
