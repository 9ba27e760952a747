"""Loads people, rota and cases from CSV files: all of them, or none with every fault named.

One file a table, named after it (``people.csv`` …), with the columns of `COLUMNS`; those that
aren't needed may be left out. Several values in one field are separated by spaces. A row whose key
exists already replaces it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Table, bindparam, delete, insert, select

from ivr.desk import pins
from ivr.desk.phone_numbers import forbidden
from ivr.errors import DataError
from ivr.store import tables
from ivr.store.directory import hours

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Field:
    """One column: how it is read, what stands for an empty field, and the table that it names."""

    read: Callable[[str], Any] = str
    empty: Any = ""
    needed: bool = False
    names: str = ""  # a table's


def _one_of(*words: str) -> Callable[[str], str]:
    def read(written: str) -> str:
        if written not in words:
            raise ValueError(f"'{written}' is none of {', '.join(words)}")
        return written

    return read


def _some_of(*words: str) -> Callable[[str], str]:
    def read(written: str) -> str:
        if wrong := set(written.split()) - set(words):
            raise ValueError(f"'{' '.join(sorted(wrong))}' is none of {', '.join(words)}")
        return written

    return read


def _pin(written: str) -> str:
    """Kept as a hash; never as it is written."""
    if not (written.isascii() and written.isdecimal() and len(written) >= 6):
        raise ValueError("a PIN is 6 digits or more")
    return pins.hashed(written)


def _yes(written: str) -> bool:
    if written.lower() not in ("yes", "no"):
        raise ValueError(f"'{written}' is neither yes nor no")
    return written.lower() == "yes"


def _phone(written: str) -> str:
    if written.startswith(("client:", "sip:")):
        return written
    if not (written.startswith("+") and written[1:].isdecimal() and 7 <= len(written) <= 16):
        raise ValueError(f"'{written}' is no telephone: write +33155500011 or client:name")
    if why := forbidden(written):
        raise ValueError(f"'{written}' is never dialled: {why}")
    return written


def _zone(written: str) -> str:
    try:
        ZoneInfo(written)
    except Exception as error:
        raise ValueError(f"there is no time zone '{written}'") from error
    return written


def _time(written: str) -> str:
    return time.fromisoformat(written).isoformat("minutes")


def _hours(written: str) -> str:
    hours(written)
    return written


def _date(written: str) -> str:
    return date.fromisoformat(written).isoformat()


def _days(written: str) -> str:
    return "".join(str(DAYS.index(_one_of(*DAYS)(day))) for day in written.split())


def _severity(written: str) -> int:
    if written not in ("0", "1", "2", "3"):
        raise ValueError(f"'{written}' is no severity: 0, 1, 2 or 3")
    return int(written)


def _whole(written: str) -> int:
    if not (written.isascii() and written.isdecimal()):
        raise ValueError(f"'{written}' is no whole number")
    return int(written)


def _number(written: str) -> str:
    if not _digits(written):
        raise ValueError(f"'{written}' has no digits that a caller could key")
    return written


def _digits(number: str) -> str:
    return "".join(key for key in number if key in "0123456789")


KEY = Field(needed=True)
PERSON = Field(names="people", empty=None)
ROLES = ("operator", "engineer", "manager", "second_level")

COLUMNS: dict[str, dict[str, Field]] = {
    "accounts": {
        "id": KEY,
        "name": KEY,
        "contract_tier": Field(),
        "contract_from": Field(_date, None),
        "contract_to": Field(_date, None),
        "zone": Field(_zone, "UTC"),
        "customer_numbers": Field(),
        "pin": Field(_pin),
    },
    "people": {
        "id": KEY,
        "name": KEY,
        "phone": Field(_phone),
        "roles": Field(_some_of(*ROLES), needed=True),
        "languages": Field(empty="en"),
        "manager": PERSON,
        "delegate": PERSON,
        "team": Field(empty=None),
        "region": Field(),
        "active": Field(_yes, True),
        "status": Field(_one_of("available", "busy_soon", "away", "dnd"), "available"),
        "on_call": Field(_yes, False),
        "hours": Field(_hours),
        "zone": Field(_zone, "UTC"),
        "capacity": Field(_whole, 3),
        "email": Field(),
        "notify": Field(),
    },
    "queues": {
        "id": KEY,
        "name": Field(),
        "manager": PERSON,
        "region": Field(),
        "product": Field(),
    },
    "shifts": {
        "id": KEY,
        "person": Field(needed=True, names="people"),
        "role": Field(_one_of("duty", "second_level_duty"), "duty"),
        "region": Field(),
        "product": Field(),
        "starts": Field(_time, "00:00"),
        "ends": Field(_time, "00:00"),
        "zone": Field(_zone, "UTC"),
        "days": Field(_days, "0123456"),
        "first": Field(_date, None),
        "last": Field(_date, None),
    },
    "contacts": {
        "id": KEY,
        "account": Field(needed=True, names="accounts"),
        "name": KEY,
        "phones": Field(),
        "email": Field(),
        "language": Field(empty="en"),
    },
    "cases": {
        "number": Field(_number, needed=True),
        "status": Field(_one_of("open", "closed"), "open"),
        "severity": Field(_severity, None),
        "subject": Field(),
        "product": Field(),
        "region": Field(),
        "environment": Field(),
        "owner": PERSON,
        "queue": Field(names="queues", empty=None),
        "account": Field(names="accounts", empty=None),
        "language": Field(empty="en"),
        "url": Field(),
        "pin": Field(_pin),
    },
}

Row = dict[str, Any]
AT_ONCE = 10_000  # values in one question to the database; SQLite takes 32,766


def load(connection: Connection, source: Path) -> dict[str, int]:
    """Load a folder's files or one file; how many rows of each table. Raises `DataError`.

    The caller's transaction is his to commit; nothing is written when anything is wrong.
    """
    files = _files(source)
    faults: list[str] = []
    read = {name: list(_rows(name, file, faults)) for name, file in files.items()}
    for name, rows in read.items():
        faults.extend(_dangling(connection, name, files[name], rows, read))
        if name == "cases":
            faults.extend(_same_digits(connection, files[name], rows))
    if faults:
        raise DataError("nothing was loaded:\n" + "\n".join(faults))
    for name, rows in read.items():
        _write(connection, tables.metadata.tables[name], [row for _, row in rows])
    return {name: len(rows) for name, rows in read.items()}


def _files(source: Path) -> dict[str, Path]:
    found = [source] if source.is_file() else sorted(source.glob("*.csv"))
    known = {file.stem: file for file in found if file.stem in COLUMNS}
    if not known or len(known) != len(found):
        unknown = ", ".join(file.name for file in found if file.stem not in COLUMNS) or "nothing"
        wanted = ", ".join(f"{name}.csv" for name in COLUMNS)
        raise DataError(f"{source}: found {unknown}; the files are called {wanted}")
    return {name: known[name] for name in COLUMNS if name in known}


def _rows(name: str, file: Path, faults: list[str]) -> Iterator[tuple[int, Row]]:
    """Every row with its line; what is wrong is added to ``faults``."""
    columns, seen = COLUMNS[name], set[str]()
    key = next(iter(columns))
    reader = csv.DictReader(io.StringIO(_text(file, faults), newline=""), strict=True)
    try:
        faults.extend(_header_faults(file, columns, reader.fieldnames or []))
        for record in reader:
            row = _row(file, reader.line_num, columns, record, faults)
            if row.get(key) in seen:
                faults.append(f"{file}, line {reader.line_num}, {key}: '{row[key]}' stands twice")
            seen.add(row.get(key) or "")
            yield reader.line_num, _complete(name, row)
    except csv.Error as error:
        faults.append(f"{file}, line {reader.reader.line_num}: {error}")


def _text(file: Path, faults: list[str]) -> str:
    """What stands in a file; what isn't UTF-8 is a fault of its line."""
    raw = file.read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        faults.append(f"{file}, line {line}: this isn't UTF-8; save it as 'CSV UTF-8'")
        return raw.decode("utf-8-sig", "replace")


def _header_faults(file: Path, columns: dict[str, Field], header: Any) -> Iterator[str]:
    for wrong in [each for each in header if each not in columns]:
        yield f"{file}, line 1: there is no column '{wrong}'; there are {', '.join(columns)}"
    for twice in sorted({each for each in header if header.count(each) > 1}):
        yield f"{file}, line 1: the column '{twice}' stands twice"
    for column, field in columns.items():
        if field.needed and column not in header:
            yield f"{file}, line 1: the column '{column}' is missing"


def _row(
    file: Path, line: int, columns: dict[str, Field], record: dict[Any, Any], faults: list[str]
) -> Row:
    row: Row = {}
    if None in record or None in record.values():
        faults.append(f"{file}, line {line}: more or fewer fields than the header has")
    for column, field in columns.items():
        written = (record.get(column) or "").strip()
        try:
            if "\0" in written:
                raise ValueError("holds a NUL character")
            row[column] = field.read(written) if written else field.empty
        except ValueError as error:
            faults.append(f"{file}, line {line}, {column}: {error}")
        if field.needed and not written and column in record:
            faults.append(f"{file}, line {line}, {column}: is empty")
    return row


def _complete(name: str, row: Row) -> Row:
    """What is stored beside what was written."""
    if name == "cases":
        row["digits"] = _digits(row.get("number") or "")
    if name == "people":
        row["answers_zero"] = "operator" in str(row.get("roles", "")).split()
    return row


def _dangling(
    connection: Connection,
    name: str,
    file: Path,
    rows: list[tuple[int, Row]],
    read: dict[str, list[tuple[int, Row]]],
) -> Iterator[str]:
    """Names of people, queues and accounts that are neither in the files nor in the database."""
    for column, field in COLUMNS[name].items():
        if not field.names:
            continue
        known = {row.get("id") for _, row in read.get(field.names, [])}
        table = tables.metadata.tables[field.names]
        named = {row.get(column) for _, row in rows} - known - {None, ""}
        for some in _some(named):
            known |= set(
                connection.execute(select(table.c.id).where(table.c.id.in_(some))).scalars()
            )
        for line, row in rows:
            if row.get(column) and row[column] not in known:
                yield f"{file}, line {line}, {column}: there is no '{row[column]}' in {field.names}"


def _same_digits(connection: Connection, file: Path, rows: list[tuple[int, Row]]) -> Iterator[str]:
    """Callers key digits alone: two cases can't share them."""
    cases, new = tables.cases, {row.get("number") for _, row in rows}
    owner: dict[str, str] = {}
    for some in _some({row["digits"] for _, row in rows}):
        asked = select(cases.c.digits, cases.c.number).where(cases.c.digits.in_(some))
        stored = {found.digits: found.number for found in connection.execute(asked)}
        owner |= {digits: number for digits, number in stored.items() if number not in new}
    for line, row in rows:
        number, digits = row.get("number", ""), row["digits"]
        if digits and owner.setdefault(digits, number) != number:
            yield (
                f"{file}, line {line}, number: '{number}' has the digits of '{owner[digits]}', "
                "and a caller keys nothing else"
            )


def _some(values: Iterable[Any]) -> Iterator[list[Any]]:
    """So many at a time."""
    left = list(values)
    for start in range(0, len(left), AT_ONCE):
        yield left[start : start + AT_ONCE]


def _write(connection: Connection, table: Table, rows: list[Row]) -> None:
    if not rows:
        return
    key = next(iter(table.primary_key.columns))
    if table.name == "people":
        rows = _with_own(connection, rows)
    keys = [{"replaced": row[key.name]} for row in rows]
    connection.execute(delete(table).where(key == bindparam("replaced")), keys)
    connection.execute(insert(table), rows)


def _with_own(connection: Connection, rows: list[Row]) -> list[Row]:
    """What the line itself has noted of a person stays."""
    people, own = tables.people, ("busy_with", "last_taken", "last_no_answer")
    asked = select(people.c.id, *(people.c[column] for column in own))
    kept = {row.id: row._asdict() for row in connection.execute(asked)}
    return [dict.fromkeys(own) | row | kept.get(row["id"], {}) for row in rows]
