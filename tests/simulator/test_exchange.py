"""Calls through the exchange: time, requests, failures, what is kept."""

from __future__ import annotations

from typing import Any

import pytest
from twilio.request_validator import RequestValidator

from ivr.errors import CallError
from ivr.simulator import Exchange
from ivr.simulator.calls.fetching import MAX_HOPS
from ivr.twiml.verbs import (
    Dial,
    Enqueue,
    Gather,
    Hangup,
    Number,
    Pause,
    Play,
    Redirect,
    Reject,
    Say,
)
from tests.kit.twiml_app import CALLEE, CALLER, LINE, App, network, said

MENU = (Gather(action="/menu", num_digits=1, verbs=(Say("Welcome. Press one."),)), Say("Goodbye"))
HOLD = (Gather(timeout=600),)
PAGES = {"/voice": MENU, "/menu": lambda p: (Say(f"You pressed {p.get('Digits')}"),)}


def test_a_call_is_answered_and_heard() -> None:
    exchange, _, caller = network(PAGES)

    caller.call(LINE)

    assert said(caller) == ["Welcome. Press one."]
    assert not caller.heard[0].complete
    assert caller.in_call
    assert caller.listening
    exchange.wait(60)
    assert said(caller) == ["Welcome. Press one.", "Goodbye"]
    assert caller.heard[0].complete
    assert not caller.in_call


def test_a_key_barges_in() -> None:
    _, app, caller = network(PAGES)
    caller.call(LINE)

    caller.press("1")

    assert caller.last_heard == "You pressed 1"
    assert not caller.heard[0].complete
    assert app.asked("/menu")[0]["FinishedOnKey"] == ""


def test_the_gather_time_out_counts_from_the_end_of_the_prompt_and_from_the_last_key() -> None:
    exchange, app, caller = network({"/voice": (Gather(timeout=5, verbs=(Say("x" * 150),)),)})
    caller.call(LINE)

    exchange.wait(14.9)  # ten seconds of prompt, and not quite five of silence
    caller.press("1")
    exchange.wait(4.9)
    assert len(app.seen) == 1

    exchange.wait(0.2)
    assert len(app.seen) == 2
    assert app.seen[1][1]["Digits"] == "1"


def test_the_same_seed_and_actions_give_the_same_bytes() -> None:
    def session() -> list[Any]:
        exchange, _, caller = network(PAGES)
        caller.call(LINE)
        exchange.wait(1)
        caller.press("1")
        exchange.wait(60)
        return [(w.at, w.url, w.params, w.token, w.signature) for w in exchange.requests]

    assert session() == session()
    assert Exchange(seed=1).auth_token != Exchange(seed=2).auth_token


# ---- what is sent ------------------------------------------------------------------------------


# docs/voice/twiml, request parameters; geographical keys are present with empty values
def test_the_standard_parameters_are_those_of_an_inbound_call() -> None:
    exchange, app, caller = network(PAGES)

    caller.call(LINE)

    (params,) = app.asked("/voice")
    filled = {k: v for k, v in params.items() if v}
    sid = caller.calls[0].sid
    assert filled == {
        "AccountSid": exchange.account_sid,
        "ApiVersion": "2010-04-01",
        "CallSid": sid,
        "CallStatus": "ringing",
        "CallToken": f"token-{sid}",
        "Called": LINE,
        "Caller": CALLER,
        "Direction": "inbound",
        "From": CALLER,
        "To": LINE,
        **dict.fromkeys(("CalledCountry", "CallerCountry", "FromCountry", "ToCountry"), "FR"),
    }
    assert {k for k, v in params.items() if not v} == {
        f"{who}{what}"
        for who in ("Called", "Caller", "From", "To")
        for what in ("City", "State", "Zip")
    }


# "body keys in ASCII order"
# docs/voice/api/sip-interface: "SIP calls add SipDomain, SipUsername, SipCallId, SipSourceIp"
def test_a_call_from_a_sip_address_says_so() -> None:
    exchange, app, _ = network(PAGES)
    desk = exchange.phone("sip:marie@helio.example")
    desk.call(LINE)

    asked = app.asked("/voice")[0]
    assert asked["From"] == asked["Caller"] == "sip:marie@helio.example"
    assert (asked["SipUsername"], asked["SipDomain"]) == ("marie", "helio.example")
    assert asked["SipCallId"].startswith(asked["CallSid"])
    assert asked["SipSourceIp"] == "127.0.0.1"
    desk.hang_up()


def test_the_body_is_sorted() -> None:
    exchange, _, caller = network(PAGES)
    caller.call(LINE)
    caller.press("1")

    names = list(exchange.requests[-1].params)

    assert names == sorted(names)
    assert names[-1] == "msg"


# "First request is ringing"; after answering in-progress in every later request
def test_the_status_is_ringing_and_then_in_progress() -> None:
    _, app, caller = network(PAGES)
    caller.call(LINE)
    caller.press("1")

    assert [params["CallStatus"] for _, params in app.seen] == ["ringing", "in-progress"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_requests_are_signed(method: str) -> None:
    exchange, app, caller = network({"/voice?x=1&y=%2B": ()} | PAGES, method=method)
    exchange.numbers[LINE].url += "?flow=a%20b&x="
    caller.call(LINE)

    request = exchange.requests[0]

    params = request.params if method == "POST" else {}
    assert RequestValidator(exchange.auth_token).validate(request.url, params, request.signature)
    assert app.headers[0]["HTTP_X_TWILIO_SIGNATURE"] == request.signature
    assert request.url.startswith("https://line.test/voice?flow=a%20b&x=")


# "GET parameters are merged into an existing query string"
def test_parameters_of_a_get_join_the_query() -> None:
    pages = {"/voice": (Redirect("/next?Digits=TIMEOUT", method="GET"),), "/next": ()}
    _, app, caller = network(pages)

    caller.call(LINE)

    assert app.asked("/next")[0]["Digits"] == "TIMEOUT"
    assert app.asked("/next")[0]["From"] == CALLER


def test_each_request_has_a_token_of_its_own_and_is_closed() -> None:
    _, app, caller = network(PAGES)
    caller.call(LINE)
    caller.press("1")

    tokens = [headers["HTTP_I_TWILIO_IDEMPOTENCY_TOKEN"] for headers in app.headers]

    assert len(set(tokens)) == 2
    assert app.closed == 2


# "Cookies: kept per call, sent with later requests of that call to the same host"
def test_cookies_are_kept_for_the_call() -> None:
    cookie = ("Set-Cookie", "session=abc; Path=/; HttpOnly")
    answers = {
        "/voice": (
            "200 OK",
            [("Content-Type", "text/xml"), cookie],
            _xml("<Redirect>/a</Redirect>"),
        )
    }
    _, app, caller = network({"/a": ()}, answers=answers)

    caller.call(LINE)
    caller.call(LINE)

    assert [h.get("HTTP_COOKIE") for h in app.headers] == [None, "session=abc", None, "session=abc"]


def _xml(inner: str) -> bytes:
    return f"<Response>{inner}</Response>".encode()


# "HTTP 3xx from the action URL is followed (GET) but Digits is not re-sent"
def test_a_redirected_action_is_followed_without_digits() -> None:
    pages = {"/voice": (Gather(action="/old", num_digits=1),), "/new": (Say("Here"),)}
    answers = {"/old": ("302 Found", [("Location", "/new")], b"")}
    _, app, caller = network(pages, answers=answers)
    caller.call(LINE)

    caller.press("1")

    assert app.asked("/old")[0]["Digits"] == "1"
    assert app.asked("/new") == [{}]
    assert caller.last_heard == "Here"


# errors/11215: at most 10 redirects
def test_endless_http_redirects_fail() -> None:
    exchange, _, caller = network(
        {}, answers={"/voice": ("301 Moved", [("Location", "/voice")], b"")}
    )

    caller.call(LINE)

    assert [notice.code for notice in exchange.debugger] == [11215]


# ---- when something is wrong -------------------------------------------------------------------

SORRY = "We are sorry, an application error has occurred. Goodbye."
TEXT = [("Content-Type", "text/plain")]
XML = [("Content-Type", "text/xml")]


def _raises(_params: Any) -> Any:
    raise RuntimeError("broken")


FAILURES = [
    (("500 Oops", XML, b"<Response/>"), 11200),
    (("404 Not Found", XML, b""), 11200),
    (("200 OK", XML, b"<Response"), 12100),
    (("200 OK", XML, b"<Twiml/>"), 12102),
    (("200 OK", [("Content-Type", "image/png")], b"x"), 12300),
    (("200 OK", [], b"<Response/>"), 502),
    (("200 OK", XML, b" " * 70_000), 11750),
    (_raises, 11200),
]


# "no fallback: the caller hears the apology, and the call ends"
@pytest.mark.parametrize(("answer", "code"), FAILURES)
def test_a_failed_document_is_apologised_for(answer: Any, code: int) -> None:
    exchange, _, caller = network({}, answers={"/voice": answer})
    caller.call(LINE)
    exchange.wait(30)

    assert said(caller) == [SORRY]
    assert not caller.in_call
    assert [(n.level, n.code) for n in exchange.debugger] == [("error", code)]


# "FallbackUrl: requested at once with ErrorCode, ErrorUrl"; it serves actions too
def test_the_fallback_goes_on_with_the_call() -> None:
    pages = {"/voice": (Gather(action="/broken", num_digits=1),), "/rescue": (Say("Still here"),)}
    answers = {"/broken": ("500 Oops", XML, b"")}
    _, app, caller = network(pages, answers=answers, fallback="/rescue")
    caller.call(LINE)

    caller.press("1")

    assert caller.last_heard == "Still here"
    (asked,) = app.asked("/rescue")
    assert asked["ErrorCode"] == "11200"
    assert asked["ErrorUrl"] == "https://line.test/broken"


def test_a_fallback_that_fails_is_apologised_for() -> None:
    answers = {"/voice": ("500 Oops", XML, b"")}
    exchange, app, caller = network({}, answers=answers, fallback="/voice")
    caller.call(LINE)

    assert said(caller) == [SORRY]
    assert len(app.seen) == 2
    assert len(exchange.debugger) == 2


# "text/html is TwiML; text/plain is TwiML if it parses, else read aloud; audio is played"
CONTENT = [
    ("text/html", _xml("<Say>Hello</Say>"), ("say", "Hello")),
    ("application/xml; charset=utf-8", _xml("<Say>Hé</Say>"), ("say", "Hé")),
    ("text/plain", _xml("<Say>Hello</Say>"), ("say", "Hello")),
    ("text/plain", b"Just words", ("say", "Just words")),
    ("audio/mpeg", b"ID3", ("play", "https://line.test/voice")),
]


@pytest.mark.parametrize(("kind", "body", "heard"), CONTENT)
def test_content_types(kind: str, body: bytes, heard: tuple[str, str]) -> None:
    answers = {"/voice": ("200 OK", [("Content-Type", kind)], body)}
    exchange, _, caller = network({}, answers=answers)

    caller.call(LINE)

    assert [(u.kind, u.text) for u in caller.heard] == [heard]
    assert exchange.debugger == []


# errors/11770: an empty body; "treated as no verbs: hang-up"
def test_an_empty_answer_hangs_up() -> None:
    exchange, _, caller = network({}, answers={"/voice": ("200 OK", XML, b"")})

    caller.call(LINE)

    assert not caller.in_call
    assert [(n.level, n.code) for n in exchange.debugger] == [("warning", 11770)]


def test_what_is_not_built_is_said_by_name() -> None:
    exchange, _, caller = network(
        {"/voice": "<Response><Connect><AiSession/></Connect></Response>"}
    )
    caller.call(LINE)
    exchange.wait(30)

    assert "<Connect><AiSession> is TwiML" in caller.last_heard
    assert not caller.in_call
    assert exchange.debugger[0].code == 0


def test_a_loop_without_time_is_ended_by_the_simulator() -> None:
    exchange, app, caller = network({"/voice": (Redirect(),)})

    caller.call(LINE)

    assert not caller.in_call
    assert len(app.seen) == MAX_HOPS
    assert "simulator limit" in exchange.debugger[0].text


def test_a_loop_with_time_in_it_goes_on() -> None:
    exchange, app, caller = network({"/voice": (Pause(1), Redirect())})

    caller.call(LINE)
    exchange.wait(2 * MAX_HOPS)

    assert caller.in_call
    assert len(app.seen) > MAX_HOPS
    assert exchange.debugger == []


# ---- files -------------------------------------------------------------------------------------


# docs/voice/twiml/play: "fetched by GET, without the standard call parameters"
def test_a_file_is_fetched_once_and_takes_its_time() -> None:
    answers = {"/a.wav": ("200 OK", [("Content-Type", "audio/wav")], _wav(2.5))}
    exchange, app, caller = network(
        {"/voice": (Play("/a.wav", loop=2), Say("Over"))}, answers=answers
    )
    caller.call(LINE)

    exchange.wait(4.9)
    assert said(caller) == []
    exchange.wait(0.2)
    assert said(caller) == ["Over"]
    assert app.asked("/a.wav") == [{}]


# "Multiple nested <Play>: all files are fetched before the first one plays"
def test_all_files_of_a_gather_are_fetched_before_the_first_one_plays() -> None:
    wav = ("200 OK", [("Content-Type", "audio/wav")], _wav(2))
    gather = Gather("/menu", verbs=(Play("/a.wav"), Say("and"), Play("/b.wav")))
    exchange, app, caller = network({"/voice": (gather,)}, answers={"/a.wav": wav, "/b.wav": wav})
    caller.call(LINE)
    assert app.paths == ["/voice", "/a.wav", "/b.wav"]
    assert [each.kind for each in caller.heard] == ["play"]

    exchange.wait(5)
    assert [each.kind for each in caller.heard] == ["play", "say", "play"]
    assert app.paths == ["/voice", "/a.wav", "/b.wav"]


def test_one_of_several_files_that_isnt_there_is_fatal_before_anything_is_heard() -> None:
    wav = ("200 OK", [("Content-Type", "audio/wav")], _wav(2))
    gather = Gather("/menu", verbs=(Play("/a.wav"), Play("/b.wav")))
    gone = ("404 Not Found", [], b"")
    exchange, _, caller = network({"/voice": (gather,)}, answers={"/a.wav": wav, "/b.wav": gone})
    caller.call(LINE)

    assert [each.kind for each in caller.heard if each.kind == "play"] == []
    assert [note.code for note in exchange.debugger] == [11200]


def _wav(seconds: float) -> bytes:
    import io
    import wave

    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(1)
        out.setframerate(8000)
        out.writeframes(b"\x80" * int(8000 * seconds))
    return file.getvalue()


# errors/12300, 11200: a Play that can't be played is fatal for the document
@pytest.mark.parametrize(
    ("answer", "code"),
    [(("404 Not Found", TEXT, b""), 11200), (("200 OK", TEXT, b"words"), 12300)],
)
def test_a_file_that_cannot_be_played_is_an_application_error(answer: Any, code: int) -> None:
    exchange, _, caller = network(
        {"/voice": (Play("/a.mp3"), Say("Over"))}, answers={"/a.mp3": answer}
    )

    caller.call(LINE)

    assert said(caller) == [SORRY]
    assert [notice.code for notice in exchange.debugger] == [code]


def test_a_file_elsewhere_on_the_internet_is_not_asked_for() -> None:
    exchange, app, caller = network({"/voice": (Play("https://music.test/a.mp3"),)})
    caller.call(LINE)
    exchange.wait(30)

    assert caller.heard[0].complete
    assert app.paths == ["/voice"]


# An address that was left over from trying it out: nothing plays at Twilio.
def test_a_file_on_this_machine_is_asked_for() -> None:
    exchange, _, caller = network({"/voice": (Play("http://localhost:1/a.mp3"), Say("Over"))})
    exchange.number("+33800000009", "http://localhost:2/voice")  # so all of it is on this machine
    caller.call(LINE)
    exchange.wait(30)

    assert said(caller) == [SORRY]
    assert "nothing listens at localhost:1" in exchange.debugger[0].text


# ---- how calls end -----------------------------------------------------------------------------

FINAL = [
    ((Reject(),), "no-answer"),
    ((Reject("busy"),), "busy"),
    ((Hangup(),), "completed"),
    ((), "completed"),
    ((Pause(1), Say("Hello")), "completed"),
]


@pytest.mark.parametrize(("verbs", "status"), FINAL)
def test_the_final_status(verbs: Any, status: str) -> None:
    exchange, app, caller = network({"/voice": verbs, "/status": ()}, status_callback="/status")
    caller.call(LINE)
    exchange.wait(30)

    assert caller.calls[0].status == status
    assert [params["CallStatus"] for params in app.asked("/status")] == [status]


# "IncomingPhoneNumber.StatusCallback: one request at the end: standard + CallDuration"
def test_a_numbers_status_callback_comes_once_at_the_end() -> None:
    exchange, app, caller = network(PAGES | {"/status": ()}, status_callback="/status")
    caller.call(LINE)
    exchange.wait(5)
    assert app.asked("/status") == []

    caller.hang_up()

    (params,) = app.asked("/status")
    assert params["CallDuration"] == "5"
    assert params["CallStatus"] == "completed"


def test_hanging_up_during_a_prompt_makes_no_other_request() -> None:
    exchange, app, caller = network(PAGES)
    caller.call(LINE)
    caller.hang_up()
    exchange.wait(60)

    assert app.paths == ["/voice"]
    assert not caller.heard[0].complete


def test_a_phone_that_is_lost_in_a_prompt_hears_no_more_and_the_network_notices_later() -> None:
    pages = PAGES | {"/voice": (Say("A long sentence. " * 9), Redirect("/next")), "/next": HOLD}
    exchange, app, caller = network(pages, status_callback="/status")
    caller.call(LINE)
    exchange.wait(2)

    caller.lose_connection(noticed=40)
    assert not caller.in_call
    exchange.wait(39)
    assert (app.asked("/status"), len(app.asked("/next"))) == ([], 1)  # it went on, for nobody
    assert [(each.kind, each.complete) for each in caller.heard] == [("say", False)]
    exchange.wait(1)

    (params,) = app.asked("/status")
    assert (params["CallStatus"], params["CallDuration"]) == ("completed", "42")


def test_a_phone_that_was_lost_calls_again_while_the_network_believes_in_the_first_call() -> None:
    exchange, app, caller = network({"/voice": HOLD})
    caller.call(LINE)
    caller.lose_connection()
    caller.call(LINE)
    exchange.wait(31)

    assert [leg.status for leg in caller.calls] == ["completed", "in-progress"]
    assert len(app.asked("/voice")) == 2
    caller.hang_up()
    with pytest.raises(CallError, match="isn't in a call"):
        caller.lose_connection()


def test_a_phone_that_is_lost_while_it_rings_rings_on_for_nobody() -> None:
    exchange, _, caller = network({"/voice": (Dial((Number(CALLEE),), timeout=20), HOLD[0])})
    duty = exchange.phone(CALLEE)
    caller.call(LINE)
    duty.lose_connection()
    exchange.wait(10)
    assert (duty.ringing, duty.calls[0].status) == (False, "ringing")
    exchange.wait(16)  # "timeout" seconds, and five more

    assert duty.calls[0].status == "no-answer"


def test_whoever_talks_to_somebody_who_is_lost_hears_nothing_until_the_network_notices() -> None:
    exchange, _, caller = network({"/voice": (Dial((Number(CALLEE),)), HOLD[0])})
    duty = exchange.phone(CALLEE)
    duty.will("answer")
    caller.call(LINE)
    duty.lose_connection(noticed=20)

    caller.say("Are you still there?")
    assert (caller.connected_to, duty.heard, caller.in_call) == (set(), [], True)
    exchange.wait(21)
    assert (duty.calls[0].status, caller.listening) == ("completed", True)


# "call at most 4 h by default"
def test_a_call_lasts_four_hours_at_most() -> None:
    exchange, _, caller = network({"/voice": (Say("Again", loop=0), Redirect())})
    caller.call(LINE)

    exchange.wait(4 * 3600 - 1)
    assert caller.in_call
    exchange.wait(2)
    assert not caller.in_call


# ---- going wrong on purpose --------------------------------------------------------------------


def test_a_webhook_can_arrive_twice() -> None:
    exchange, app, caller = network(PAGES)
    caller.call(LINE)

    with exchange.deliver_twice("/menu"):
        caller.press("1")

    assert len(app.asked("/menu")) == 2
    tokens = [h["HTTP_I_TWILIO_IDEMPOTENCY_TOKEN"] for h in app.headers]
    assert tokens[1] == tokens[2] != tokens[0]
    assert said(caller)[1:] == ["You pressed 1"]


def test_a_webhook_can_be_late() -> None:
    exchange, app, caller = network(PAGES)
    caller.call(LINE)
    exchange.delay("/menu", 3, times=1)

    caller.press("1")
    assert app.asked("/menu") == []
    exchange.wait(3)
    assert caller.last_heard == "You pressed 1"


# "15 s per TwiML fetch in all; late answers are dropped"
def test_a_document_that_is_too_late_is_given_up() -> None:
    exchange, app, caller = network(PAGES | {"/rescue": (Say("Still here"),)}, fallback="/rescue")
    caller.call(LINE)
    exchange.delay("/menu", 20)

    caller.press("1")
    exchange.wait(16)
    assert caller.last_heard == "Still here"
    assert app.asked("/rescue")[0]["ErrorCode"] == "11203"
    exchange.wait(10)
    assert len(app.asked("/menu")) == 1
    assert caller.last_heard == "Still here"


# ---- order -------------------------------------------------------------------------------------


def test_the_strict_exchange_says_what_is_wrong() -> None:
    exchange, _, caller = network({"/voice": "<Response><Bogus/><Pause length='9'/></Response>"})
    exchange.strict()
    caller.call(LINE)

    with pytest.raises(AssertionError) as caught:
        exchange.strict()

    assert "12200 <Bogus> isn't TwiML" in str(caught.value)
    assert f"{CALLER} is still in a call" in str(caught.value)


def test_a_number_that_nobody_has_cannot_be_called() -> None:
    _, _, caller = network(PAGES)

    with pytest.raises(
        CallError, match=r"no application answers at \+1; numbers with an application: \+338"
    ):
        caller.call("+1")


def test_two_applications_cannot_share_an_origin() -> None:
    exchange, _, _ = network(PAGES)

    with pytest.raises(CallError, match="another application is already reached"):
        exchange.number("+33800000002", App({}))


def test_two_applications_call_each_other_by_url() -> None:
    exchange, _, caller = network({"/voice": (Redirect("https://other.test/hello"),)})
    exchange.number("+33800000002", App({"/hello": (Say("Other"),)}), origin="https://other.test")

    caller.call(LINE)

    assert caller.last_heard == "Other"


def test_waiting_until_something_happens() -> None:
    exchange, _, caller = network({"/voice": (Dial((Number(CALLEE),)),)})
    callee = exchange.phone(CALLEE)
    caller.call(LINE)

    exchange.wait_until(lambda: callee.ringing)
    with pytest.raises(AssertionError, match="within 5 s"):
        exchange.wait_until(lambda: callee.in_call, at_most=5)


def test_an_enqueued_caller_hears_music_by_default() -> None:
    exchange, _, caller = network({"/voice": (Enqueue("support"),)})
    caller.call(LINE)
    exchange.wait(600)

    assert [u.kind for u in caller.heard] == ["music"]
