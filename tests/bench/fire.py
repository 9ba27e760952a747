"""The server under fire: prints how soon it is ready, and what callers notice of attacks on its
sockets and of workers that are killed for a minute.

    python -m tests.bench.fire --seconds 60

Beside `ivr serve`, granian serves the same line through its WSGI interface, with as many threads:
what it was before. Each attack goes on while callers call, one after another, for some seconds.
Exits with 1 if a caller was lost, or a try broke that no killed worker explains.
"""

from __future__ import annotations

import argparse
import http.client
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median

from flask import Flask

from tests.kit.attacks import ATTACKS, under
from tests.kit.processes import comes_true, free_port, running, said
from tests.kit.under_fire import (
    FORMS,
    Callers,
    Killer,
    Target,
    begin_a_call,
    settings,
    started,
)

WORKERS, THREADS = 2, 4
PATIENCE = 15.0  # seconds: Twilio's


def line() -> Flask:
    """The line as a WSGI application, for granian's own command."""
    from ivr.server.processes import webhooks

    return webhooks().app


@contextmanager
def granian(environment: dict[str, str], folder: Path) -> Iterator[Target]:
    port, log = free_port(), folder / "granian.log"
    command = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--factory"),
        *("tests.bench.fire:line", "--host", "127.0.0.1", "--port", str(port)),
        *(
            "--workers",
            str(WORKERS),
            "--blocking-threads",
            str(THREADS),
            "--respawn-failed-workers",
        ),
    ]
    with running(list(command), log, **environment) as pid:
        assert comes_true(lambda: said(f"http://127.0.0.1:{port}/livez")), log.read_text()
        yield Target(port, pid, log, FORMS["serve"])


def calls(target: Target, seconds: float) -> list[float]:
    """How long each caller waited, one after another; `PATIENCE` for who had no answer."""
    waited, until = [], time.monotonic() + seconds
    while time.monotonic() < until:
        begun = time.monotonic()
        status = 0
        with suppress(OSError, http.client.HTTPException):
            status, _ = begin_a_call(target, PATIENCE)
        waited.append(time.monotonic() - begun if status == 200 else PATIENCE)
    return waited


def attacked(name: str, target: Target, seconds: float) -> None:
    print(f"\n{name:<52}{'calls':>8}{'lost':>6}{'p50 ms':>9}{'longest ms':>12}")
    calls(target, 1.0)
    for attack, begin in {"(none)": None, **ATTACKS}.items():
        if begin is None:
            waited = calls(target, seconds)
        else:
            with under(begin, target.port, target.form):
                waited = calls(target, seconds)
        lost = sum(each >= PATIENCE for each in waited)
        times = (median(waited) * 1000, max(waited) * 1000)
        print(
            f"  {attack:<50}{len(waited):>8}{lost:>6}{times[0]:>9.1f}{times[1]:>12.0f}", flush=True
        )


def said_ready(target: Target) -> int:
    return target.log.read_text().count("worker 1 is ready")


def ready(environment: dict[str, str], folder: Path) -> None:
    """From the command to its first answer, and from a worker's death to its next word."""
    times = []
    for _ in range(3):
        begun = time.monotonic()
        with started("serve", environment, folder, "--workers", str(WORKERS)):
            times.append(time.monotonic() - begun)
    print(f"from the command to the first answer, seconds: {median(times):.2f}")
    times = []
    with started("serve", environment, folder, "--workers", "1") as target:
        for deaths in range(1, 4):
            begun = time.monotonic()
            Killer(target).kill(target.workers()[0])
            assert comes_true(lambda ready=deaths + 1: said_ready(target) == ready)  # type: ignore[misc]
            times.append(time.monotonic() - begun)
    shown = ", ".join(f"{each:.2f}" for each in times)
    print(f"from a worker's death until it is ready again (pauses 0.1, 0.2, 0.4), seconds: {shown}")


def killed(target: Target, seconds: float, every: float) -> bool:
    """Whether all is as it must be when a worker is killed every so often, at times all."""
    callers, killer, chance = Callers(target), Killer(target), random.Random(1)
    until = time.monotonic() + seconds
    with callers.calling(8):
        while time.monotonic() < until:
            time.sleep(every)
            alive = target.workers()
            for pid in alive if chance.random() < 0.2 else alive[:1]:
                killer.kill(pid)
            if not said(f"http://127.0.0.1:{target.port}/livez"):
                print("the server doesn't answer")
                return False
    waited = sorted(callers.seconds)
    print(
        f"\na worker killed every {every:g} s for {seconds:.0f} s, at times both; 8 callers at once"
    )
    print(f"  workers killed                            {len(killer.kills)}")
    print(f"  callers answered                          {len(waited)}")
    print(f"  tries that broke, and were made again     {len(callers.broken)}")
    print(f"  callers lost                              {len(callers.lost)}")
    print(f"  tries that broke without a killed worker  {len(killer.unexplained(callers))}")
    for name, part in (("p50", 0.5), ("p99", 0.99), ("longest", 1.0)):
        at = waited[int((len(waited) - 1) * part)] * 1000
        print(f"  until answered, {name}, ms".ljust(44) + f"{at:.0f}")
    for each in (*callers.lost, *killer.unexplained(callers)):
        print(f"  {each}")
    return not callers.lost and not killer.unexplained(callers)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.fire",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seconds", type=float, default=60, help="how long workers are killed")
    parser.add_argument("--every", type=float, default=1, help="seconds between two deaths")
    parser.add_argument("--attacked", type=float, default=5, help="seconds of each attack, 0: none")
    parser.add_argument("--before", action="store_true", help="attack granian's WSGI as well")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ivr-fire-") as place:
        folder = Path(place)
        environment = settings(folder)
        more = ("--workers", str(WORKERS), "--threads", str(THREADS))
        ready(environment, folder)
        if given.attacked:
            if given.before:
                with granian(environment, folder) as target:
                    attacked("granian, WSGI", target, given.attacked)
            with started("serve", environment, folder, *more) as target:
                attacked("ivr serve", target, given.attacked)
        with started("serve", environment, folder, *more) as target:
            well = killed(target, given.seconds, given.every)
    sys.exit(not well)


if __name__ == "__main__":
    main()
