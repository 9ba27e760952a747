"""What pages, commands and duties cost on a database with years of use, beside a small one.

    python -m tests.bench.growth --calls 1000000

Milliseconds of this process, and how large each answer is: both must be bounded, however much is
stored. What goes through all that is stored (a purge, an export, an erasure, a seal, a backup) may
take long, but no webhook waits for it: the longest that it has held the database is shown.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import Connection, event

from ivr.line.service.services import Services
from ivr.line.store.backups import back_up
from ivr.line.web.pages.app import Entrance, create_pages
from tests.bench import population
from tests.bench.in_process import SMALL, services_on
from tests.bench.population import Size
from tests.kit.browser import Browser, login

TOKEN = "a token for the metrics"
ROUNDS = 3
CASE, CALL = "C30000000", population.MODEL
PAGES = {  # who opens what
    "mgr1": (
        "/wall", "/wall?period=month", "/now", "/me", "/calls", "/calls?how=open", "/calls?how=met",
        f"/calls?number={CASE}", "/calls?since=2026-01-01&until=2026-02-01", f"/calls/{CALL}",
        "/cases", f"/cases/{CASE}", "/cases/new",
    ),
    "op1": ("/console", "/me", "/changes?after=x"),
    "marie": ("/cases", "/cases/C17349013"),
    "": ("/readyz", "/metrics", "/sign-in"),
}  # fmt: skip


@dataclass
class Held:
    """How long transactions that write have lasted, in seconds."""

    longest: float = 0.0
    began: dict[int, float] = field(default_factory=dict)


@contextmanager
def holding(services: Services) -> Iterator[Held]:
    """The transactions of SQLAlchemy's connections that are begun meanwhile to write."""
    held, writer = Held(), services.store.connections.writer

    def begins(connection: Connection) -> None:
        held.began[id(connection)] = time.perf_counter()

    def ends(connection: Connection) -> None:
        lasted = time.perf_counter() - held.began.pop(id(connection), time.perf_counter())
        held.longest = max(held.longest, lasted)

    hooks: list[tuple[str, Any]] = [("begin", begins), ("commit", ends), ("rollback", ends)]
    for name, hook in hooks:
        event.listen(writer, name, hook)
    try:
        yield held
    finally:
        for name, hook in hooks:
            event.remove(writer, name, hook)


def pages(services: Services) -> Iterator[tuple[str, float, int]]:
    """Each page: what it is, milliseconds, bytes."""
    for id, role, more in (
        ("mgr1", "manager", {"person": "MGR1"}),
        ("op1", "operator", {"person": "OP1"}),
        ("marie", "customer", {"contact": "marie", "accounts": ("helio",)}),
    ):
        services.store.logins.save(login(id, role, **more))
    app = create_pages(services, entrance=Entrance(secret="a secret"), metrics_token=TOKEN)
    app.testing = True
    for who, paths in PAGES.items():
        browser = Browser(app.test_client())
        if who:
            browser.sign_in(who)
        for path in paths:
            head = {"Authorization": f"Bearer {TOKEN}"}
            took = []
            for _ in range(ROUNDS):
                begun = time.process_time()
                answer = browser.client.get(path, headers=head)
                took.append(time.process_time() - begun)
            if answer.status_code not in (200, 503):
                raise AssertionError(f"{path}: {answer.status_code}")
            yield f"{path} ({who or 'anybody'})", 1000 * median(took), len(answer.data)


def passes(services: Services, folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """What goes through everything."""
    privacy, number = services.privacy, "+33600000777"
    yield "seal", privacy.seal
    yield "seal, nothing new", privacy.seal
    yield "purge, counting only", lambda: privacy.purge(dry=True)
    yield "export of a caller", lambda: privacy.export(number, folder / "export.zip")
    yield "erasure of a caller", lambda: privacy.erase(number)
    yield "backup", lambda: back_up(services.store.connections, folder / "backup")


def show(large: Services, small: Services, folder: Path, slow: bool) -> None:
    print(f"{'page':<52}{'ms':>8}{'small':>8}{'kB':>8}{'small':>8}")
    for (what, took, size), (_, before, least) in zip(pages(large), pages(small), strict=True):
        kilobytes = f"{size / 1000:>8.0f}{least / 1000:>8.0f}"
        print(f"{what:<52}{took:>8.1f}{before:>8.1f}{kilobytes}", flush=True)
    if not slow:
        return
    print(f"\n{'what goes through everything':<52}{'s':>8}{'held ms':>9}")
    for what, do in passes(large, folder):
        with holding(large) as held:
            begun = time.perf_counter()
            do()
            took = time.perf_counter() - begun
        print(f"{what:<52}{took:>8.1f}{1000 * held.longest:>9.1f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.growth",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--calls", type=int, default=1_000_000, help="stored calls")
    parser.add_argument("--pages", action="store_true", help="the pages alone")
    given = parser.parse_args()
    size = Size(*(max(1, each * given.calls // 1_000_000) for each in Size()))
    with tempfile.TemporaryDirectory(prefix="ivr-bench-") as name:
        folder = Path(name)
        print(f"filling a database with {size}", file=sys.stderr)
        large = services_on(f"sqlite:///{folder}/large.db", size)
        small = services_on(f"sqlite:///{folder}/small.db", SMALL)
        show(large, small, folder, not given.pages)
        for services in (large, small):
            services.store.close()


if __name__ == "__main__":
    main()
