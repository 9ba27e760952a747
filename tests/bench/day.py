"""A day at the desk, simulated: 10,000 mixed calls on the durable line, twice to the same bytes.

    python -m tests.bench.day --calls 10000 --twice

Twenty operators and ten managers take what comes in over 24 hours; most callers come by day.
Prints how long it took, and one SHA-256 over every webhook (when, where, what was sent, what was
answered) and every event that the line has stored.
"""

from __future__ import annotations

import argparse
import csv
import gc
import hashlib
import resource
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import cos, pi
from pathlib import Path
from random import Random

from sqlalchemy import select

from flows.escalation import FOLDER, line
from ivr.line.config import LineConfig
from ivr.line.service.services import build_services
from ivr.line.store import tables
from ivr.line.store.store import Store
from ivr.line.web.webhooks.app import create_app
from ivr.server.rehearsal import mount
from ivr.simulator import Exchange
from ivr.simulator.network.webhook import Webhook
from tests.bench.day_people import LANGUAGES, Colleague, Customer, learn
from tests.kit.auditor import KNOWN, compare
from tests.kit.auditor.claims import claims_of
from tests.kit.auditor.facts import Leg, facts_of, legs_of

ORIGIN = "https://line.test"
OPERATORS, MANAGERS, ENGINEERS = 20, 10, 20
CASES = tuple(f"18{number:06}" for number in range(100))
HOURS = 24
HAPPENINGS = 60  # that are remembered for each call
REMEMBERED = 3000  # calls whose legs the exchange remembers by itself
AFTERWARDS = timedelta(hours=3)  # until the last call back has been made
ZONES = ("Europe/Paris", "Europe/Berlin", "Asia/Tokyo", "America/New_York")


@dataclass(frozen=True)
class Day:
    """What came of it; ``cpu`` are the processor's seconds while people called, with ``pins`` PINs
    hashed; ``memory`` is the most that the process has used, in MB, ``misfits`` what the line
    claims and wasn't so."""

    calls: int
    webhooks: int
    events: Counter[str]
    seconds: float
    cpu: float
    pins: int
    memory: float
    digest: str
    errors: tuple[str, ...]
    misfits: tuple[str, ...]

    def __str__(self) -> str:
        shown = ", ".join(f"{kind} {number:,}" for kind, number in self.events.most_common(8))
        return (
            f"{self.calls:,} calls, {self.webhooks:,} webhooks"
            f" ({self.webhooks / self.calls:.1f} a call)\n"
            f"{self.seconds:.1f} s: {self.calls / self.seconds:,.0f} calls/s,"
            f" {self.webhooks / self.seconds:,.0f} webhooks/s; {self.memory:,.0f} MB\n"
            f"{sum(self.events.values()):,} events: {shown}\n"
            f"{len(self.errors)} errors {' | '.join(self.errors[:3])}\n"
            f"{len(self.misfits)} claims that weren't so {' | '.join(self.misfits[:3])}\n"
            f"SHA-256 {self.digest}"
        )


def simulate(calls: int, seed: int, folder: Path, plain: bool = False) -> Day:
    """One day, from an empty database; ``plain`` as for `create_app`."""
    begun = time.perf_counter()
    exchange, store, config = desk(seed, folder, plain)
    written = hashlib.sha256()
    webhooks = 0

    def tap(made: object) -> None:
        nonlocal webhooks
        if isinstance(made, Webhook):
            webhooks += 1
            told = (made.at, made.url, made.signature, made.status, made.body)
            written.update(repr(told).encode())

    exchange.taps.append(tap)
    computed = time.process_time()
    legs = play(exchange, calls, seed)
    cpu = time.process_time() - computed
    kinds: Counter[str] = Counter()
    pins = 0
    with store.connections.reading() as connection:
        for row in connection.execute(select(tables.events).order_by(tables.events.c.id)):
            kinds[row.kind] += 1
            pins += row.kind == "answered" and '"asks":"pin"' in row.data
            written.update(repr(tuple(row)).encode())
    wrong = compare(facts_of(exchange, legs), claims_of(store, config))
    misfits = tuple(str(each) for each in wrong if each.rule not in KNOWN)
    store.close()
    errors = tuple(f"{n.code} {n.text}" for n in exchange.debugger if n.level == "error")
    seconds = time.perf_counter() - begun
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    digest = written.hexdigest()
    return Day(calls, webhooks, kinds, seconds, cpu, pins, memory, digest, errors, misfits)


def play(exchange: Exchange, calls: int, seed: int) -> dict[str, Leg]:
    """Have so many people call, and the day go by; the legs that the exchange won't remember."""
    exchange.history.most = HAPPENINGS * calls + 10_000
    legs: dict[str, Leg] = {}
    for number, at in enumerate(_arrivals(calls, Random(f"{seed} arrivals"))):
        exchange.clock.call_at(exchange.clock.start + at, _caller(exchange, number, seed).dial)
    until = exchange.clock.start + timedelta(hours=HOURS) + AFTERWARDS
    while exchange.clock.now() < until:
        exchange.wait(timedelta(hours=3).total_seconds())
        if calls > REMEMBERED:
            legs |= legs_of(exchange)
    for leg in list(exchange.legs.values()):
        if not leg.ended:
            raise AssertionError(f"{leg} goes on for ever")
    return legs


def desk(seed: int, folder: Path, plain: bool = False) -> tuple[Exchange, Store, LineConfig]:
    """The line with its durable store, and everybody's telephones."""
    exchange = Exchange(seed, requests=10, start=datetime.fromisoformat("2026-11-24T00:00Z"))
    store = Store(f"sqlite:///{folder}/day.db")
    store.migrate()
    _write_desk(folder / "desk")
    store.import_csv(folder / "desk")
    escalation = line(_config(folder))
    learn(escalation.caller.prompts)
    services = build_services(
        escalation, store, twilio=exchange.client, public_url=ORIGIN, clock=exchange.clock
    )
    mount(exchange, escalation, create_app(services, plain=plain), ORIGIN)
    services.begin()
    for person in store.people.all():
        talk, answers = (55.0, 0.85) if "operator" in person.roles else (60.0, 0.7)
        exchange.phones[person.phone] = Colleague(
            exchange, person.phone, f"{seed} {person.id}", talk, answers
        )
    return exchange, store, escalation.config


def _config(folder: Path) -> Path:
    """As it is, but for a desk that may call back as often as it has promised to."""
    text = (FOLDER / "line.toml").read_text(encoding="utf-8")
    limit, more = "per_day = 200 ", "per_day = 9999 "
    if limit not in text:
        raise AssertionError(f"{limit} isn't in line.toml any more")
    config = folder / "line.toml"
    config.write_text(text.replace(limit, more), encoding="utf-8")
    return config


def _write_desk(folder: Path) -> None:
    """The sample desk with more people and cases: twenty operators and ten managers in all."""
    shutil.copytree(FOLDER / "sample", folder)
    everybody = _rows(folder / "people.csv")
    for role, most in (("operator", OPERATORS), ("manager", MANAGERS), ("engineer", ENGINEERS)):
        here = sum(role in row["roles"].split() for row in everybody)
        managers = [row["id"] for row in everybody if row["roles"] == "manager"]
        everybody += [_person(role, number, managers) for number in range(here + 1, most + 1)]
    _write(folder / "people.csv", everybody)
    owners = [row["id"] for row in everybody if row["roles"] == "engineer"]
    cases = _rows(folder / "cases.csv")
    model = next(row for row in cases if row["pin"])
    cases += [
        model
        | {
            "number": f"C{number}",
            "owner": owners[place % len(owners)],
            "queue": "",
            "pin": "" if place % 20 else model["pin"],  # to hash one takes its time, on purpose
        }
        for place, number in enumerate(CASES)
    ]
    _write(folder / "cases.csv", cases)


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _write(file: Path, rows: Sequence[dict[str, str]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, list(rows[0]), restval="")
        writer.writeheader()
        writer.writerows(rows)


def _person(role: str, number: int, managers: Sequence[str]) -> dict[str, str]:
    where = number % 3
    person = {
        "id": f"{role[:2].upper()}{number:02}",
        "name": f"{role.capitalize()} {number}",
        "phone": f"+331554{role[:1] == 'm':d}{number:04}",
        "roles": role,
        "languages": ("fr en", "de en", "ja en")[where],
        "region": ("EMEA", "APAC", "AMER")[where],
        "zone": ZONES[number % len(ZONES)],
    }
    match role:
        case "operator":
            return person | {"phone": f"client:op{number:02}"}
        case "manager":
            above = ("DIR1", "DIR2")[number % 2]
            return person | {"manager": above, "team": ("CAD", "PLM")[number % 2], "on_call": "yes"}
    return person | {"manager": managers[number % len(managers)]}


def _arrivals(calls: int, draw: Random) -> Sequence[timedelta]:
    """When they come: four times as many at two in the afternoon as at two in the night."""
    moments = []
    while len(moments) < calls:
        hour = draw.uniform(0, HOURS)
        if draw.random() < 0.625 - 0.375 * cos((hour - 2) * pi / 12):
            moments.append(timedelta(microseconds=round(hour * 3.6e9)))
    return sorted(moments)


def _caller(exchange: Exchange, number: int, seed: int) -> Customer:
    draw = Random(f"{seed} caller {number}")
    telephone = f"+336{number:08d}"
    entry, case = draw.choices(list(LANGUAGES), [6, 3, 1])[0], draw.choice(CASES)
    customer = Customer(exchange, telephone, entry, case, f"{seed} customer {number}")
    exchange.phones[telephone] = customer
    return customer


def days(calls: int, seed: int, times: int) -> list[Day]:
    """So many days of the same seed, each from nothing."""
    made = []
    for _ in range(times):
        gc.collect()
        with tempfile.TemporaryDirectory(prefix="ivr-day-") as folder:
            made.append(simulate(calls, seed, Path(folder)))
    return made


def main() -> int:
    """0 if what was done twice came to the same bytes, and nothing went wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--twice", action="store_true", help="and compare the bytes")
    options = parser.parse_args()
    made = days(options.calls, options.seed, 2 if options.twice else 1)
    for day in made:
        print(day)
    if len({day.digest for day in made}) > 1:
        print("the days differ", file=sys.stderr)
        return 1
    return 1 if any(day.errors or day.misfits for day in made) else 0


if __name__ == "__main__":
    sys.exit(main())
