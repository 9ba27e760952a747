"""A process that answers: it makes its application and serves it until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import uvloop
from flask import Flask

from ivr.server.door import Door, Limits, Serving

CONNECTED = 12.0  # seconds for connections to end, when a process is told to stop
FINISHING = 20.0  # seconds after that for what its threads still have to do


@dataclass(frozen=True, slots=True)
class Working:
    """An application, and what ends that which works beside it."""

    app: Flask
    close: Callable[[], None]


def work(
    make: Callable[[], Working],
    threads: int,
    listener: socket.socket,
    lifeline: int,
    ready: Callable[[], None],
    *,
    connected: float = CONNECTED,
) -> None:
    """Serve on ``listener`` until SIGTERM, or until the other end of ``lifeline`` is closed: then
    the process that started this one is no more. Who is connected then has ``connected`` seconds
    to take an answer. Raises what ``make`` raises."""
    working = make()
    at_rest()
    body = working.app.config["MAX_CONTENT_LENGTH"] or Limits().body
    door = Door(working.app.wsgi_app, threads, Limits(body=body))
    uvloop.run(serve(door, listener, lifeline, ready, connected))
    door.close(FINISHING)
    working.close()


def at_rest() -> None:
    """What has been made until now stays as long as the process does: the collector of garbage
    needn't look through it again and again, and what is made for a request is gone with it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


async def serve(
    door: Door,
    listener: socket.socket,
    lifeline: int,
    ready: Callable[[], None],
    connected: float,
) -> None:
    """Serve until SIGTERM, SIGINT or the end of ``lifeline``."""
    loop = asyncio.get_running_loop()
    serving = Serving(door, listener)
    serving.on_startup(ready)
    task = asyncio.create_task(serving.serve())
    stopping = False

    def stop() -> None:
        nonlocal stopping
        if not stopping:
            stopping = True
            loop.remove_reader(lifeline)
            serving.stop()
            loop.call_later(connected, task.cancel)

    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop)
    loop.add_reader(lifeline, stop)
    with suppress(asyncio.CancelledError):
        await task
    if not stopping:
        raise RuntimeError("granian has stopped by itself")
