"""Every column of every CSV file, with what can't be in it: file, line, column, value and what is
expected are told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.line.errors import DataError
from ivr.line.store.imports.columns import COLUMNS
from ivr.line.store.store import Store

BELL = "a\ab"  # what no free text may hold
OTHERS = {"number": "C1", "url": "https://example.com/x", "roles": "operator"}
INSTANT = "is no instant: write 2026-11-24T18:00+01:00"
DATE = "is no date: write 2026-11-24"
TIME = "is no time of day: write 09:00"
PHONE = "is no telephone: write +33155500011"
HOLIDAYS = "write a country (FR) or a country and its region (DE-BY)"
CODE = "is no language's code: write fr or en-GB"
DUTY = "is none of duty, second_level_duty"
DAYS = "is none of mon, tue, wed, thu, fri, sat, sun"
PIN = "a PIN is 6 digits or more"

# What is written in a column, and what is said of it; the file's name where two differ.
WRONG = {
    "active": ("oui", "is neither yes nor no: write one of them"),
    "account": ("acme", "in accounts: add it to accounts.csv, or write another"),
    "capacity": ("99999999999999999999", "is no whole number from 0 to 1000"),
    "contract_from": ("24.11.2026", DATE),
    "contract_to": ("2026-02-30", DATE),
    "days": ("lun", DAYS),
    "delegate": ("NOBODY", "in people: add it to people.csv, or write another"),
    "delegate_from": ("2026-11-24", INSTANT),
    "delegate_until": ("2026-11-24T18:00", INSTANT),
    "email": ("anna", "is no mail address: write name@example.com"),
    "ends": ("9am", TIME),
    "first": ("today", DATE),
    "holidays": ("XX", HOLIDAYS),
    "hours": ("9-17", "are no hours: write 09:00-17:30"),
    "instead_of": ("NOBODY", "in people: add it to people.csv, or write another"),
    "language": ("fr en", "is more than one language: write one"),
    "languages": ("French", CODE),
    "last": ("never", DATE),
    "manager": ("NOBODY", "in people: add it to people.csv, or write another"),
    "notify": ("anna@acme.example", "is no URL: write them with their kind, as slack://"),
    "number": ("ABC", "has no digits that a caller could key: write C17349013"),
    "on_call": ("1", "is neither yes nor no: write one of them"),
    "owner": ("NOBODY", "in people: add it to people.csv, or write another"),
    "person": ("NOBODY", "in people: add it to people.csv, or write another"),
    "phone": ("client:", "is nobody's: write client:name or sip:name@host"),
    "phones": ("0155500011", PHONE),
    "pin": ("12345", PIN),
    "queue": ("NONE", "in queues: add it to queues.csv, or write another"),
    "role": ("boss", DUTY),
    "roles": ("boss", "is none of operator, engineer, manager, second_level"),
    "severity": ("1000", "is no severity: write one from 0 to 99"),
    "starts": ("25:00", TIME),
    "status": ("new", "is none of available, busy_soon, away, dnd"),
    "status_until": ("0001-01-01T00:00+14:00", "is no instant from 1970 to 9000"),
    "url": ("calendar.ics", "is no address: write https://"),
    "zone": ("Europe/Pariss", "did you mean 'Europe/Paris'?"),
    "cases.status": ("new", "is none of open, closed"),
    "overrides.ends": ("18:00", INSTANT),
    "overrides.starts": ("tomorrow", INSTANT),
}


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A database in which nothing is, and into which nothing of this gets."""
    store = Store(f"sqlite:///{tmp_path_factory.mktemp('empty') / 'ivr.db'}")
    store.migrate()
    yield store
    store.close()


def other(column: str, needed: bool) -> str:
    return OTHERS.get(column, "X") if needed else ""


@pytest.mark.parametrize(
    ("table", "column"), [(table, column) for table in COLUMNS for column in COLUMNS[table]]
)
def test_nonsense_is_refused_with_file_line_column_value_and_whats_expected(
    tmp_path: Path, empty: Store, table: str, column: str
) -> None:
    free = BELL, "'a\\x07b' holds a control character: take it out"
    wrong, expected = WRONG.get(f"{table}.{column}", WRONG.get(column, free))
    fields = COLUMNS[table]
    row = [wrong if name == column else other(name, each.needed) for name, each in fields.items()]
    file = tmp_path / f"{table}.csv"
    file.write_text(f"{','.join(fields)}\n{','.join(row)}\n", encoding="utf-8")

    with pytest.raises(DataError) as refused:
        empty.import_csv(file)

    [told] = [each for each in str(refused.value).splitlines() if f", {column}: " in each]
    assert told.startswith(f"{file}, line 2, {column}: ")
    assert expected in told
    if column == "pin":
        assert wrong not in told.removeprefix(str(file))  # a PIN is shown nowhere
    elif wrong != BELL:
        assert f"'{wrong}'" in told


@pytest.mark.parametrize(
    ("table", "column"),
    [
        (table, column)
        for table in COLUMNS
        for column, each in COLUMNS[table].items()
        if each.needed
    ],
)
def test_a_column_that_is_needed_is_not_empty(
    tmp_path: Path, empty: Store, table: str, column: str
) -> None:
    fields = COLUMNS[table]
    row = ["" if name == column else other(name, each.needed) for name, each in fields.items()]
    file = tmp_path / f"{table}.csv"
    file.write_text(f"{','.join(fields)}\n{','.join(row)}\n", encoding="utf-8")

    with pytest.raises(DataError) as refused:
        empty.import_csv(file)

    assert f"{file}, line 2, {column}: '' is empty: write one" in str(refused.value)
