"""The errors that both sides share. The line's own are in `ivr.line.errors`.

An `IVRError` is raised on purpose and says what to do; anything else is a defect. What a caller
presses wrongly is an outcome of the flow and raises nothing.

    IVRError
    ├── SettingsError  a setting or a choice of the command is wrong
    ├── CallError      this call can't go on as asked
    ├── TwiMLError     Twilio would refuse the document (`code` is Twilio's number)
    └── …              the line's own: `ivr.line.errors`
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
