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
    """The database with its schema up to date, closed when the command ends.

    Raises `SettingsError` if it can't be reached.
    """
    from ivr.line.store.store import Store

    store = Store(settings.database)
    click.get_current_context().call_on_close(store.close)
    store.migrate()
    return store
