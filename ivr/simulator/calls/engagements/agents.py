"""Virtual agents: <Connect><VirtualAgent>, played by a script of the test.

https://www.twilio.com/docs/voice/twiml/connect/virtualagent, and for what the action gets
https://www.twilio.com/docs/studio/widget-library/connect-virtual-agent
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from typing import Any

from ivr.errors import CallError
from ivr.simulator.calls.leg import Leg
from ivr.simulator.calls.player import Player
from ivr.simulator.calls.protocols import Engagement
from ivr.simulator.interpreter import requests
from ivr.simulator.interpreter.interpreter import resolve
from ivr.simulator.interpreter.settings import VIRTUAL_AGENT, Setting
from ivr.simulator.webhooks.delivery import Delivery
from ivr.twiml import verbs as v

PROVIDER = "DialogflowCX"
PROVIDER_ERROR = 32601  # https://www.twilio.com/docs/api/errors/32601
NO_CONNECTOR = 32602  # https://www.twilio.com/docs/api/errors/32602
TALK = "it yields each text that the agent says, and is sent what the caller says or keys"
PATIENCE = 5.0  # ours: seconds after which the script hears "" because nothing was said
BETWEEN_KEYS = 3.0  # ours: seconds without a key that end what is keyed


class AgentSession:
    """One caller's time with a virtual agent, as its script sees it.

    ``parameters`` and ``config`` are the <Parameter>s and <Config>s of the document, ``language``
    its language ("" for the agent's own), ``call_sid`` the caller's. ``patience``: seconds after
    which the script is sent "" because nothing was said; it may be changed. ``hand_off(…)`` and
    ``fail(…)`` say how it ends.
    """

    def __init__(self, noun: v.VirtualAgent, call_sid: str) -> None:
        settings = noun.settings
        self.parameters = {e.name: e.value for e in settings if isinstance(e, v.Parameter)}
        self.config = {e.name: e.value for e in settings if isinstance(e, v.Config)}
        self.language = noun.language
        self.call_sid = call_sid
        self.patience = PATIENCE
        self.status = "completed"
        self.handoff: dict[str, Any] = {}
        self.error = ""
        self.error_code = 0

    def hand_off(self, **parameters: Any) -> None:
        """End with a live agent handoff: the action gets these as AgentHandoffParameters.

        The session is over once the script returns.
        """
        self.status, self.handoff = "live-agent-handoff", parameters

    def fail(self, error: str, code: int = PROVIDER_ERROR) -> None:
        """End as if the provider had failed, with an error of Twilio's (32600 to 32603).

        The session is over once the script returns.
        """
        self.status, self.error, self.error_code = "failed", error, code


Script = Callable[[AgentSession], Generator[str, str, object]]


class AgentConnection(Engagement[Leg]):
    """<Connect><VirtualAgent>: the call belongs to the script until that returns."""

    __slots__ = ("base", "conversation", "leg", "noun", "player", "script", "session", "user")

    def __init__(
        self, leg: Leg, player: Player, noun: v.VirtualAgent, base: str, script: Script | None
    ) -> None:
        self.leg = leg
        self.player = player
        self.noun = noun
        self.base = base
        self.script = script
        self.session = AgentSession(noun, leg.sid)
        self.conversation = f"projects/simulator/conversations/{leg.network.seed.sid('')}"
        self.user = f"{self.conversation}/participants/{leg.network.seed.sid('')}"

    def start(self) -> None:
        network, name = self.leg.network, self.noun.connector_name
        if self.script is None:
            why = f'no connector is called "{name}"' if name else "there is no connectorName"
            self.session.fail(why, NO_CONNECTOR)
            text = f'{why}; exchange.virtual_agent("{name or "NAME"}", script) adds one'
            network.note("error", NO_CONNECTOR, text, self.base, self.leg.sid)
            self._over()
        else:
            talk = self.script(self.session)
            if not isinstance(talk, Generator):
                raise CallError(f"the script of {self.noun.connector_name} has no yield: {TALK}")
            self.leg.play_over(self._talk(talk), VIRTUAL_AGENT)

    def _talk(self, script: Generator[str, str, object]) -> requests.Steps:
        """Say what the script says, and send it what is said to it, or keyed, until it returns."""
        answer: str | None = None
        while True:
            try:
                says = next(script) if answer is None else script.send(answer)
            except StopIteration:
                return
            if not isinstance(says, str):
                name = self.noun.connector_name
                raise CallError(f"the script of {name} has yielded {says!r}: {TALK}")
            self._tell(says)
            language = self.session.language
            heard = yield requests.Speak("say", says, language, ears="dtmf speech")
            if heard is None:
                heard = yield requests.Listen(self.session.patience, "dtmf speech")
            answer = str(heard or "")
            while isinstance(heard, requests.Key) and heard != "#":
                heard = yield requests.Listen(BETWEEN_KEYS)
                answer += str(heard or "")
            answer = answer.rstrip("#")

    def document_over(self, leg: Leg, setting: Setting, error: str) -> None:
        if self.session.status == "failed":
            session = self.session
            self.leg.network.note("error", session.error_code, session.error, self.base, leg.sid)
        self._over()

    def leave(self, reason: str) -> requests.Params:
        """ "A session ends in the following ways: … the caller hangs up." """
        if reason == "hangup":
            self.session.status = "hangup"
        return self.params()

    def _over(self) -> None:
        self.leg.engaged = None
        self.player.soon(requests.Outcome(self.params()))

    def params(self) -> requests.Params:
        """The parameters of the action."""
        session = self.session
        data: dict[str, Any] = {"ConversationId": self.conversation, "EndUserId": self.user}
        if session.status == "live-agent-handoff":
            data["AgentHandoffParameters"] = session.handoff
        params = [
            ("VirtualAgentProvider", PROVIDER),
            ("VirtualAgentProviderData", json.dumps(data)),
            ("VirtualAgentStatus", session.status),
        ]
        if session.status == "failed":
            params.append(("VirtualAgentError", session.error))
            params.append(("VirtualAgentErrorCode", str(session.error_code)))
            if session.error_code == PROVIDER_ERROR:
                params.append(("VirtualAgentProviderError", session.error))
        return tuple(params)

    def _tell(self, reply: str) -> None:
        """The status callback: what the agent has answered."""
        if not self.noun.status_callback:
            return
        network = self.leg.network
        data = {
            "ConversationId": self.conversation,
            "EndUserId": self.user,
            "LanguageCode": self.session.language or "en-US",
            "ReplyText": reply,
        }
        values = {
            "AccountSid": network.account_sid,
            "CallSid": self.leg.sid,
            "Timestamp": network.clock.stamp(),
            "VirtualAgentProvider": PROVIDER,
            "VirtualAgentProviderData": json.dumps(data),
        }
        url = resolve(self.base, self.noun.status_callback)
        method = self.noun.status_callback_method
        network.clock.soon(Delivery(network, url, method, values, self.leg.sid).tell)
