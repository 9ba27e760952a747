"""Who may sign in: read and written by id or email."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from ivr.line.records import Login
from ivr.line.store import tables
from ivr.line.store.connections import Connections
from ivr.line.store.inserts import insert_new
from ivr.line.store.instants import ticks

_LISTS = ("roles", "accounts")
MOST_SESSIONS = 20  # of one login at a time
_UNUSED = {"failed": 0, "failed_at": None}  # what the version before counts in


class LoginRepository:
    """The accounts of those who use the pages, and their sessions."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def find(self, **values: str) -> Login | None:
        """The login with this ``id`` or ``email``, in capitals or not."""
        table = tables.logins
        conditions = [func.lower(table.c[name]) == lowered(value) for name, value in values.items()]
        with self._connections.reading() as connection:
            row = connection.execute(select(table).where(*conditions)).one_or_none()
        return None if row is None else _login(row)

    def all(self) -> list[Login]:
        """Everybody who may sign in, by id."""
        table = tables.logins
        with self._connections.reading() as connection:
            rows = connection.execute(select(table).order_by(table.c.id))
            return [_login(row) for row in rows]

    def contacts(self) -> dict[str, str]:
        """The names of the contacts who may sign in, by the contact's id."""
        table = tables.logins.c
        statement = select(table.contact, table.name).where(table.contact != "").order_by(table.id)
        with self._connections.reading() as connection:
            return {row[0]: row[1] for row in connection.execute(statement)}

    def save(self, login: Login) -> None:
        """Replace the login of the same id."""
        table = tables.logins
        with self._connections.writing() as connection:
            connection.execute(delete(table).where(table.c.id == login.id))
            connection.execute(insert(table).values(_row(login)))

    def add(self, login: Login) -> bool:
        """A new login; False, and nothing is written, when there is one with this id or email."""
        with self._connections.writing() as connection:
            return insert_new(connection, tables.logins, [_row(login)]) == 1

    def change(self, id: str, **values: Any) -> None:
        """Change some of a login's fields."""
        table = tables.logins
        values |= {name: " ".join(values[name]) for name in _LISTS if name in values}
        with self._connections.writing() as connection:
            connection.execute(update(table).where(table.c.id == id).values(values))

    # --- sessions ---

    def begin(self, session: str, login: str, now: datetime, since: datetime) -> None:
        """A session begins; those that began before ``since`` are over, and so are all but the
        newest `MOST_SESSIONS` of this login."""
        table = tables.sessions
        mine = table.c.login == login
        newest = select(table.c.id).where(mine).order_by(table.c.began.desc(), table.c.id)
        row = {"id": session, "login": login, "began": ticks(now)}
        with self._connections.writing() as connection:
            connection.execute(delete(table).where(table.c.began < ticks(since)))
            kept = newest.limit(MOST_SESSIONS - 1)
            connection.execute(delete(table).where(mine, table.c.id.not_in(kept)))
            connection.execute(insert(table).values(row))

    def of_session(self, session: str) -> Login | None:
        """Whose session it is; None when it has ended."""
        logins, sessions = tables.logins, tables.sessions
        both = select(logins).join(sessions, sessions.c.login == logins.c.id)
        with self._connections.reading() as connection:
            row = connection.execute(both.where(sessions.c.id == session)).one_or_none()
        return None if row is None else _login(row)

    def end(self, session: str) -> None:
        """The session is over: whoever has its cookie has nothing."""
        table = tables.sessions
        with self._connections.writing() as connection:
            connection.execute(delete(table).where(table.c.id == session))


def lowered(address: str) -> str:
    """Without capitals. A letter beyond ASCII stays: the Kelvin sign isn't the k of somebody else's
    address."""
    return address.lower() if address.isascii() else address


def _login(row: Any) -> Login:
    values = {name: value for name, value in row._mapping.items() if name not in _UNUSED}
    return Login(**values | {name: tuple(values[name].split()) for name in _LISTS})


def _row(login: Login) -> dict[str, Any]:
    names = [each.name for each in tables.logins.c if each.name not in _UNUSED]
    values = {name: getattr(login, name) for name in names}
    return values | {name: " ".join(values[name]) for name in _LISTS} | _UNUSED
