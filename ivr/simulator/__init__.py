"""A telephone network in a process, for any application that speaks TwiML.

from ivr.simulator import Exchange

exchange = Exchange(seed=1)
exchange.number("+33800000001", app, "/voice")
caller = exchange.phone("+33155500101")
caller.call("+33800000001")
caller.press("1")
assert caller.last_heard == "One moment."
"""

from ivr.simulator.exchange import Exchange, Notice, Number
from ivr.simulator.interpreter.speech import Utterance
from ivr.simulator.people.handset import Handset
from ivr.simulator.programs import Program, program
from ivr.simulator.webhooks.request import Webhook

__all__ = ["Exchange", "Handset", "Notice", "Number", "Program", "Utterance", "Webhook", "program"]
