"""What is asked of the database is found by an index, however much is stored.

Everything is gathered that a day of calls asks, its duties with it, and that pages and commands
ask. What goes through a whole table all the same stands in a list, with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from ivr.line.records import IN_A_WHILE
from ivr.line.service.services import Services
from ivr.line.web.webhooks.app import create_app
from tests.bench import day, growth, plans, traffic
from tests.bench.in_process import services_on
from tests.bench.population import Size
from tests.kit.databases import postgres

TINY = Size(calls=60, people=10, cases=20, owed=4)

# What a statement has in it that goes through a table or sorts all the same, and why it may.
FINE: Mapping[str, str] = {
    # calls and duties
    "AS soonest ORDER BY soonest.due, soonest.id LIMIT": "sorts a few of each kind of duty",
    "FROM calls WHERE waiting_for <> ''": "sorts who waits at this moment",
    # pages
    "FROM logins WHERE lower(logins.email) = ?": "somebody signs in; a row for each who may",
    "DELETE FROM sessions WHERE sessions.login = ?": "sorts the sessions of one login",
    "FROM people WHERE people.active": "the foremost of those who work here",
    "SELECT … FROM people": "the names of those who work here, for a page",
    "FROM logins WHERE logins.contact != ?": "the names of those who may sign in, for a page",
    "FROM accounts ORDER BY accounts.id": "a list to choose from",
    "FROM events JOIN calls": "figures of a period: of so many calls at most, or none",
    "ORDER BY events.at DESC, events.id DESC LIMIT ?": "the newest, by their own index",
    "FROM calls ORDER BY calls.started_at DESC, calls.sid DESC LIMIT ?": "the newest, or the place "
    "of the last one that is looked at",
    "AND calls.data NOT LIKE ?) ORDER BY calls.started_at DESC": "as far as the last one looked at",
    "WHERE calls.data LIKE ? OR calls.data LIKE ? ORDER BY": "as far as the last one looked at",
    "FROM cases ORDER BY cases.digits DESC LIMIT ?": "the newest",
    "FROM cases WHERE cases.account IN (?) ORDER BY": "sorts the cases of one customer",
    'FROM notes WHERE notes."case" = ? ORDER BY': "sorts those of one case",
    "AND duties.call = ? ORDER BY": "sorts those of one call or case",
    # what goes through everything, a page at a time, and locks nothing
    "FROM recordings WHERE recordings.purpose = ? AND": "a purge",
    "FROM duties WHERE duties.due < ? AND": "a purge",
    "FROM notes WHERE notes.at < ? ORDER BY": "a purge",
    "FROM escalations WHERE escalations.requested_at < ? AND": "a purge",
    "FROM case_files WHERE case_files.data": "a purge",
    "FROM tallies WHERE tallies.at < ? ORDER BY": "a purge",
    "FROM calls WHERE calls.sid IN (": "sorts the few that are purged or erased together",
    " WHERE 1 = 1 ORDER BY": "an export, or an erasure",
    "SELECT … FROM contacts": "somebody is looked for by any of their telephone numbers",
    "FROM sqlite_master": "the tables, for a backup",
}

Found = list[tuple[str, list[str]]]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """What a day of calls, pages and commands ask that goes through a table, or sorts."""
    folder, through = tmp_path_factory.mktemp("plans"), []
    with plans.asked() as asked:
        exchange, store, _ = day.desk(1, folder)
        asked.clear()
        day.play(exchange, 15, 1)
    store.close()
    assert len(asked) > 40
    through += plans.on_sqlite(f"{folder}/day.db", asked)
    with plans.asked() as asked:
        services = services_on(f"sqlite:///{folder}/ivr.db", TINY)
        asked.clear()
        use(services, folder)
    services.store.close()
    assert len(asked) > 100
    return through + list(plans.on_sqlite(f"{folder}/ivr.db", asked))


def use(services: Services, folder: Path) -> None:
    """The pages, and what goes through everything."""
    list(growth.pages(services))
    for _, do in growth.passes(services, folder):
        do()


def explained(text: str) -> list[str]:
    return [
        each
        for each in FINE
        if (text.endswith(each) if each.startswith("SELECT") else each in text)
    ]


def test_everything_that_is_asked_is_found_by_an_index(found: Found) -> None:
    unexplained = [f"{text}: {', '.join(lines)}" for text, lines in found if not explained(text)]

    assert unexplained == []


def test_no_reason_is_left_for_what_is_not_asked_any_more(found: Found) -> None:
    assert {each for text, _ in found for each in explained(text)} == FINE.keys()


@pytest.mark.postgres
def test_postgresql_has_an_index_for_it_as_well(tmp_path: Path) -> None:
    with postgres() as url, plans.asked() as asked:
        services = services_on(url, TINY)
        try:
            asked.clear()
            for step in traffic.CASES:
                traffic.send(create_app(services), traffic.request(traffic.sid(1), step))
            services.store.duties.take(services.clock.now(), IN_A_WHILE)
            services.store.duties.next_due(IN_A_WHILE)
            use(services, tmp_path)
            through = [each for each in plans.on_postgres(url, asked) if not explained(each[0])]
        finally:
            services.store.close()

    assert len(asked) > 100
    assert through == []
