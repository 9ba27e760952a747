"""The line's errors. Each says who has to act.

IVRError
├── FlowError      the author: the flow, its prompts or line.toml are wrong
├── DataError      the administrator: rows that were to be imported are wrong
├── CaseError      this case: what was asked for can't be done with it, or not by this person
├── NotYet         nobody: a duty has to wait until `at`
└── GivenUp        nobody who could be named: a duty can't be carried out, and isn't tried again
"""

from __future__ import annotations

from datetime import datetime

from ivr.errors import IVRError


class FlowError(IVRError):
    """A call flow is wrong as written; says where and what to do."""


class DataError(IVRError):
    """Rows can't be imported; says line, column and why."""


class CaseError(IVRError):
    """Something can't be done with a case; says why, and what could be done instead.

    ``field`` is what was given wrongly, if it is one thing. ``say`` names the same sentence in a
    page's words (with ``values`` in its slots), ``""`` where there is none: then the message is
    shown, in English.
    """

    def __init__(self, message: str, field: str = "", say: str = "", **values: object) -> None:
        super().__init__(message)
        self.field = field
        self.say = say
        self.values = values


class NotYet(IVRError):
    """A duty has to wait until ``at``, an aware instant; it hasn't failed."""

    def __init__(self, at: datetime, message: str = "not yet") -> None:
        super().__init__(message)
        self.at = at


class GivenUp(IVRError):
    """A duty can't be carried out; trying again would be no use. Says why."""
