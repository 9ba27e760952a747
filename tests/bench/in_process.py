"""What is measured without a network: the cost of much stored, the simulator, the command line."""

from __future__ import annotations

import gc
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import parse_qsl

from flask import Flask
from twilio.rest import Client

from flows.escalation import FOLDER, line
from ivr.clock import Alarm
from ivr.line.desk import pins
from ivr.line.service.services import Services, build_services
from ivr.line.store.store import Store
from ivr.line.web.webhooks.app import create_app
from ivr.simulator import Exchange, Handset
from tests.bench import population, traffic
from tests.bench.day import simulate
from tests.bench.figures import Figure, Goal, at_most
from tests.bench.population import Size
from tests.bench.rivals import bare

LINE, STUB = "+33800000001", "+33800000002"
OPERATOR = (
    traffic.BEGIN,
    traffic.keys(1, "1"),
    traffic.keys(2, "0"),
)


SMALL = Size(1000, 10, 100, 20)
AT_MOST_A_TENTH = at_most(1.1)  # more


class Still:
    """A clock for measurements: it goes, but nothing rings."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def call_at(self, when: datetime, what: Callable[[], None]) -> Alarm:
        return Silent()


class Silent:
    def cancel(self) -> None: ...


def services_on(database: str, size: Size | None = None) -> Services:
    """Our line on a new database with so much in it; its duties are left undone."""
    store = Store(database)
    store.migrate()
    store.import_csv(FOLDER / "sample")
    services = build_services(
        line(),
        store,
        twilio=Client(traffic.ACCOUNT, traffic.TOKEN),
        public_url=traffic.ORIGIN,
        clock=Still(),
    )
    if size is not None:
        population.use(services)
        population.fill(services, size)
    return services


# ---- much stored -------------------------------------------------------------------------------


def much_stored(folder: Path, size: Size, rounds: int) -> list[Figure]:
    """The same webhooks on a large database and on a small one, in turns."""
    print(f"filling a database with {size}", file=sys.stderr)
    large = services_on(f"sqlite:///{folder}/large.db", size)
    small = services_on(f"sqlite:///{folder}/small.db", SMALL)
    apps = [create_app(large), create_app(small)]
    figures = []
    mixes = {"menu keys": traffic.MENUS, "a case looked up": traffic.CASES, "0 pressed": OPERATOR}
    for place, (what, steps) in enumerate(mixes.items()):
        ratios = []
        for number in range(rounds + 1):
            first = 1 + (place * 100 + number) * 10_000
            asked = list(traffic.stream(steps, first, 2_000, 256))
            pair = [_answered(app, asked) for app in apps]
            ratios.append(pair[0] / pair[1])
        what = f"{what}, with {size.calls:,} stored calls / with {SMALL.calls:,}"
        figures.append(Figure(what, median(ratios[1:]), AT_MOST_A_TENTH))  # the first fills caches
    for services in (large, small):
        services.store.close()
    return figures


def _answered(app: Flask, asked: Iterable[traffic.Request]) -> float:
    """Processor seconds for the answers alone: a response that isn't closed has no duties done
    after it."""
    begun = time.process_time()
    for each in asked:
        for _ in app(traffic.environ(each), lambda *_: None):
            pass
    return time.process_time() - begun


def _seconds(what: Callable[[], object]) -> float:
    begun = time.perf_counter()
    what()
    return time.perf_counter() - begun


def _busy(what: Callable[[], object]) -> float:
    begun = time.process_time()
    what()
    return time.process_time() - begun


# ---- simulated calls ---------------------------------------------------------------------------


def durable_line(folder: Path) -> Exchange:
    """The line with a database in a file, on a simulated network."""
    exchange = Exchange(requests=10)
    store = Store(f"sqlite:///{folder}/simulated.db")
    store.migrate()
    store.import_csv(FOLDER / "sample")
    services = build_services(
        line(), store, twilio=exchange.client, public_url=traffic.ORIGIN, clock=exchange.clock
    )
    app = create_app(services)
    exchange.number(LINE, app, traffic.VOICE, status_callback=f"{traffic.VOICE}/status")
    return exchange


def five_webhooks(exchange: Exchange) -> Handset:
    """Language, menu, a case number, and the receiver is put down: five requests.

    Each time by somebody else, since who was cut off is welcomed back.
    """
    caller = exchange.phone(f"+336{len(exchange.phones):08d}")
    caller.call(LINE)
    caller.press("1")
    caller.press("1")
    caller.press(f"{traffic.CASE}#")
    caller.hang_up()
    exchange.wait(1)
    return caller


def stub(environ: dict[str, Any], start_response: Callable[..., object]) -> list[bytes]:
    """A line that costs nothing: a menu, then the end."""
    environ["wsgi.input"].read()
    document = HANG_UP if environ["PATH_INFO"] == "/key" else MENU
    start_response("200 OK", [("Content-Type", "text/xml")])
    return [document]


MENU = b'<Response><Gather numDigits="1" action="/key"><Say>Press 1.</Say></Gather></Response>'
HANG_UP = b"<Response><Hangup/></Response>"


def stub_network(phones: int) -> tuple[Exchange, list[Handset]]:
    """A network with the stub's number, and so many telephones."""
    exchange = Exchange(requests=10)
    exchange.number(STUB, stub, "/voice")
    return exchange, [exchange.phone(f"+331{number:08d}") for number in range(phones)]


def two_webhooks(phones: Iterable[Handset]) -> None:
    """All call, and while all are in the menu, each presses a key and is hung up on."""
    phones = list(phones)
    for phone in phones:
        phone.call(STUB)
    if not all(phone.listening for phone in phones):
        raise AssertionError("not all are in the menu")
    for phone in phones:
        phone.press("1")
    if any(phone.in_call for phone in phones):
        raise AssertionError("somebody is still in a call")


def memory(calls: int) -> float:
    """Bytes for each of so many calls that go on at once; their telephones were there before."""
    code = (
        "import gc, os\n"
        "from pathlib import Path\n"
        "from tests.bench.in_process import STUB, stub_network\n"
        "def pages(): return int(Path('/proc/self/statm').read_text().split()[1])\n"
        f"exchange, phones = stub_network({calls} + 100)\n"
        "for phone in phones[:100]: phone.call(STUB)\n"
        "gc.collect(); before = pages()\n"
        "for phone in phones[100:]: phone.call(STUB)\n"
        "gc.collect()\n"
        f"print((pages() - before) * os.sysconf('SC_PAGE_SIZE') / {calls})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def simulated(folder: Path, rounds: int, calls: int) -> list[Figure]:
    """Calls in a second that this process is busy, what they take to bare Flask in it, and memory.

    Nothing here waits for anything, so that what else runs on the machine is left out.
    """
    exchange = durable_line(folder)
    five_webhooks(exchange)
    _, phones = stub_network(1000)
    two_webhooks(phones)
    flask = bare()
    asked = traffic.request(traffic.sid(1), traffic.BEGIN)
    gc.collect()
    times = [
        (
            _busy(lambda: [traffic.send(flask, asked) for _ in range(2000)]) / 2000,
            _busy(lambda: [five_webhooks(exchange) for _ in range(100)]) / 100,
            _busy(lambda: two_webhooks(phones)) / 1000,
        )
        for _ in range(rounds)
    ]
    plain, five, two = (median(each) for each in zip(*times, strict=True))
    to_five = median(five / plain / 5 for plain, five, _ in times)
    few, many = memory(calls // 10), memory(calls)
    return [
        Figure("simulated five-webhook calls a second, durable line", 1 / five, Goal(600, 1000), 0),
        Figure("the same, in the time of five requests to bare Flask", to_five, at_most(9), 1),
        Figure("simulated two-webhook calls a second, 1,000 at once", 1 / two, Goal(10_000), 0),
        Figure("requests a second to bare Flask in the same process", 1 / plain, digits=0),
        Figure(f"bytes for each of {calls // 10:,} calls at once", few, at_most(4096), 0),
        Figure(f"bytes for each of {calls:,} calls at once", many, at_most(4096), 0),
    ]


# ---- a day -------------------------------------------------------------------------------------


def a_day(folder: Path, calls: int) -> Figure:
    """The processor time of a mixed day, its PINs' hashing apart, in that of bare Flask for as many
    webhooks, which Flask's own test client posts."""
    client, asked = bare().test_client(), traffic.request(traffic.sid(1), traffic.BEGIN)
    form = dict(parse_qsl(asked.body.decode(), keep_blank_values=True))
    head = {"X-Twilio-Signature": asked.signature}

    def plainly() -> float:
        begun = time.process_time()
        for _ in range(1000):
            client.post(asked.target, data=form, headers=head)
        return (time.process_time() - begun) / 1000

    before = plainly()
    made = simulate(calls, seed=1, folder=folder)
    each = (before + plainly()) / 2
    hashing = made.pins * _seconds(lambda: pins.fits("271828", ""))
    ratio = (made.cpu - hashing) / made.webhooks / each
    what = f"a day of {calls:,} calls / Flask's test client posting as much to bare Flask"
    return Figure(what, ratio, at_most(4, 2.5))


# ---- the command line --------------------------------------------------------------------------


def help_seconds() -> float:
    """How long `ivr --help` takes, from nothing."""
    command = [str(Path(sys.executable).with_name("ivr")), "--help"]
    return _seconds(lambda: subprocess.run(command, check=True, capture_output=True))


def figures(size: Size, at_once: int, calls: int, rounds: int) -> list[Figure]:
    """Every row that needs no server."""
    with tempfile.TemporaryDirectory(prefix="ivr-bench-") as place:
        folder = Path(place)
        quick = median(help_seconds() for _ in range(rounds + 2))
        return [
            *much_stored(folder, size, rounds),
            *simulated(folder, rounds, at_once),
            a_day(folder, calls),
            Figure("ivr --help, seconds", quick, at_most(0.15)),
        ]
