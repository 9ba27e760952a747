"""How a playing document gets the next one: requested, read, or replaced after a failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivr.errors import TwiMLError
from ivr.simulator.interpreter import requests as acts
from ivr.simulator.interpreter.interpreter import CALL, WHISPER, Line
from ivr.simulator.interpreter.requests import PENDING
from ivr.simulator.webhooks.delivery import Delivery
from ivr.simulator.webhooks.documents import APPLICATION_ERROR, document_of, unbuilt_page
from ivr.twiml.reading import Unbuilt

if TYPE_CHECKING:
    from ivr.simulator.calls.player import Player

# Documents that play over a leg's own don't take the call down when they fail.
MAIN = (CALL, WHISPER)


def fetch(player: Player, request: acts.Fetch) -> object:
    """The Page at once when the application is in process, else PENDING and it comes later."""
    leg, params = player.leg, request.params
    waiting = getattr(leg.engaged, "waiting_params", None) if request.waiting else None
    if waiting is not None:
        params = (*params, *waiting())
    delivery = leg.request(request.url, request.method, leg.fields(params))
    return _get(player, delivery, request.url, fallback=False)


def _get(player: Player, delivery: Delivery, url: str, fallback: bool) -> object:
    ticket = player.ticket

    def later(done: Delivery) -> None:
        if ticket == player.ticket and player.steps is not None:
            page = _page(player, done, url, fallback)
            if page is not PENDING:
                player.resume(page)

    if delivery.start(later, patience=True):
        return _page(player, delivery, url, fallback)
    return PENDING


def _page(player: Player, delivery: Delivery, url: str, fallback: bool) -> object:
    assert delivery.reply is not None
    leg, exchange = player.leg, player.leg.exchange
    try:
        document = document_of(delivery.reply, delivery.url)
    except Unbuilt as refusal:
        exchange.note("error", 0, str(refusal), delivery.url, leg.sid)
        return unbuilt_page(refusal)
    except TwiMLError as error:
        return fail(player, error.code, error.message, url, fallback)
    for flaw in document.warnings:
        text = f"{flaw.message} (line {flaw.line})" if flaw.line else flaw.message
        exchange.note(flaw.level, flaw.code, text, delivery.url, leg.sid)
    return acts.Page(delivery.url, document.verbs)


def fail(player: Player, code: int, message: str, url: str, fallback: bool = False) -> object:
    """A document can't be had or carried out: the fallback URL, else the spoken apology.

    (https://www.twilio.com/docs/usage/security/availability-reliability)
    """
    leg = player.leg
    leg.exchange.note("error", code, message, url, leg.sid)
    if player.setting not in MAIN:
        leg.failed(player, message)
        return PENDING
    route = leg.route
    if not route.fallback or fallback:
        return APPLICATION_ERROR
    values = leg.fields((("ErrorCode", str(code)), ("ErrorUrl", url)))
    delivery = leg.request(route.fallback, route.fallback_method, values)
    return _get(player, delivery, route.fallback, fallback=True)


def audio_failed(player: Player, error: TwiMLError, url: str) -> None:
    """A Play that can't be played is fatal for its document."""
    if player.setting in MAIN:
        failure = acts.Fail(error.code, f"{error.message} ({url})")
        player.steps = _after_failure(Line(player.setting), failure)
        player.soon(None)
    else:
        fail(player, error.code, error.message, url)


def _after_failure(line: Line, failure: acts.Fail) -> acts.Steps:
    page = yield failure
    yield from line.run(page)
