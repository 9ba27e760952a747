"""Calls as dialogues (``.call``): read one, play it on an exchange, write one from a call."""

from ivr.simulator.dialogues.record import CallRecord, write
from ivr.simulator.dialogues.stage import exchange_for, play
from ivr.simulator.dialogues.update import update
from ivr.simulator.expectations.mismatch import DialogueError
from ivr.simulator.expectations.syntax import (
    Dialogue,
    DialogueSyntaxError,
    parse,
    parse_acts,
    read,
)

__all__ = [
    "CallRecord",
    "Dialogue",
    "DialogueError",
    "DialogueSyntaxError",
    "exchange_for",
    "parse",
    "parse_acts",
    "play",
    "read",
    "update",
    "write",
]
