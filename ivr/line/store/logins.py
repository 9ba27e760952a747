"""Who may sign in: read and written by id or email."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, func, insert, select, update

from ivr.line.records import Login
from ivr.line.store import tables
from ivr.line.store.connections import Connections
from ivr.line.store.instants import instant_or_none, ticks_or_none

_LISTS = ("roles", "accounts")


class LoginRepository:
    """The accounts of those who use the pages."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def find(self, **values: str) -> Login | None:
        """The login with this ``id`` or ``email``, in capitals or not."""
        table = tables.logins
        conditions = [func.lower(table.c[name]) == value.lower() for name, value in values.items()]
        with self._connections.reading() as connection:
            row = connection.execute(select(table).where(*conditions)).one_or_none()
        return None if row is None else _login(row)

    def all(self) -> list[Login]:
        """Everybody who may sign in, by id."""
        table = tables.logins
        with self._connections.reading() as connection:
            rows = connection.execute(select(table).order_by(table.c.id))
            return [_login(row) for row in rows]

    def save(self, login: Login) -> None:
        """Replace the login of the same id."""
        table = tables.logins
        with self._connections.writing() as connection:
            connection.execute(delete(table).where(table.c.id == login.id))
            connection.execute(insert(table).values(_row(login)))

    def change(self, id: str, **values: Any) -> None:
        """Change some of a login's fields."""
        table = tables.logins
        if "failed_at" in values:
            values["failed_at"] = ticks_or_none(values["failed_at"])
        with self._connections.writing() as connection:
            connection.execute(update(table).where(table.c.id == id).values(values))


def _login(row: Any) -> Login:
    values = dict(row._mapping)
    values |= {name: tuple(values[name].split()) for name in _LISTS}
    return Login(**values | {"failed_at": instant_or_none(row.failed_at)})


def _row(login: Login) -> dict[str, Any]:
    names = tables.logins.c.keys()
    values = {name: getattr(login, name) for name in names}
    values |= {name: " ".join(values[name]) for name in _LISTS}
    return values | {"failed_at": ticks_or_none(login.failed_at)}
