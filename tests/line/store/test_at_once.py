"""What may happen once, or so many times, when several processes ask for it at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from ivr.line.definition import Line
from ivr.line.store.store import Store
from ivr.line.store.tallies import Bound
from tests.kit.databases import postgres

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
AT_ONCE = 16

T = TypeVar("T")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[Store]]:
    """One database, as several processes have it."""
    if request.param == "sqlite":
        yield from _of(f"sqlite:///{tmp_path / 'ivr.db'}")
        return
    with postgres() as url:
        yield from _of(url)


def _of(url: str) -> Iterator[list[Store]]:
    stores = [Store(url) for _ in range(4)]
    stores[0].migrate()
    yield stores
    for store in stores:
        store.close()


def at_once(stores: list[Store], act: Callable[[Store], T]) -> list[T]:
    """Done by all of them at once, several times each."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda at: act(stores[at % len(stores)]), range(AT_ONCE)))


def test_no_more_are_let_through_than_may_be(stores: list[Store]) -> None:
    hour = NOW - timedelta(hours=1)
    bounds = [Bound("of a name", hour, 7), Bound("of a client", hour, 5)]
    taken = [
        each for each in at_once(stores, lambda store: store.tallies.take(bounds, NOW)) if each
    ]

    assert len(taken) == 5
    assert [stores[0].tallies.count(each.bucket, hour) for each in bounds] == [5, 5]
    stores[0].tallies.give_back(taken[0])
    assert stores[1].tallies.take(bounds, NOW)
    assert not stores[1].tallies.take(bounds, NOW)
    # Who is refused isn't counted, so that a bound is never kept full by those whom it refuses.
    assert stores[0].tallies.count("of a name", hour) == 5
    assert stores[1].tallies.take([bounds[0]], NOW)


def test_a_form_opens_one_case(stores: list[Store], escalation: Line) -> None:
    numbers = escalation.config.case_numbers

    def open_(form: str) -> Callable[[Store], str]:
        return lambda store: store.cases.open(numbers, form=form, severity=2, account="helio")

    assert len({*at_once(stores, open_("a form"))}) == 1
    assert len({*at_once(stores, open_("another"))}) == 1
    assert len(stores[0].cases.of_accounts(["helio"])) == 2
    assert stores[1].cases.opened_by("a form") != stores[1].cases.opened_by("another")
    assert stores[1].cases.opened_by("a third") == ""
