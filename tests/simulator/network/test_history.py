"""What has happened between telephones, and when two could hear each other."""

from __future__ import annotations

from datetime import timedelta

from ivr.simulator import Exchange
from ivr.simulator.network.history import Happening, History, Span, together
from ivr.simulator.network.network import START
from tests.kit.twiml_app import App

LINE, ANNA, BEN = "+33800000001", "+33155500101", "+33155500102"
ROOM = "<Response><Dial><Conference>room</Conference></Dial></Response>"


def second(seconds: float):
    return START + timedelta(seconds=seconds)


def test_a_dial_is_a_ring_an_answer_and_a_conversation() -> None:
    exchange = Exchange()
    exchange.number(LINE, App({"/": f"<Response><Dial>{BEN}</Dial></Response>"}))
    anna, ben = exchange.phone(ANNA), exchange.phone(BEN)
    ben.will("answer", after=3)

    anna.call(LINE)
    exchange.wait(10)
    ben.hang_up()
    exchange.wait(1)

    called, rung = anna.calls[0].sid, ben.calls[0].sid
    assert [each[1:4] for each in exchange.history] == [
        (called, "answered", ""),
        (rung, "ringing", ""),
        (rung, "answered", ""),
        (called, "bridged", rung),
        (rung, "ended", "completed"),
        (called, "parted", rung),
        (called, "ended", "completed"),
    ]
    whys = [each.why for each in exchange.history if each.what == "ended"]
    assert whys == [f"{BEN} has hung up", "its document has ended"]
    assert exchange.history.together(rung, called) == [Span(second(3), second(10))]


def test_people_in_a_conference_hear_each_other_but_not_on_hold() -> None:
    exchange = Exchange()
    exchange.number(LINE, App({"/": ROOM}))
    anna, ben = exchange.phone(ANNA), exchange.phone(BEN)

    anna.call(LINE)
    exchange.wait(2)
    ben.call(LINE)
    exchange.wait(10)
    [room] = exchange.client.conferences.list()
    participant = exchange.client.conferences(room.sid).participants(anna.calls[0].sid)
    participant.update(hold=True)
    exchange.wait(5)
    participant.update(hold=False)
    exchange.wait(5)
    pair = anna.calls[0].sid, ben.calls[0].sid
    assert exchange.history.together(*pair)[-1] == Span(second(17))
    anna.hang_up()
    ben.hang_up()

    assert exchange.history.together(*pair) == [
        Span(second(2), second(12)),
        Span(second(17), second(22)),
    ]


def test_a_queue_is_entered_and_left() -> None:
    exchange = Exchange()
    exchange.number(LINE, App({"/": "<Response><Enqueue>support</Enqueue></Response>"}))
    anna = exchange.phone(ANNA)

    anna.call(LINE)
    exchange.wait(5)
    anna.hang_up()

    queued = [each for each in exchange.history if "queued" in each.what]
    assert [(each.at, each.what, each.about) for each in queued] == [
        (second(0), "queued", "support"),
        (second(5), "dequeued", "support"),
    ]


def test_nobody_hears_anybody_in_a_conference_that_has_not_started() -> None:
    joined = [Happening(second(at), sid, "joined", "room") for at, sid in ((0, "A"), (1, "B"))]

    assert together(joined) == {}
    begun = [*joined, Happening(second(5), "", "started", "room")]
    assert together(begun) == {frozenset("AB"): [Span(second(5))]}
    muted = [*begun, Happening(second(8), "A", "muted", "room")]
    assert together(muted) == {frozenset("AB"): [Span(second(5), second(8))]}


def test_the_oldest_is_forgotten_when_there_is_too_much() -> None:
    exchange = Exchange()
    history = History(exchange.clock, most=100)
    for number in range(1000):
        history.add(str(number), "ringing")

    assert 100 <= len(history) <= 110
    assert [each.call_sid for each in history][-1] == "999"
