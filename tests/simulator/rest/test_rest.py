"""The REST API, asked by an unmodified ``twilio.rest.Client``: in process and over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from requests.exceptions import ReadTimeout
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.rest import Client

from ivr.simulator.rest.serving.server import RestServer
from ivr.twiml.verbs import Gather, Say
from tests.kit.twiml_app import CALLEE, CALLER, LINE, network

URL = "https://line.test/outbound"
PAGES = {
    "/voice": (Gather(timeout=600),),
    "/outbound": (Say("Hello"), Gather(timeout=600)),
    "/other": (Say("Other"), Gather(timeout=600)),
    "/status": (),
}
ALL = ["initiated", "ringing", "answered", "completed"]


@pytest.fixture
def world() -> Any:
    exchange, app, caller = network(PAGES)
    return exchange, app, caller, exchange.phone(CALLEE)


def ring(exchange: Any, **options: Any) -> Any:
    made = exchange.client.calls.create(to=CALLEE, from_=LINE, **({"url": URL} | options))
    exchange.wait(0)
    return made


# ---- calls -------------------------------------------------------------------------------------


def test_a_call_is_made(world: Any) -> None:
    exchange, app, _, callee = world
    made = exchange.client.calls.create(to=CALLEE, from_=LINE, url=URL)
    assert (made.status, made.direction, made.duration) == ("queued", "outbound-api", None)
    assert not callee.ringing

    exchange.wait(0)
    assert callee.ringing
    assert callee.caller_id == LINE
    assert app.paths == []
    callee.answer()
    assert callee.last_heard == "Hello"
    assert app.asked("/outbound")[0]["Direction"] == "outbound-api"
    assert app.asked("/outbound")[0]["CallStatus"] == "in-progress"
    exchange.wait(30)
    callee.hang_up()
    ended = exchange.client.calls(made.sid).fetch()
    assert (ended.status, ended.duration) == ("completed", "30")


# "All numbers are strings, dates RFC 2822, missing = null"
def test_a_calls_json(world: Any) -> None:
    exchange, _, _, callee = world
    made = ring(exchange)
    callee.answer()
    exchange.wait(5)
    callee.hang_up()

    status, shown = exchange.api.respond("GET", exchange.api.uri(f"/Calls/{made.sid}"), {})

    assert status == 200
    assert shown["duration"] == "5"
    assert shown["start_time"] == "Tue, 24 Nov 2026 09:00:00 +0000"
    assert shown["end_time"] == "Tue, 24 Nov 2026 09:00:05 +0000"
    assert shown["parent_call_sid"] is None
    assert shown["phone_number_sid"] == exchange.numbers[LINE].sid
    assert shown["uri"] == f"/2010-04-01/Accounts/{exchange.account_sid}/Calls/{made.sid}.json"
    assert len(shown) == 26


HABITS = [
    ("busy", ["initiated", "busy"]),
    ("decline", ["initiated", "ringing", "busy"]),
    ("ring", ["initiated", "ringing", "no-answer"]),
    ("unreachable", ["initiated", "failed"]),
]


@pytest.mark.parametrize(("habit", "told"), HABITS)
def test_who_cannot_be_reached(world: Any, habit: str, told: list[str]) -> None:
    exchange, app, _, callee = world
    callee.will(habit)

    ring(exchange, status_callback="https://line.test/status", status_callback_event=ALL)
    exchange.wait(61)

    assert [params["CallStatus"] for params in app.asked("/status")] == told


def test_the_timeout_is_how_long_it_rings(world: Any) -> None:
    exchange, _, _, callee = world
    ring(exchange, timeout=20)

    exchange.wait(19.9)
    assert callee.ringing
    exchange.wait(0.2)
    assert callee.calls[0].status == "no-answer"


def test_twiml_of_its_own(world: Any) -> None:
    exchange, app, _, callee = world
    ring(exchange, url=None, twiml="<Response><Say>Direct</Say></Response>")
    callee.answer()

    assert callee.last_heard == "Direct"
    assert app.paths == []


def test_digits_are_sent_before_the_document(world: Any) -> None:
    exchange, _, _, callee = world
    ring(exchange, send_digits="ww1")
    callee.answer()
    assert callee.heard[0].text == "ww1"
    assert callee.last_heard == ""

    exchange.wait(1.3)
    assert callee.last_heard == "Hello"


def test_the_time_limit(world: Any) -> None:
    exchange, _, _, callee = world
    made = ring(exchange, time_limit=60)
    callee.answer()
    exchange.wait(50)
    exchange.client.calls(made.sid).update(time_limit=55)

    exchange.wait(6)

    assert not callee.in_call


def test_a_live_call_is_redirected(world: Any) -> None:
    exchange, _, caller, _ = world
    caller.call(LINE)
    sid = caller.calls[0].sid

    shown = exchange.client.calls(sid).update(url="https://line.test/other")
    assert caller.last_heard == ""
    exchange.wait(0)

    assert shown.status == "in-progress"
    assert caller.last_heard == "Other"


# "Redirected child runs the new document; the parent's action comes without DialCallDuration"
def test_a_dialled_leg_is_redirected() -> None:
    pages = PAGES | {
        "/voice": f'<Response><Dial action="/over"><Number>{CALLEE}</Number></Dial></Response>',
        "/over": (Say("Over"), Gather(timeout=600)),
    }
    exchange, app, caller = network(pages)
    callee = exchange.phone(CALLEE)
    caller.call(LINE)
    callee.answer()
    exchange.wait(9)

    exchange.client.calls(callee.calls[0].sid).update(url="https://line.test/other")
    exchange.wait(0)

    (over,) = app.asked("/over")
    assert over["DialCallStatus"] == "completed"
    assert "DialCallDuration" not in over
    assert (caller.last_heard, callee.last_heard) == ("Over", "Other")


# "A REST redirect of a parent in <Dial>: the Dial's action is requested first, its answer unused,
# then the new URL"
def test_a_redirected_parent_loses_its_partner() -> None:
    pages = PAGES | {
        "/voice": f'<Response><Dial action="/over"><Number>{CALLEE}</Number></Dial></Response>'
    }
    exchange, app, caller = network(pages)
    callee = exchange.phone(CALLEE)
    caller.call(LINE)
    callee.answer()

    exchange.client.calls(caller.calls[0].sid).update(url="https://line.test/other")
    exchange.wait(0)

    assert caller.last_heard == "Other"
    assert not callee.in_call
    assert app.paths[-2:] == ["/over", "/other"]
    assert app.asked("/over")[0]["DialCallStatus"] == "completed"


# ---- the end by REST ---------------------------------------------------------------------------


def test_a_call_is_ended(world: Any) -> None:
    exchange, _, caller, _ = world
    caller.call(LINE)
    exchange.client.calls(caller.calls[0].sid).update(status="completed")
    exchange.wait(0)

    assert not caller.in_call
    assert caller.calls[0].status == "completed"


def test_a_ringing_call_is_cancelled(world: Any) -> None:
    exchange, app, _, callee = world
    made = ring(exchange, status_callback="https://line.test/status")

    exchange.client.calls(made.sid).update(status="canceled")
    exchange.wait(0)

    assert not callee.ringing
    assert app.asked("/status")[0]["CallStatus"] == "canceled"


# "Cancel while still queued: no callbacks"
def test_a_queued_call_is_cancelled_without_a_word(world: Any) -> None:
    exchange, app, _, callee = world
    made = exchange.client.calls.create(
        to=CALLEE, from_=LINE, url=URL, status_callback="https://line.test/status"
    )

    exchange.client.calls(made.sid).update(status="canceled")
    exchange.wait(60)

    assert callee.calls == []
    assert app.paths == []


def test_canceled_does_not_touch_a_live_call(world: Any) -> None:
    exchange, _, caller, _ = world
    caller.call(LINE)
    exchange.client.calls(caller.calls[0].sid).update(status="canceled")
    exchange.wait(0)

    assert caller.in_call


# ---- refusals ----------------------------------------------------------------------------------

REFUSED = [
    ({"to": ""}, 21201),
    ({"to": "hello"}, 21211),
    ({"send_digits": "1x"}, 21206),
    ({"send_digits": "1" * 33}, 21206),
    ({"from_": ""}, 21213),
    ({"from_": "x"}, 21212),
    ({"url": None}, 21200),
    ({"url": "/relative"}, 21205),
    ({"method": "PUT"}, 21200),
    ({"url": None, "twiml": "x" * 4001}, 32018),
    ({"machine_detection": "Perhaps"}, 21207),
    ({"machine_detection": "Enable", "machine_detection_timeout": 99}, 20001),
    ({"timeout": 601}, 20001),
]


@pytest.mark.parametrize(("wrong", "code"), REFUSED)
def test_a_call_that_cannot_be_made(world: Any, wrong: dict[str, Any], code: int) -> None:
    exchange = world[0]

    with pytest.raises(TwilioRestException) as caught:
        exchange.client.calls.create(**({"to": CALLEE, "from_": LINE, "url": URL} | wrong))

    assert (caught.value.status, caught.value.code) == (400, code)


# "Ended call: 400 code 21220: Call is not in-progress. Cannot redirect."
@pytest.mark.parametrize("change", [{"url": URL}, {"status": "completed"}])
def test_an_ended_call_cannot_be_changed(world: Any, change: dict[str, str]) -> None:
    exchange, _, caller, _ = world
    caller.call(LINE)
    caller.hang_up()

    with pytest.raises(TwilioRestException) as caught:
        exchange.client.calls(caller.calls[0].sid).update(**change)

    assert caught.value.code == 21220


def test_a_ringing_call_cannot_be_redirected(world: Any) -> None:
    exchange = world[0]
    made = ring(exchange)

    with pytest.raises(TwilioRestException, match="Cannot redirect"):
        exchange.client.calls(made.sid).update(url=URL)


@pytest.mark.parametrize(
    "ask",
    [
        lambda c: c.calls("CA0").fetch(),
        lambda c: c.conferences("CF0").fetch(),
        lambda c: c.queues("support").fetch(),
        lambda c: c.conferences("CF0").participants("CA0").update(muted=True),
        lambda c: c.incoming_phone_numbers("PN0").fetch(),
        lambda c: c.recordings("RE0").fetch(),
    ],
)
def test_what_is_not_there_is_a_404(world: Any, ask: Any) -> None:
    with pytest.raises(TwilioRestException) as caught:
        ask(world[0].client)

    assert (caught.value.status, caught.value.code) == (404, 20404)


# ---- lists -------------------------------------------------------------------------------------


def test_calls_are_listed_the_newest_first_and_filtered(world: Any) -> None:
    exchange, _, caller, _ = world
    caller.call(LINE)
    caller.hang_up()
    made = ring(exchange)
    calls = exchange.client.calls

    assert [call.sid for call in calls.list()] == [made.sid, caller.calls[0].sid]
    assert [call.sid for call in calls.list(status="completed")] == [caller.calls[0].sid]
    assert [call.sid for call in calls.list(to=CALLEE)] == [made.sid]
    assert len(calls.list(from_=CALLER)) == 1
    assert calls.list(parent_call_sid="CA0") == []
    assert len(calls.list(start_time_after=exchange.clock.now())) == 2


# "SDK follows next_page_uri"
def test_long_lists_come_in_pages(world: Any) -> None:
    exchange, _, caller, _ = world
    for _ in range(7):
        caller.call(LINE)
        caller.hang_up()

    calls = exchange.client.calls.list(page_size=3)
    page = exchange.client.calls.page(page_size=3)

    assert [call.sid for call in calls] == [leg.sid for leg in reversed(caller.calls)]
    assert len(page.next_page().next_page()._payload["calls"]) == 1
    assert page.next_page().previous_page()._payload["page"] == 0


def test_an_ended_call_can_be_deleted(world: Any) -> None:
    exchange, _, caller, _ = world
    caller.call(LINE)
    caller.hang_up()

    assert exchange.client.calls(caller.calls[0].sid).delete()
    assert exchange.client.calls.list() == []


def test_a_number_is_pointed_elsewhere(world: Any) -> None:
    exchange, _, caller, _ = world
    (number,) = exchange.client.incoming_phone_numbers.list(phone_number=LINE)
    assert number.voice_url == "https://line.test/voice"

    number.update(voice_url="https://line.test/other", voice_method="GET")
    caller.call(LINE)

    assert caller.last_heard == "Other"
    assert exchange.requests[0].method == "GET"


def test_conferences_are_listed_and_filtered(world: Any) -> None:
    exchange, _, _, callee = world
    client = exchange.client
    for name in ("one", "two"):
        client.conferences(name).participants.create(from_=LINE, to=CALLEE, muted=name == "one")
    exchange.wait(0)
    callee.answer()

    assert [room.friendly_name for room in client.conferences.list()] == ["two", "one"]
    (one,) = client.conferences.list(friendly_name="one")
    assert len(client.conferences.list(status="init")) == 2
    assert len(client.conferences.list(date_created=exchange.clock.now().date())) == 2
    assert client.conferences.list(date_updated_before="2020-01-01") == []
    people = client.conferences(one.sid).participants
    assert [person.call_sid for person in people.list(muted=True)] == [callee.calls[0].sid]
    assert people.list(hold=True) == []
    assert client.conferences("two").participants.list() == []  # busy: the phone was ringing


def test_an_invitation_is_taken_back(world: Any) -> None:
    exchange, _, _, callee = world
    participants = exchange.client.conferences("one").participants
    participants.create(from_=LINE, to=CALLEE, label="guest")
    exchange.wait(0)

    with pytest.raises(TwilioRestException, match="hasn't joined yet"):
        participants("guest").update(muted=True)
    assert participants("guest").delete()
    exchange.wait(0)

    assert not callee.ringing
    assert callee.calls[0].status == "canceled"


def test_a_conference_that_has_ended_takes_nobody(world: Any) -> None:
    exchange, _, _, callee = world
    room = exchange.client.conferences("one")
    room.participants.create(from_=LINE, to=CALLEE)
    exchange.wait(0)
    callee.answer()
    sid = exchange.client.conferences.list()[0].sid
    callee.hang_up()

    with pytest.raises(TwilioRestException) as caught:
        exchange.client.conferences(sid).participants.create(from_=LINE, to=CALLEE)

    assert caught.value.status == 404
    assert (
        exchange.client.conferences(sid).fetch().reason_conference_ended == "last-participant-left"
    )


WRONG = [
    lambda c: c.queues.create("x" * 65),
    lambda c: c.calls.list()[0].update(status="busy"),
    lambda c: c.calls.list()[0].delete(),
    lambda c: c.queues(c.queues.list()[0].sid).delete(),
    lambda c: c.queues(c.queues.list()[0].sid).members("Front").update(url=""),
]


@pytest.mark.parametrize("ask", WRONG)
def test_what_makes_no_sense_is_refused(ask: Any) -> None:
    exchange, _, caller = network({"/voice": "<Response><Enqueue>q</Enqueue></Response>"})
    caller.call(LINE)

    with pytest.raises(TwilioRestException) as caught:
        ask(exchange.client)

    assert (caught.value.status, caught.value.code) == (400, 20001)


def test_a_member_is_looked_up(world: Any) -> None:
    exchange, _, caller = network({"/voice": "<Response><Enqueue>q</Enqueue></Response>"})
    caller.call(LINE)
    queue = exchange.client.queues(exchange.client.queues.list()[0].sid)

    assert queue.members("Front").fetch().call_sid == caller.calls[0].sid
    with pytest.raises(TwilioRestException, match="not found"):
        queue.members("CA0").fetch()


def test_twiml_that_does_not_parse_is_apologised_for(world: Any) -> None:
    exchange, _, _, callee = world
    ring(exchange, url=None, twiml="<Response>")
    callee.answer()

    assert callee.last_heard.startswith("We are sorry")
    assert [notice.code for notice in exchange.debugger] == [12100]


def test_twiml_with_flaws_is_warned_of_and_the_unbuilt_is_refused(world: Any) -> None:
    exchange = world[0]
    ring(exchange, url=None, twiml="<Response><Bogus/></Response>")
    assert [notice.code for notice in exchange.debugger] == [12200]

    with pytest.raises(TwilioRestException, match="<Connect><AiSession> is TwiML"):
        ring(exchange, url=None, twiml="<Response><Connect><AiSession/></Connect></Response>")


def test_a_fallback_for_a_call_of_ours(world: Any) -> None:
    exchange, app, _, callee = world
    ring(exchange, url="https://line.test/missing", fallback_url="https://line.test/other")
    callee.answer()

    assert callee.last_heard == "Other"
    assert app.asked("/other")[0]["ErrorUrl"] == "https://line.test/missing"


def test_a_method_that_is_not_there(world: Any) -> None:
    api = world[0].api

    assert api.respond("PATCH", api.uri("/Calls"), {})[0] == 405
    assert api.respond("GET", "/2010-04-01/Accounts/AC0/Calls.json", {})[0] == 404


# ---- failures on purpose -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "error", "made"),
    [
        ("429", TwilioRestException, False),
        ("500", TwilioRestException, False),
        ("malformed", ValueError, False),
        ("timeout", ReadTimeout, False),
        ("answer lost", ReadTimeout, True),
    ],
)
def test_requests_fail_in_every_way(world: Any, kind: str, error: Any, made: bool) -> None:
    exchange, _, _, callee = world
    fault = exchange.rest_fails(kind, "POST /Calls", times=1)

    with pytest.raises(error):
        ring(exchange)
    exchange.wait(0)
    assert callee.ringing is made
    assert fault.hits == 1
    assert exchange.client.calls.create(to=CALLEE, from_=LINE, url=URL)


def test_only_what_matches_fails(world: Any) -> None:
    exchange = world[0]
    with exchange.rest_fails("500", "POST /Calls"):
        assert exchange.client.calls.list() == []
        assert exchange.client.queues.create("q")
    with exchange.rest_fails("500", "* /Queues*"), pytest.raises(TwilioException):
        exchange.client.queues.list()
    assert len(exchange.client.queues.list()) == 1


def test_there_is_no_other_way_to_fail(world: Any) -> None:
    with pytest.raises(ValueError, match="unknown kind of failure '418'"):
        world[0].rest_fails("418")


# ---- over HTTP ---------------------------------------------------------------------------------


@pytest.fixture
def served(world: Any) -> Iterator[Any]:
    with RestServer(world[0].api) as server:
        client = Client(world[0].account_sid, world[0].auth_token)
        client.api.base_url = server.url
        yield (*world, client)
        client.http_client.session.close()


def test_the_same_api_over_http(served: Any) -> None:
    exchange, _, _, callee, client = served

    made = client.calls.create(to=CALLEE, from_=LINE, url=URL, status_callback_event=ALL)
    exchange.wait(0)
    callee.answer()
    client.calls(made.sid).update(status="completed")
    exchange.wait(0)

    assert client.calls(made.sid).fetch().status == "completed"
    assert client.calls.list(to=CALLEE)[0].sid == made.sid
    assert client.queues.create("q").delete()


def test_a_wrong_password_is_refused(served: Any) -> None:
    *_, client = served
    stranger = Client(client.account_sid, "wrong")
    stranger.api.base_url = client.api.base_url

    with pytest.raises(TwilioRestException) as caught:
        stranger.calls("CA0").fetch()
    stranger.http_client.session.close()

    assert (caught.value.status, caught.value.code) == (401, 20003)


# 21626: "unknown words are kept out … the request itself is accepted"
def test_an_unknown_event_is_noted_and_the_call_is_made(world: Any) -> None:
    exchange, app, _, callee = world
    events = ["answered", "hello"]
    made = ring(exchange, status_callback="https://line.test/status", status_callback_event=events)
    callee.answer()
    exchange.wait(1)
    callee.hang_up()

    assert [each["CallStatus"] for each in app.asked("/status")] == ["in-progress"]
    [noted] = exchange.debugger
    assert (noted.code, noted.call_sid) == (21626, made.sid)
