"""Our line as it is measured over HTTP, and what each round of that has given."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from flows.escalation import FOLDER
from ivr.line.store.store import Store
from tests.bench import traffic
from tests.bench.servers import Loaded, Missing, Server, Traffic, load
from tests.kit.processes import IVR

POSTGRES = "postgresql://postgres@127.0.0.1:5432/postgres"


@dataclass
class Measured:
    """A server and what each of its rounds gave, by mix."""

    server: Server
    rounds: dict[str, list[Loaded]] = field(default_factory=dict)

    def rate(self, mix: str) -> float:
        return median(each.rate for each in self.rounds[mix])


def line(
    name: str, database: str, *, workers: int = 1, threads: int | None = 1, **settings: str
) -> Server:
    """Our line on a database that is made here, as `ivr serve` has it, with more ``settings``;
    with the number of threads that it takes by itself if that is None."""
    store = Store(database)
    store.migrate()
    store.import_csv(FOLDER / "sample")
    store.close()
    environment = {
        "IVR_DATABASE": database,
        "IVR_ALLOW_SAMPLE": "yes",
        "IVR_PUBLIC_URL": traffic.ORIGIN,
        "TWILIO_ACCOUNT_SID": traffic.ACCOUNT,
        "TWILIO_AUTH_TOKEN": traffic.TOKEN,
        **settings,
    }
    command = [str(IVR), "serve", "--port", "{port}", "--workers", str(workers)]
    if threads:
        command += ["--threads", str(threads)]
    return Server(name, command, environment, database)


@contextmanager
def postgres() -> Iterator[str]:
    """A database of its own, dropped at the end; its URL."""
    admin = make_url(os.environ.get("IVR_TEST_POSTGRES", POSTGRES))
    engine = create_engine(admin.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    name = f"ivr_bench_{os.getpid()}"
    try:
        connection = engine.connect()
    except SQLAlchemyError as error:
        raise Missing(f"no PostgreSQL at {admin}: set IVR_TEST_POSTGRES ({error})") from error
    with connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        try:
            yield admin.set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


def moves(database: str) -> int:
    """How many turns have been saved in a line's database."""
    store = Store(database)
    with store.connections.reading() as connection:
        saved = connection.execute(text("SELECT coalesce(sum(version), 0) FROM calls")).scalar_one()
    store.close()
    return int(saved)


def measure(measured: Measured, mix: str, requests: Traffic, seconds: int) -> None:
    """One round; a line must have moved by as much as wrk has seen answered."""
    server, before = measured.server, 0
    expected = max((each.rate for each in measured.rounds.get(mix, ())), default=0)
    if not expected:
        expected = load(server, requests.file(mix, 20_000), 1).rate
    file = requests.file(mix, int(expected * seconds * 2.5) + 2_000)
    if server.database:
        before = moves(server.database)
    seen = load(server, file, seconds)
    if server.database:
        moved = moves(server.database) - before
        if not 0 <= moved - seen.requests <= 64:
            raise AssertionError(f"{server.name}: {seen.requests} answered, {moved} moved")
    measured.rounds.setdefault(mix, []).append(seen)
