"""The errors that both sides share, raised on purpose; anything else is a defect. A caller's wrong
key is an outcome of the flow and raises nothing.

IVRError
├── SettingsError  a setting or a choice of the command is wrong
├── CallError      this call can't go on as asked
├── TwiMLError     Twilio would refuse the document (`code` is Twilio's number)
└── …              the line's own, in `ivr/line/errors.py`
"""

from __future__ import annotations


class IVRError(Exception):
    """The root of every error that this package raises on purpose."""


class SettingsError(IVRError):
    """A setting is missing or makes no sense; says which and what to do."""


class CallError(IVRError):
    """A call can't go on as asked."""


class TwiMLError(IVRError):
    """A document that Twilio refuses; ``code`` is the number in Twilio's error dictionary."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
