"""What the desk's data name, such as regions and products, for a check against line.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, literal, null, select, union_all

from ivr.line.store import tables
from ivr.line.store.connections import Connections


@dataclass(frozen=True, slots=True)
class Mention:
    """A row of ``file`` ("shifts"), and what it is for; ``person`` is whom it names, if anybody."""

    file: str
    id: str
    region: str
    product: str
    person: str


@dataclass(frozen=True, slots=True)
class OfCases:
    """What all cases name: a case's number by each severity and each length of number."""

    regions: frozenset[str]
    products: frozenset[str]
    severities: Mapping[int, str]
    lengths: Mapping[int, str]


class MentionRepository:
    """What is named in the desk's tables."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def all(self) -> list[Mention]:
        """The shifts, overrides, feeds and queues, by file and id."""
        with self._connections.reading() as connection:
            rows = connection.execute(_ALL).all()
        return [
            Mention(row.file, row.id, row.region, row.product, row.person or "") for row in rows
        ]

    def of_cases(self) -> OfCases:
        """What the cases name."""
        cases = tables.cases.c
        one, length = func.min(cases.number), func.length(cases.digits)
        with self._connections.reading() as connection:
            severities = connection.execute(select(cases.severity, one).group_by(cases.severity))
            lengths = connection.execute(select(length, one).group_by(length))
            regions = connection.execute(select(cases.region).distinct()).scalars()
            products = connection.execute(select(cases.product).distinct()).scalars()
            return OfCases(
                frozenset(regions),
                frozenset(products),
                {code: number for code, number in severities if code is not None},
                {row[0]: row[1] for row in lengths},
            )


def _rows(name: str, person: str = "") -> Select[Any]:
    table = tables.metadata.tables[name].c
    who = table[person] if person else null()
    columns = (table.id, table.region, table.product, who.label("person"))
    return select(literal(name).label("file"), *columns)


_ALL = union_all(
    _rows("shifts", "person"),
    _rows("overrides", "person"),
    _rows("feeds"),
    _rows("queues", "manager"),
).order_by("file", "id")

__all__ = ["Mention", "MentionRepository", "OfCases"]
