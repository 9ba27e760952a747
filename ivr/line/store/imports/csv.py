"""Loads people, rota and cases from CSV files: all of them, or none with every fault named.

One file a table, named after it (``people.csv`` …), with the columns of `COLUMNS`; those that
aren't needed may be left out. Several values in one field are separated by spaces. A row whose key
exists already replaces it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, insert, select

from ivr.line.errors import DataError
from ivr.line.store import tables
from ivr.line.store.imports.columns import COLUMNS, Field, digits

Row = dict[str, Any]
STATUS = ("status", "status_until")
DELEGATE = ("delegate", "delegate_from", "delegate_until")
OWN = {  # columns that are the line's, not the file's
    "people": (
        "busy_with", "last_taken", "last_no_answer", "status_since", "status_by",
        *STATUS, *DELEGATE,
    ),
    "feeds": ("added_at", "fetched_at", "etag", "modified", "body", "error", "unmatched"),
}  # fmt: skip
_NEW: dict[str, Row] = {
    "people": dict.fromkeys(("busy_with", "last_taken", "last_no_answer", "status_since"))
    | {"status_by": ""},
    "feeds": {"added_at": None, "fetched_at": None}
    | dict.fromkeys(("etag", "modified", "body", "error", "unmatched"), ""),
}
SPANS = {  # columns of a beginning and an end; whether the end is a day that belongs to it
    "overrides": [("starts", "ends", False)],
    "people": [("delegate_from", "delegate_until", False)],
    "shifts": [("first", "last", True)],
    "accounts": [("contract_from", "contract_to", True)],
}
NOT_THE_SAME = {
    "people": [("manager", "id"), ("delegate", "id")],
    "overrides": [("instead_of", "person")],
}
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")  # all but a tab and a new line
AT_ONCE = 10_000  # values in one question to the database; SQLite takes 32,766


def load(connection: Connection, source: Path) -> dict[str, int]:
    """Load a folder's files or one file; how many rows of each table. Raises `DataError`.

    The caller commits the transaction; nothing is written when anything is wrong.
    """
    files = _files(source)
    faults: list[str] = []
    read = {name: list(_rows(name, file, faults)) for name, file in files.items()}
    for name, rows in read.items():
        faults.extend(_dangling(connection, name, files[name], rows, read))
        faults.extend(_no_time(name, files[name], rows))
        faults.extend(_themselves(name, files[name], rows))
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
            if CONTROL.search(written):
                raise ValueError(f"{written!r} holds a control character: take it out")
            row[column] = field.read(written) if written else field.empty
        except ValueError as error:
            faults.append(f"{file}, line {line}, {column}: {error}")
        if field.needed and not written and column in record:
            faults.append(f"{file}, line {line}, {column}: '' is empty: write one")
    return row


def _complete(name: str, row: Row) -> Row:
    """What is stored beside what was written."""
    if name == "cases":
        row["digits"] = digits(row.get("number") or "")
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
                yield (
                    f"{file}, line {line}, {column}: there is no '{row[column]}' in {field.names}: "
                    f"add it to {field.names}.csv, or write another"
                )


def _no_time(name: str, file: Path, rows: list[tuple[int, Row]]) -> Iterator[str]:
    """What would never be so, for it ends before it has begun. A last day belongs to it."""
    for first, last, whole_days in SPANS.get(name, ()):
        for line, row in rows:
            begins, ends = row.get(first), row.get(last)
            if begins and ends and (ends < begins or (ends == begins and not whole_days)):
                yield f"{file}, line {line}, {last}: it ends before it has begun ({first})"


def _themselves(name: str, file: Path, rows: list[tuple[int, Row]]) -> Iterator[str]:
    """People who would stand in for themselves, or be their own manager."""
    for column, other in NOT_THE_SAME.get(name, ()):
        for line, row in rows:
            if row.get(column) and row[column] == row.get(other):
                yield f"{file}, line {line}, {column}: '{row[column]}' is the person themselves"


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
    if table.name in OWN:
        rows = _with_own(connection, table, rows)
    keys = [{"replaced": row[key.name]} for row in rows]
    connection.execute(delete(table).where(key == bindparam("replaced")), keys)
    connection.execute(insert(table), rows)


def _with_own(connection: Connection, table: Table, rows: list[Row]) -> list[Row]:
    """What the line itself has noted stays; so does a status that somebody set."""
    own = OWN[table.name]
    kept: dict[str, Row] = {}
    for some in _some(row["id"] for row in rows):
        asked = select(table.c.id, *(table.c[name] for name in own)).where(table.c.id.in_(some))
        kept |= {row.id: row._asdict() for row in connection.execute(asked)}
    if table.name == "people":
        for row in kept.values():
            _forget_status(row)
    return [_NEW[table.name] | row | kept.get(row["id"], {}) for row in rows]


def _forget_status(row: Row) -> None:
    """Take from the file what people haven't set themselves; a delegate goes with being away."""
    unsaid = row["status_since"] is None
    for name in STATUS * unsaid + DELEGATE * (unsaid or row["status"] != "away"):
        del row[name]
