"""Queues: waiting, being fetched, leaving."""

from __future__ import annotations

from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException

from ivr.simulator import Exchange, Handset
from ivr.twiml.verbs import Dial, Enqueue, Gather, Hangup, Leave, Play, Queue, Redirect, Say
from tests.kit.twiml_app import LINE, App, network, said

DESK = "+33800000002"
ENQUEUE = Enqueue("support", action="/over", wait_url="/wait")
WAIT = (Say("Please wait"),)


def waiting(
    enqueue: Enqueue = ENQUEUE, wait: Any = WAIT, **pages: Any
) -> tuple[Exchange, App, list[Handset]]:
    """Callers who enqueue, and a second number whose call dials the queue."""
    documents = {
        "/voice": (enqueue, Say("Next")),
        "/wait": wait,
        "/over": (Say("Over"), Gather(timeout=60)),
        "/desk": (Dial((Queue("support"),), action="/dialled", hangup_on_star=True),),
        "/dialled": (Say("Done"), Gather(timeout=60)),
    }
    exchange, app, _ = network(documents | {f"/{k}": v for k, v in pages.items()})
    exchange.number(DESK, app, "/desk")
    return exchange, app, [exchange.phone(f"+3315550030{i}") for i in range(4)]


def results(app: App) -> list[str]:
    return [params["QueueResult"] for params in app.asked("/over")]


# "waitUrl request = standard + QueueSid QueuePosition QueueTime AvgQueueTime …"
def test_the_wait_document_is_told_the_position() -> None:
    exchange, app, (anna, bert, *_) = waiting()
    anna.call(LINE)
    exchange.wait(4)
    bert.call(LINE)

    told = {k: v for k, v in app.asked("/wait")[-1].items() if "Queue" in k}
    assert told.pop("QueueSid").startswith("QU")
    assert told == {
        "QueuePosition": "2",
        "QueueTime": "0",
        "AvgQueueTime": "2",
        "CurrentQueueSize": "2",
        "MaxQueueSize": "1000",
    }


# "When it runs out of verbs Twilio requests waitUrl again, forever"
def test_the_wait_document_is_asked_for_for_ever() -> None:
    exchange, app, (anna, *_) = waiting(wait=(Play("https://music.test/a.mp3"),))
    anna.call(LINE)
    exchange.wait(301)

    assert len(app.asked("/wait")) == 101
    assert app.asked("/wait")[-1]["QueueTime"] == "300"


def test_an_empty_wait_document_does_not_stop_time() -> None:
    exchange, app, (anna, *_) = waiting(wait=())
    anna.call(LINE)
    exchange.wait(60)

    assert 10 < len(app.asked("/wait")) < 100


# "Leave: control returns to the verb after Enqueue, or its action, at once"
@pytest.mark.parametrize("action", ["/over", ""])
def test_a_caller_leaves_by_key(action: str) -> None:
    menu = (Gather(action="/leave", num_digits=1, verbs=(Say("Press 1 to leave"),)),)
    enqueue = Enqueue("support", action=action, wait_url="/wait")
    exchange, app, (anna, *_) = waiting(enqueue, menu, leave=(Leave(), Say("Never")))
    anna.call(LINE)
    exchange.wait(5)

    anna.press("1")

    assert anna.last_heard == ("Over" if action else "Next")
    assert results(app) == (["leave"] if action else [])
    assert "Never" not in said(anna)
    if action:
        assert app.asked("/over")[0]["QueueTime"] == "5"


# "Redirect inside a wait document stays in the queue; then back to the original waitUrl"
def test_a_redirect_in_a_wait_document_stays_in_the_queue() -> None:
    exchange, app, (anna, *_) = waiting(wait=(Redirect("/more"),), more=(Say("More"),))
    anna.call(LINE)
    exchange.wait(1)

    assert app.paths == [
        "/voice",
        "/wait",
        "/more",
        "/wait",
        "/more",
        "/wait",
        "/more",
        "/wait",
        "/more",
    ]
    assert app.asked("/more")[0]["QueuePosition"] == "1"


# "hangup: caller hung up before being dequeued (action is requested)"
def test_a_caller_hangs_up_in_the_queue() -> None:
    exchange, app, (anna, *_) = waiting()
    anna.call(LINE)
    anna.hang_up()

    assert results(app) == ["hangup"]
    assert app.asked("/over")[0]["CallStatus"] == "completed"
    assert exchange.client.queues.list()[0].current_size == 0


def test_hangup_in_a_wait_document_ends_the_call() -> None:
    _, app, (anna, *_) = waiting(wait=(Hangup(),))

    anna.call(LINE)

    assert not anna.in_call
    assert results(app) == ["hangup"]


# "queue-full: QueueSid and QueueTime only if the call really entered the queue"
def test_a_full_queue() -> None:
    full = Enqueue("support", action="/over", wait_url="", max_queue_size=1)
    _, app, (anna, bert, *_) = waiting(full)
    anna.call(LINE)
    bert.call(LINE)

    assert results(app) == ["queue-full"]
    assert "QueueSid" not in app.asked("/over")[0]


# "error also when the wait document has an error"
def test_a_wait_document_with_an_error() -> None:
    _, app, (anna, *_) = waiting(wait="<bad")

    anna.call(LINE)

    assert results(app) == ["error"]
    assert anna.last_heard == "Over"


# ---- being fetched -----------------------------------------------------------------------------


# "connects the dialler to the front of the queue"; the Enqueue action comes after the bridge
def test_the_first_of_the_queue_is_fetched() -> None:
    exchange, app, (anna, bert, desk, _) = waiting()
    anna.call(LINE)
    bert.call(LINE)
    exchange.wait(8)

    desk.call(DESK)
    assert desk.connected_to == {anna}
    assert results(app) == []
    exchange.wait(20)
    desk.hang_up()

    assert results(app) == ["bridged"]
    assert app.asked("/over")[0]["QueueTime"] == "8"
    assert anna.last_heard == "Over"
    assert exchange.queues.named("support").members[0].leg is bert.leg  # type: ignore[union-attr]


def test_the_fetched_caller_hangs_up() -> None:
    exchange, app, (anna, _, desk, _) = waiting()
    anna.call(LINE)
    desk.call(DESK)
    exchange.wait(7)
    anna.hang_up()

    assert results(app) == ["bridged"]
    told = app.asked("/dialled")[0]
    assert told["DialCallStatus"] == "completed"
    assert told["DialCallDuration"] == "7"
    assert told["DialBridged"] == "true"


def test_a_star_releases_the_fetched_caller() -> None:
    _, _, (anna, _, desk, _) = waiting()
    anna.call(LINE)
    desk.call(DESK)

    desk.press("*")

    assert (anna.last_heard, desk.last_heard) == ("Over", "Done")


# "Empty queue: waits until somebody joins, or Dial timeout"
def test_an_empty_queue_is_waited_at() -> None:
    exchange, app, (anna, bert, desk, other) = waiting()
    anna.call(LINE)
    anna.hang_up()
    desk.call(DESK)
    exchange.wait(20)
    bert.call(LINE)
    assert desk.connected_to == {bert}

    other.call(DESK)
    exchange.wait(31)
    assert app.asked("/dialled")[0]["DialBridged"] == "false"


def test_a_queue_that_nobody_ever_joined_is_a_failure() -> None:
    _, app, (_, _, desk, _) = waiting()

    desk.call(DESK)

    assert app.asked("/dialled")[0]["DialCallStatus"] == "failed"


# "url executes on the queued caller's leg before bridging, with DequeingCallSid (sic)"
def test_the_queued_caller_hears_a_whisper_first() -> None:
    dial = (Dial((Queue("support", url="/soon"),)),)
    exchange, app, (anna, _, desk, _) = waiting(desk=dial, soon=(Say("You are next"),))
    anna.call(LINE)
    exchange.wait(3)
    desk.call(DESK)
    assert anna.last_heard == "You are next"
    assert desk.connected_to == set()

    exchange.wait(2)

    assert desk.connected_to == {anna}
    (told,) = app.asked("/soon")
    assert told["CallSid"] == anna.calls[0].sid
    assert told["DequeingCallSid"] == desk.calls[0].sid
    assert told["QueueTime"] == "3"


def test_a_whisper_that_fails_releases_both() -> None:
    dial = (Dial((Queue("support", url="/soon"),), action="/dialled"),)
    _, app, (anna, _, desk, _) = waiting(desk=dial, soon="<bad")
    anna.call(LINE)
    desk.call(DESK)

    assert results(app) == ["error"]
    assert app.asked("/dialled")[0]["DialBridged"] == "false"
    assert (anna.last_heard, desk.last_heard) == ("Over", "Done")


def test_a_caller_hangs_up_during_the_whisper() -> None:
    dial = (Dial((Queue("support", url="/soon"),), action="/dialled"),)
    _, app, (anna, _, desk, _) = waiting(desk=dial, soon=(Say("You are next"),))
    anna.call(LINE)
    desk.call(DESK)
    anna.hang_up()

    assert desk.last_heard == "Done"
    assert app.asked("/dialled")[0]["DialBridged"] == "false"


def test_the_time_limit_ends_a_conversation_with_the_queue() -> None:
    dial = (Dial((Queue("support"),), action="/dialled", time_limit=30),)
    exchange, _, (anna, _, desk, _) = waiting(desk=dial)
    anna.call(LINE)
    desk.call(DESK)
    exchange.wait(29)
    assert desk.connected_to == {anna}
    exchange.wait(2)

    assert (anna.last_heard, desk.last_heard) == ("Over", "Done")


def test_who_waits_at_an_empty_queue_may_give_up() -> None:
    exchange, app, (anna, bert, desk, _) = waiting()
    anna.call(LINE)
    anna.hang_up()
    desk.call(DESK)
    desk.hang_up()
    bert.call(LINE)
    exchange.wait(5)

    assert app.asked("/dialled")[0]["DialCallStatus"] == "canceled"
    assert bert.connected_to == set()


# ---- by REST -----------------------------------------------------------------------------------


def _queue(exchange: Exchange) -> Any:
    return exchange.client.queues(exchange.client.queues.list()[0].sid)


# "POST dequeues and executes there; the Enqueue action runs at once with QueueResult=redirected"
@pytest.mark.parametrize("front", [True, False])
def test_a_member_is_sent_elsewhere(front: bool) -> None:
    exchange, app, (anna, *_) = waiting(there=(Say("There"),))
    anna.call(LINE)
    which = "Front" if front else anna.calls[0].sid

    shown = _queue(exchange).members(which).update(url="https://line.test/there")
    exchange.wait(0)

    assert shown.position == 1
    assert anna.last_heard == "There"
    assert results(app) == ["redirected"]
    assert _queue(exchange).members.list() == []


def test_a_bridged_member_is_sent_elsewhere() -> None:
    exchange, app, (anna, _, desk, _) = waiting(there=(Say("There"),))
    anna.call(LINE)
    desk.call(DESK)

    exchange.client.calls(anna.calls[0].sid).update(url="https://line.test/there")
    exchange.wait(0)

    assert results(app) == ["redirected-from-bridged"]
    assert (anna.last_heard, desk.last_heard) == ("There", "Done")


def test_queues_are_made_changed_and_deleted() -> None:
    exchange, *_ = waiting()
    made = exchange.client.queues.create("vip", max_size=5)
    assert (made.friendly_name, made.max_size, made.current_size) == ("vip", 5, 0)

    made.update(friendly_name="vips", max_size=6)
    assert exchange.client.queues(made.sid).fetch().friendly_name == "vips"
    assert made.delete()
    assert exchange.client.queues.list() == []


def test_callers_wait_in_the_queue_that_has_the_name_now() -> None:
    exchange, _, (anna, *_) = waiting()
    queues = exchange.client.queues
    other, first, second = (queues.create(name) for name in ("other", "sales", "sales"))

    other.update(friendly_name="support")
    anna.call(LINE)
    assert [queues(each.sid).fetch().current_size for each in (other, first)] == [1, 0]

    assert first.delete()
    assert exchange.queues.named("sales") is exchange.queues.get(second.sid)
    second.update(friendly_name="desk")
    assert exchange.queues.named("sales") is None
    assert [each.sid for each in queues.list()] == [second.sid, other.sid]


def test_a_queue_needs_a_name() -> None:
    exchange, *_ = waiting()
    made = exchange.client.queues.create("vip")

    for name in ("", "x" * 65):
        with pytest.raises(TwilioRestException, match="1 to 64"):
            made.update(friendly_name=name)


def test_members_are_listed_in_order() -> None:
    exchange, _, (anna, bert, *_) = waiting()
    anna.call(LINE)
    exchange.wait(5)
    bert.call(LINE)

    members = _queue(exchange).members.list()

    assert [(m.call_sid, m.position, m.wait_time) for m in members] == [
        (anna.calls[0].sid, 1, 5),
        (bert.calls[0].sid, 2, 0),
    ]
    assert _queue(exchange).fetch().average_wait_time == 2


# "Every request made from within a wait document carries the wait parameters, also after <Redirect>
# or <Gather> inside it": two of Twilio's own samples read QueuePosition on each redirected pass.
def test_every_request_from_within_a_wait_document_says_what_the_wait_is_about() -> None:
    exchange, app, caller = network(
        {
            "/voice": "<Response><Enqueue waitUrl='/wait'>support</Enqueue></Response>",
            "/wait": "<Response><Redirect>/again</Redirect></Response>",
            "/again": "<Response><Gather action='/key' numDigits='1' timeout='5'/></Response>",
            "/key": "<Response><Pause length='60'/></Response>",
        }
    )
    caller.call(LINE)
    exchange.wait(2)
    caller.press("1")

    for path in ("/wait", "/again", "/key"):
        [asked] = app.asked(path)
        assert asked["QueuePosition"] == "1", path
        assert {"QueueSid", "QueueTime", "AvgQueueTime", "CurrentQueueSize"} <= asked.keys()
    assert app.asked("/key")[0]["QueueTime"] == "2"
    assert "QueuePosition" not in app.asked("/voice")[0]


def test_a_conference_wait_document_names_its_conference_after_a_redirect() -> None:
    exchange, app, caller = network(
        {
            "/voice": "<Response><Dial><Conference waitUrl='/wait'>room</Conference></Dial>"
            "</Response>",
            "/wait": "<Response><Redirect>/again</Redirect></Response>",
            "/again": "<Response><Pause length='60'/></Response>",
        }
    )
    caller.call(LINE)

    [conference] = exchange.client.conferences.list()
    assert app.asked("/again")[0]["ConferenceSid"] == conference.sid
