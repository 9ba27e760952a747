"""Who may sign in: read and written by id or e-mail."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from ivr.line.records import Login
from ivr.line.store import tables
from ivr.line.store.instants import instant_or_none, ticks_or_none

_LISTS = ("roles", "accounts")


def by(connection: Connection, **values: str) -> Login | None:
    """The login with this id, or this e-mail (whatever its case)."""
    table = tables.logins
    conditions = [func.lower(table.c[name]) == value.lower() for name, value in values.items()]
    row = connection.execute(select(table).where(*conditions)).one_or_none()
    return None if row is None else _login(row)


def every(connection: Connection) -> list[Login]:
    table = tables.logins
    return [_login(row) for row in connection.execute(select(table).order_by(table.c.id))]


def save(connection: Connection, login: Login) -> None:
    """In place of the one of that id."""
    table = tables.logins
    connection.execute(delete(table).where(table.c.id == login.id))
    connection.execute(insert(table).values(_row(login)))


def change(connection: Connection, id: str, **values: Any) -> None:
    """Some of its columns."""
    table = tables.logins
    if "failed_at" in values:
        values["failed_at"] = ticks_or_none(values["failed_at"])
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
