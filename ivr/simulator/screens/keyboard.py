"""Single keys from a terminal, without Enter; the terminal is left as it was before."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

CTRL_C = "\x03"


class Keyboard(Protocol):
    """Keys as they are typed."""

    def read(self, seconds: float) -> str:
        """What was typed within so many seconds, "" if nothing was."""
        ...


class Silent:
    """No keyboard: only time passes."""

    def read(self, seconds: float) -> str:
        time.sleep(seconds)
        return ""


class Posix:
    """A terminal that gives single keys; `terminal` sets it up and restores it."""

    def read(self, seconds: float) -> str:
        import os
        import select

        ready, _, _ = select.select([sys.stdin], [], [], seconds)
        return os.read(sys.stdin.fileno(), 64).decode(errors="replace") if ready else ""


class Windows:
    """The console of Windows, which has to be polled."""

    def read(self, seconds: float) -> str:
        import msvcrt

        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if msvcrt.kbhit():  # type: ignore[attr-defined]
                return str(msvcrt.getwch())  # type: ignore[attr-defined]
            time.sleep(0.01)
        return ""


@contextmanager
def terminal() -> Iterator[Keyboard]:
    """The keyboard of this process, for the length of a ``with`` block."""
    if sys.platform == "win32":
        yield Windows()
        return
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setcbreak(sys.stdin)  # Ctrl-C still interrupts
        yield Posix()
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
