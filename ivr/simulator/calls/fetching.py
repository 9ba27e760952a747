"""How a document gets the next one: requested, read, or replaced after a failure."""

from __future__ import annotations

from ivr.errors import TwiMLError
from ivr.simulator.calls.leg import Leg
from ivr.simulator.calls.player import Player
from ivr.simulator.interpreter import requests
from ivr.simulator.interpreter.interpreter import Interpreter
from ivr.simulator.interpreter.requests import PENDING
from ivr.simulator.interpreter.settings import CALL, WAITS, WHISPER
from ivr.simulator.webhooks.delivery import Delivery
from ivr.simulator.webhooks.documents import APPLICATION_ERROR, document_of, unbuilt_page
from ivr.twiml.reading import Unbuilt

# Other documents play over the leg's own; when they fail, the call goes on.
MAIN = (CALL, WHISPER)
MAX_HOPS = 100  # our limit, not Twilio's: documents in a row while no time passes


def fetch(leg: Leg, player: Player, request: requests.Fetch) -> object:
    """The Page at once when the application is in process, else PENDING and it comes later."""
    if player.hops() > MAX_HOPS:
        return _too_many(leg)
    values = leg.fields((*request.params, *about_the_wait(leg, player)))
    delivery = leg.request(request.url, request.method, values)
    return _get(leg, player, delivery, request.url, fallback=False)


def _too_many(leg: Leg) -> object:
    why = f"simulator limit: {MAX_HOPS} documents in a row without any time passing"
    leg.network.note("error", 0, why, "", leg.sid)
    leg.end("completed", why)
    return PENDING


def about_the_wait(leg: Leg, player: Player) -> requests.Params:
    """The parameters of a request from within a wait document; none elsewhere."""
    if player.setting not in WAITS or leg.engaged is None:
        return requests.NONE
    return leg.engaged.waiting_params()


def _get(leg: Leg, player: Player, delivery: Delivery, url: str, fallback: bool) -> object:
    ticket = player.ticket

    def later(done: Delivery) -> None:
        if ticket == player.ticket and player.steps is not None:
            page = _page(leg, player, done, url, fallback)
            if page is not PENDING:
                player.resume(page)

    if delivery.start(later, patience=True):
        return _page(leg, player, delivery, url, fallback)
    return PENDING


def _page(leg: Leg, player: Player, delivery: Delivery, url: str, fallback: bool) -> object:
    assert delivery.reply is not None
    network = leg.network
    try:
        document = document_of(delivery.reply, delivery.url)
    except Unbuilt as refusal:
        network.note("error", 0, str(refusal), delivery.url, leg.sid)
        return unbuilt_page(refusal)
    except TwiMLError as error:
        return fail(leg, player, error.code, error.message + delivery.led, url, fallback)
    for flaw in document.warnings:
        text = f"{flaw.message} (line {flaw.line})" if flaw.line else flaw.message
        network.note(flaw.level, flaw.code, text, delivery.url, leg.sid)
    return requests.Page(delivery.url, document.verbs)


def fail(
    leg: Leg, player: Player, code: int, message: str, url: str, fallback: bool = False
) -> object:
    """A document can't be fetched or carried out: the fallback URL, else the spoken apology.

    (https://www.twilio.com/docs/usage/security/availability-reliability)
    """
    leg.network.note("error", code, message, url, leg.sid)
    if player.setting not in MAIN:
        leg.failed(player, message)
        return PENDING
    route = leg.route
    if not route.fallback or fallback:
        return APPLICATION_ERROR
    values = leg.fields((("ErrorCode", str(code)), ("ErrorUrl", url)))
    delivery = leg.request(route.fallback, route.fallback_method, values)
    return _get(leg, player, delivery, route.fallback, fallback=True)


def audio_failed(leg: Leg, player: Player, error: TwiMLError, url: str) -> None:
    """A file that can't be played is fatal for its document."""
    if player.setting in MAIN:
        failure = requests.Fail(error.code, f"{error.message} ({url})")
        player.steps = _after_failure(Interpreter(player.setting), failure)
        player.soon(None)
    else:
        fail(leg, player, error.code, error.message, url)


def _after_failure(interpreter: Interpreter, failure: requests.Fail) -> requests.Steps:
    page = yield failure
    yield from interpreter.run(page)
