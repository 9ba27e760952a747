"""A call as a dialogue: read it, play it on an exchange, write one from a call that happened."""

from .dialogue import Dialogue, DialogueSyntaxError, parse, parse_acts
from .mismatch import DialogueError
from .record import Record, write
from .stage import exchange_for, play
from .update import update

__all__ = [
    "Dialogue",
    "DialogueError",
    "DialogueSyntaxError",
    "Record",
    "exchange_for",
    "parse",
    "parse_acts",
    "play",
    "update",
    "write",
]
