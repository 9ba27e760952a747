"""What a check of `ivr doctor` says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "wrong"]


@dataclass(frozen=True, slots=True)
class Result:
    """``check`` is what was looked at, ``what`` was found, ``do`` the remedy, ``""`` when there is
    nothing to do. With a ``warning`` the line can take calls, with something ``wrong`` it can't, or
    loses some."""

    level: Level
    check: str
    what: str
    do: str = ""

    def __str__(self) -> str:
        remedy = f"; {self.do}" if self.do else ""
        return f"{self.level:8}{self.check}: {self.what}{remedy}"


def ok(check: str, what: str) -> Result:
    return Result("ok", check, what)


def warning(check: str, what: str, do: str) -> Result:
    return Result("warning", check, what, do)


def wrong(check: str, what: str, do: str) -> Result:
    return Result("wrong", check, what, do)


__all__ = ["Level", "Result", "ok", "warning", "wrong"]
