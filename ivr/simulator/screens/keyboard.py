"""Single keys from a terminal, without waiting for Enter; the terminal is left as it was found."""

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
        """What was typed within so many seconds, "" if nothing."""
        ...


class Silent:
    """No keyboard at all: time passes."""

    def read(self, seconds: float) -> str:
        time.sleep(seconds)
        return ""


class Posix:
    """A terminal whose keys come one by one; `terminal` sets it up and puts it back."""

    def read(self, seconds: float) -> str:
        import os
        import select

        ready, _, _ = select.select([sys.stdin], [], [], seconds)
        return os.read(sys.stdin.fileno(), 64).decode(errors="replace") if ready else ""


class Windows:
    """The console of Windows, which has to be asked again and again."""

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
    """The keyboard of this process, for as long as the block lasts."""
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
