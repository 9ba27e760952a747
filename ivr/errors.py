"""What can go wrong, by whose fault it is.

IVRError
├── FlowError      the author of a flow: found when the flow is made, never during a call
├── SettingsError  the person who set it up: a missing or wrong setting, found at start-up
├── DataError      the person who imports: rows that can't be loaded
├── CallError      this call: it can't go on as asked
├── CaseError      this case: what was asked for can't be done with it, or not by this person
├── NotYet         nobody: what is due has to wait until `at`
├── GivenUp        nobody who could be named: what is due can't be done, and isn't tried again
└── TwiMLError     the other side's document: Twilio would refuse it (`code` is Twilio's number)
"""

from __future__ import annotations

from datetime import datetime


class IVRError(Exception):
    """The root of every error that this package raises on purpose."""


class FlowError(IVRError):
    """A call flow is wrong as written; says where and what to do."""


class SettingsError(IVRError):
    """A setting is missing or makes no sense; says which and what to do."""


class DataError(IVRError):
    """Rows can't be imported; says line, column and why."""


class CallError(IVRError):
    """One call can't go on as asked."""


class CaseError(IVRError):
    """Something can't be done with a case; says why, and what could be done instead."""


class NotYet(IVRError):
    """What is due has to wait until ``at``, an aware instant; it hasn't failed."""

    def __init__(self, at: datetime, message: str = "not yet") -> None:
        super().__init__(message)
        self.at = at


class GivenUp(IVRError):
    """What is due can't be done; trying again would be no use. Says why."""


class TwiMLError(IVRError):
    """A document that Twilio refuses; ``code`` is the number in Twilio's error dictionary."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
