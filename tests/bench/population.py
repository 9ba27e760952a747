"""Fills a database with years of use: calls that are over, people and cases nobody asks for,
promises that are owed. The rows are like those that the line itself leaves behind.

The database makes them itself from the rows of one call, one request, one person and one case, so
that a million calls take a minute or two.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table

from ivr.line.service.duties.web_requests import WebRequests
from ivr.line.service.services import Services
from ivr.line.store import tables
from ivr.line.store.instants import ticks
from ivr.line.web.webhooks.app import create_app
from tests.bench import traffic

LATER = 1 << 40  # numbers of stored calls begin here, those of a measurement at 1
MODEL = traffic.sid(LATER - 1000)  # the call that the others are like
ASKED, OF = "C17349021", "17349021"  # the case for which a level is asked on the web
CALLER = "+33155500177"  # … and where the customer wants to be called
PERSON = "ENG1"
TEAM = 20  # people of one team
OF_ACCOUNT = 50  # cases of one customer
YEARS = timedelta(days=2 * 365)  # in which it all happened
QUICKLY = ("PRAGMA journal_mode=OFF", "PRAGMA synchronous=OFF", "PRAGMA cache_size=-1000000")


class Size(NamedTuple):
    """How much of each there is; ``owed`` are promises to call somebody, and as many notices that
    are to be sent."""

    calls: int = 1_000_000
    people: int = 10_000
    cases: int = 100_000
    owed: int = 10_000


def use(services: Services) -> None:
    """One call, and one request on the web: the models of the rest."""
    app = create_app(services)
    for step in traffic.CASES:
        traffic.send(app, traffic.request(MODEL, step))
    services.cases.hear(
        ASKED, "escalate", key="asked", by="contact:marie", channel="web",
        level="M1", reason="It stands still.", callback=CALLER, language="fr",
    )  # fmt: skip
    requests = WebRequests(services.calls)
    for duty in services.store.duties.all("owe", owed=True):
        requests.owe(duty)
        services.store.duties.done(duty)


def fill(services: Services, size: Size) -> None:
    """So much more, in a database on which `use` has been."""
    connections, now = services.store.connections, ticks(services.clock.now())
    connections.close()  # SQLite changes its journal for who is alone
    with connections.engine.connect() as connection:
        if not connections.postgres:
            driver: Any = connection.connection.driver_connection
            for pragma in QUICKLY:
                driver.execute(pragma)
        connection.exec_driver_sql(
            "CREATE TEMPORARY TABLE numbered "
            "(n BIGINT PRIMARY KEY, name TEXT NOT NULL, at BIGINT NOT NULL)"
        )
        for make, count in (
            (_calls, size.calls), (_people, size.people), (_cases, size.cases), (_owed, size.owed),
        ):  # fmt: skip
            make(connection, count, now)
            connection.commit()
        connection.exec_driver_sql("DROP TABLE numbered")
        if connections.postgres:  # it would do so by itself, a minute later
            connection.exec_driver_sql("ANALYZE")
        connection.commit()
        connection.invalidate()  # its settings aren't the line's


def _calls(connection: Connection, count: int, now: int) -> None:
    """With their events and a notice for each, and a wrong entry in each twentieth."""
    _number(connection, (traffic.sid(LATER + n) for n in range(count)), count, now)
    caller = "'+' || (33600000000 + n.n)"
    told = f"replace(replace(m.data, '{MODEL}', n.name), m.caller, {caller})"
    of_call = {"sid": "n.name", "caller": caller, "data": told}
    when = {"started_at": "n.at", "ended_at": "n.at + m.ended_at - m.started_at"}
    _copy(connection, tables.calls, f"sid = '{MODEL}'", of_call | when)
    logged = {"call": "n.name", "at": "n.at + m.seq * 1000", "data": "m.data"}
    _copy(connection, tables.events, f"call = '{MODEL}'", logged)
    notice = {
        "key": "n.name || ':notify:1'", "call": "n.name", "kind": "'notify'", "owner": "'ENG1'",
        "lane": "''", "due": "n.at", "data": """'{"what":"promise","case":"C17349013"}'""",
        "attempts": "1", "state": "'done'", "taken_until": "NULL", "why": "''",
    }  # fmt: skip
    _make(connection, tables.duties, notice)
    wrong = {"bucket": f"'unknown/' || {caller}", "at": "n.at"}
    _make(connection, tables.tallies, wrong, "n.n % 20 = 0")


def _people(connection: Connection, count: int, now: int) -> None:
    """Engineers of other teams."""
    _number(connection, (f"X{n}" for n in range(count)), count, now)
    person = {
        "id": "n.name", "name": "'Engineer ' || n.n", "phone": "'+' || (33972000000 + n.n)",
        "roles": "'engineer'", "manager": f"'X' || (n.n - n.n % {TEAM})", "delegate": "NULL",
        "team": f"'T' || (n.n / {TEAM})", "busy_with": "NULL", "on_call": "false",
        "answers_zero": "false", "email": "n.name || '@desk.test'", "pin": "''",
    }  # fmt: skip
    _copy(connection, tables.people, f"id = '{PERSON}'", person)


def _cases(connection: Connection, count: int, now: int) -> None:
    """Of many customers; about each second one a level was once asked for, on the web."""
    _number(connection, (str(30_000_000 + n) for n in range(count)), count, now)
    account = f"'A' || (n.n / {OF_ACCOUNT})"
    of_case = {"number": "'C' || n.name", "digits": "n.name", "account": account, "form": "NULL"}
    _copy(connection, tables.cases, f"number = '{ASKED}'", of_case)
    of_account = {"id": account, "name": "'Customer ' || n.n", "customer_numbers": account}
    first = f"n.n % {OF_ACCOUNT} = 0"
    _copy(connection, tables.accounts, "id = 'helio'", of_account, only=first)
    contact = {"id": "'CT-' || n.name", "account": account, "phones": "'+' || (33810000000 + n.n)"}
    _copy(connection, tables.contacts, "id = 'marie'", contact, only="n.n % 10 = 0")

    stream, each_second = "'case:C' || n.name", "n.n % 2 = 0"
    said = f"replace(m.data, '{OF}', n.name)"
    file = {"number": "'C' || n.name", "data": said}
    _copy(connection, tables.case_files, f"number = '{ASKED}'", file, only=each_second)
    logged = {"call": stream, "at": "n.at + m.seq * 1000", "data": said}
    of = f"call = 'case:{ASKED}'"
    _copy(connection, tables.events, of, logged, only=each_second)
    for table, at in ((tables.escalations, "requested_at"), (tables.notes, "at")):
        one = {"key": f"replace(m.key, '{OF}', n.name) || n.n", "case": "'C' || n.name", at: "n.at"}
        _copy(connection, table, f"\"case\" = '{ASKED}'", one, only=each_second)


def _owed(connection: Connection, count: int, now: int) -> None:
    """Calls back that are promised, with the duties that see to them, and for each tenth with those
    that see to its case; notices that can't be sent."""
    _number(connection, (f"WEB-C{30_000_000 + n}-1" for n in range(count)), count, now)
    of_case = f"replace(m.data, '{OF}', CAST(30000000 + n.n AS TEXT))"
    promised = {"sid": "n.name", "data": of_case, "started_at": "n.at"}
    web = "sid LIKE 'WEB-%' AND data LIKE '%\"promise\":{%' AND sid NOT LIKE 'WEB-C3%'"
    _copy(connection, tables.calls, web, promised)
    duty = {"key": "n.name || m.key", "call": "n.name", "data": of_case, "due": "m.due"}
    _copy(connection, tables.duties, "kind = 'call_back' AND state = 'due'", duty)
    check = duty | {"call": "'case:C' || CAST(30000000 + n.n AS TEXT)"}
    _copy(connection, tables.duties, "kind = 'case' AND state = 'due'", check, only="n.n % 10 = 0")
    late = {
        "key": "n.name || ':notify'", "call": "n.name", "kind": "'notify'", "owner": "'X' || n.n",
        "lane": "''", "due": f"{now} + n.n", "attempts": "3", "state": "'due'", "why": "'no mail'",
        "taken_until": "NULL", "data": """'{"what":"promise","case":"C30000000"}'""",
    }  # fmt: skip
    _make(connection, tables.duties, late)


def _number(connection: Connection, names: Any, count: int, now: int) -> None:
    """A row for each thing that is to be made; their instants are spread over the years."""
    begun = now - YEARS // timedelta(microseconds=1)
    apart = (now - begun) // max(count, 1)
    rows = [(n, name, begun + n * apart) for n, name in enumerate(names)]
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    driver: Any = connection.connection.driver_connection
    connection.exec_driver_sql("DELETE FROM numbered")
    driver.cursor().executemany(f"INSERT INTO numbered VALUES ({mark}, {mark}, {mark})", rows)


def _copy(
    connection: Connection,
    table: Table,
    like: str,
    values: Mapping[str, str],
    only: str = "true",
) -> None:
    """For each thing that is numbered (``n``) the first rows ``like`` these (``m``), with other
    ``values``."""
    columns = _names(table)
    made = ", ".join(values.get(name, f'm."{name}"') for name in columns)
    model = f'm AS MATERIALIZED (SELECT * FROM "{table.name}" WHERE {like})'
    made = f"WITH {model} SELECT {made} FROM numbered n CROSS JOIN m WHERE {only}"
    _insert(connection, table, columns, made)


def _make(
    connection: Connection, table: Table, values: Mapping[str, str], only: str = "true"
) -> None:
    """The same with nothing that they are like."""
    made = f"SELECT {', '.join(values.values())} FROM numbered n WHERE {only}"
    _insert(connection, table, list(values), made)


def _insert(connection: Connection, table: Table, columns: list[str], made: str) -> None:
    named = ", ".join(f'"{name}"' for name in columns)
    text = f'INSERT INTO "{table.name}" ({named}) {made}'
    if connection.dialect.name == "postgresql":
        text = text.replace("%", "%%")
    connection.exec_driver_sql(text)


def _names(table: Table) -> list[str]:
    """Its columns, without a number that the database counts up."""
    counted = table.autoincrement_column
    return [each.name for each in table.columns if each is not counted]
