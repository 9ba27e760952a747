"""Whatever applications answer and people do: the network stays in order."""

from __future__ import annotations

import gc
import tracemalloc
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twilio.base.exceptions import TwilioException

from ivr.errors import CallError
from ivr.simulator import Exchange, Handset
from ivr.twiml.verbs import (
    Client,
    Conference,
    Dial,
    Enqueue,
    Gather,
    Hangup,
    Leave,
    Number,
    Pause,
    Queue,
    Record,
    Redirect,
    Reject,
    Say,
)
from ivr.twiml.writing import render
from tests.kit.twiml_app import LINE, App

PEOPLE = ("+33155500101", "+33155500102", "+33155500103", "client:op1")
OTHER = "+33800000002"  # a number that the application has as well
PATHS = ("/a", "/b", "/c")

paths = st.sampled_from(["", *PATHS])
says = st.builds(Say, st.sampled_from(["Hello", "Please wait a moment"]))
ringable = st.one_of(
    st.builds(Number, st.sampled_from(PEOPLE[:3]), url=paths, status_callback=paths),
    st.builds(Client, st.just("op1"), url=paths),
    st.builds(Number, st.sampled_from([LINE, OTHER]), url=paths),
)
rooms = st.builds(
    Conference,
    st.sampled_from(["one", "two"]),
    start_on_enter=st.booleans(),
    end_on_exit=st.booleans(),
    wait_url=st.one_of(st.none(), paths),
    max_participants=st.sampled_from([2, 250]),
    status_callback=paths,
    status_callback_event=st.just("start end join leave"),
    record=st.sampled_from(["", "record-from-start"]),
    recording_status_callback=paths,
)
nouns = st.one_of(
    st.lists(ringable, min_size=1, max_size=3).map(tuple),
    rooms.map(lambda room: (room,)),
    st.builds(Queue, st.sampled_from(["q", "r"]), url=paths).map(lambda queue: (queue,)),
)
waits = st.sampled_from([0, 5])
verbs = st.one_of(
    says,
    st.just(Pause(2)),
    st.builds(
        Gather,
        action=paths,
        num_digits=st.sampled_from([None, 1]),
        verbs=st.lists(says, max_size=1).map(tuple),
    ),
    st.builds(
        Dial,
        nouns,
        action=paths,
        hangup_on_star=st.booleans(),
        answer_on_bridge=st.booleans(),
        sequential=st.booleans(),
        time_limit=st.sampled_from([20, 14400]),
    ),
    st.builds(
        Dial,
        st.lists(ringable, min_size=1, max_size=3).map(tuple),
        action=paths,
        record=st.sampled_from(["record-from-answer", "record-from-ringing-dual"]),
        recording_status_callback=paths,
    ),
    st.builds(
        Enqueue, st.sampled_from(["q", "r"]), action=paths, wait_url=st.one_of(st.none(), paths)
    ),
    st.builds(Redirect, paths),
    st.builds(
        Record, action=paths, max_length=st.just(10), recording_status_callback=paths, timeout=waits
    ),
    st.sampled_from([Hangup(), Leave(), Reject("busy")]),
)
documents = st.lists(st.lists(verbs, max_size=3).map(tuple), min_size=3, max_size=6)
habits = st.sampled_from(["answer", "ring", "busy", "decline", "unreachable"])
acts = st.lists(
    st.tuples(
        st.sampled_from(["call", "press", "star", "say", "answer", "hang_up", "wait", "rest"]),
        st.integers(0, 3),
        st.integers(0, 9),
    ),
    max_size=25,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(documents, st.lists(habits, min_size=4, max_size=4), acts)
def test_nothing_is_left_behind(pages: Any, habits: list[str], acts: Any) -> None:
    exchange, phones = _world(pages, habits)
    for what, who, how in acts:
        _act(exchange, phones[who], what, how)
        _in_order(exchange, phones)
    for phone in phones:
        phone.will("unreachable")
    exchange.wait(70)  # the phones that ring are answered, or aren't
    for phone in phones:
        if phone.in_call:
            phone.hang_up()
    exchange.wait(400)

    _in_order(exchange, phones)
    assert [leg for leg in exchange.legs.values() if not leg.ended] == []
    assert [each for each in exchange.conferences if each.participants] == []
    assert {each.status for each in exchange.recordings} <= {"completed", "absent"}
    assert all(each.seconds <= 10 for each in exchange.recordings if each.source == "RecordVerb")
    assert [queue for queue in exchange.queues if queue.members or queue.dialling] == []


# Goal: less than 4 kB for each concurrent call; what is remembered of requests isn't a call's
def test_many_calls_at_once_stay_small() -> None:
    exchange = Exchange(requests=0)
    body = render((Gather(num_digits=1, verbs=(Say("Hello"),)),)).encode()

    def app(_environ: Any, start: Any) -> list[bytes]:
        start("200 OK", [("Content-Type", "text/xml")])
        return [body]

    exchange.number(LINE, app)
    phones = [exchange.phone(f"+331{i:08}") for i in range(2001)]
    phones.pop().call(LINE)  # what everybody shares
    gc.collect()
    tracemalloc.start()
    for phone in phones:
        phone.call(LINE)
    gc.collect()
    each = tracemalloc.get_traced_memory()[0] / len(phones)
    tracemalloc.stop()

    assert all(phone.listening for phone in phones)
    assert each < 4096


def _world(pages: Any, habits: list[str]) -> tuple[Exchange, list[Handset]]:
    exchange = Exchange()
    turn = iter(range(10**9))

    def next_page(_params: Any) -> str:
        return render(pages[next(turn) % len(pages)])

    app = App(dict.fromkeys(("/voice", *PATHS), next_page))
    exchange.number(LINE, app, "/voice", status_callback="/a")
    exchange.number(OTHER, app, "/b")
    phones = [exchange.phone(number) for number in PEOPLE]
    for phone, habit in zip(phones, habits, strict=True):
        phone.will(habit, after=1, press="1")
    return exchange, phones


def _act(exchange: Exchange, phone: Handset, what: str, how: int) -> None:
    try:
        match what:
            case "call":
                phone.call(LINE)
            case "press":
                phone.press(str(how))
            case "star":
                phone.press("*")
            case "say":
                phone.say("so " * how)
            case "answer":
                phone.answer()
            case "hang_up":
                phone.hang_up()
            case "wait":
                exchange.wait(how * 2)
            case "rest":
                _ask(exchange, phone, how)
    except (CallError, TwilioException):
        pass  # nobody can answer a phone that isn't ringing, or redirect a call that has ended


def _ask(exchange: Exchange, phone: Handset, how: int) -> None:
    calls, url = exchange.client.calls, f"https://line.test{PATHS[how % 3]}"
    sid = phone.calls[-1].sid if phone.calls else "CA0"
    match how:
        case 0 | 1 | 2:
            calls.create(to=phone.number, from_=LINE, url=url)
        case 3 | 4 | 5:
            calls(sid).update(url=url)
        case 6:
            calls(sid).update(status="completed")
            calls(sid).recordings.create()
        case 7:
            participants = exchange.client.conferences("one").participants
            participants.create(from_=LINE, to=phone.number)
        case 8:
            exchange.client.conferences("one").participants(sid).update(hold=True, hold_url=url)
        case 9:
            exchange.client.conferences("one").update(status="completed")


def _in_order(exchange: Exchange, phones: list[Handset]) -> None:
    for phone in phones:
        assert phone.leg is None or not phone.leg.ended
        assert phone not in phone.connected_to
        for other in phone.connected_to:
            assert phone in other.connected_to
    for leg in exchange.legs.values():
        if leg.ended:
            assert leg.player is None
            assert leg.engaged is None
            assert leg.background is None
