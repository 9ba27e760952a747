"""A telephone network in a process, for any application that speaks TwiML.

from ivr.simulator import Exchange

exchange = Exchange(seed=1)
exchange.number("+33800000001", app, "/voice")
caller = exchange.phone("+33155500101")
caller.call("+33800000001")
caller.press("1")
assert caller.last_heard == "One moment."
"""

from ivr.simulator.calls.engagements.agents import AgentSession
from ivr.simulator.exchange import Exchange
from ivr.simulator.interpreter.speech import Utterance
from ivr.simulator.network.history import Happening, History, Span
from ivr.simulator.network.network import Notice
from ivr.simulator.network.numbers import Number
from ivr.simulator.network.webhook import Webhook
from ivr.simulator.people.handset import Handset
from ivr.simulator.programs import Program, program

__all__ = [
    "AgentSession",
    "Exchange",
    "Handset",
    "Happening",
    "History",
    "Notice",
    "Number",
    "Program",
    "Span",
    "Utterance",
    "Webhook",
    "program",
]
