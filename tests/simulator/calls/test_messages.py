"""Texts: sent over REST, from a call and as an answer; received; told of."""

from __future__ import annotations

from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException

from ivr.errors import CallError
from ivr.simulator import Exchange, Handset
from ivr.twiml.verbs import Say, Sms
from tests.kit.rest_shapes import check
from tests.kit.twiml_app import CALLEE, CALLER, LINE, App

XML, TEXT = [("Content-Type", "text/xml")], [("Content-Type", "text/plain")]


def line(*, sms: Any = "<Response/>", **answers: Any) -> tuple[Exchange, App, Handset]:
    """A number whose texts go to /sms."""
    exchange = Exchange(seed=1)
    exchange.taps.append(check)
    app = App({"/sms": sms, "/told": "<Response/>"}, answers)
    exchange.number(LINE, app, "/voice", sms="/sms")
    return exchange, app, exchange.phone(CALLER)


def send(exchange: Exchange, **options: Any) -> Any:
    given = {"to": CALLER, "from_": LINE, "body": "Your case is C17349013."} | options
    return exchange.client.messages.create(**given)


def texts(phone: Handset) -> list[str]:
    return [message.body for message in phone.messages]


# docs/messaging/api/message-resource: queued, sending, sent, delivered
def test_a_text_is_queued_and_sent_and_delivered() -> None:
    exchange, app, phone = line()
    made = send(exchange, status_callback="https://line.test/told")
    assert (made.status, made.direction, made.date_sent) == ("queued", "outbound-api", None)
    assert texts(phone) == []
    exchange.wait(10)

    assert texts(phone) == ["Your case is C17349013."]
    fetched = exchange.client.messages(made.sid).fetch()
    assert (fetched.status, fetched.num_segments, fetched.error_code) == ("delivered", "1", None)
    told = app.asked("/told")
    assert [each["MessageStatus"] for each in told] == ["sent", "delivered"]
    assert [each["SmsStatus"] for each in told] == ["sent", "delivered"]
    assert told[0]["MessageSid"] == told[0]["SmsSid"] == made.sid
    exchange.strict()


# errors/30003: "Unreachable destination handset"
def test_a_text_to_nobody_is_undelivered() -> None:
    exchange, app, _ = line()
    made = send(exchange, to="+33699999999", status_callback="https://line.test/told")
    exchange.wait(10)

    assert exchange.client.messages(made.sid).fetch().error_code == 30003
    assert [each["MessageStatus"] for each in app.asked("/told")] == ["sent", "undelivered"]
    assert app.asked("/told")[-1]["ErrorCode"] == "30003"
    (noted,) = exchange.debugger
    assert (noted.level, noted.code) == ("error", 30003)
    assert "no phone has the number +33699999999: make it" in noted.text


def test_a_telephone_that_cannot_be_reached_gets_nothing() -> None:
    exchange, _, phone = line()
    phone.will("unreachable")
    send(exchange)
    exchange.wait(10)

    assert texts(phone) == []


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"to": ""}, 21604),
        ({"from_": ""}, 21603),
        ({"body": ""}, 21602),
        ({"body": "x" * 1601}, 21617),
        ({"to": "hello"}, 21211),
        ({"from_": "+"}, 21212),
        ({"from_": CALLER, "to": "+33699999999"}, 21606),
        ({"to": LINE}, 21266),
        ({"from_": "Acme"}, 99501),
        ({"from_": "38000"}, 99501),
        ({"to": f"whatsapp:{CALLER}"}, 99501),
        ({"status_callback": "nowhere"}, 21205),
        ({"messaging_service_sid": "MG1"}, 99501),
    ],
)
def test_a_text_that_cannot_be_sent(wrong: dict[str, Any], code: int) -> None:
    exchange, *_ = line()
    with pytest.raises(TwilioRestException) as caught:
        send(exchange, **wrong)

    assert (caught.value.status, caught.value.code) == (501 if code == 99501 else 400, code)


def test_a_text_can_be_held_back_emptied_and_deleted() -> None:
    exchange, _, phone = line()
    held = send(exchange)
    exchange.client.messages(held.sid).update(status="canceled")
    exchange.wait(10)
    assert texts(phone) == []

    kept = send(exchange)
    exchange.wait(10)
    assert exchange.client.messages(kept.sid).update(body="").body == ""
    exchange.client.messages(kept.sid).delete()
    with pytest.raises(TwilioRestException, match="was not found"):
        exchange.client.messages(kept.sid).fetch()


def test_texts_are_listed_the_newest_first_and_filtered() -> None:
    exchange, *_ = line()
    exchange.phone(CALLEE)
    for number, to in enumerate([CALLER, CALLEE, CALLER]):
        send(exchange, to=to, body=str(number))
        exchange.wait(10)

    client = exchange.client
    assert [each.body for each in client.messages.list()] == ["2", "1", "0"]
    assert [each.body for each in client.messages.list(to=CALLEE)] == ["1"]
    assert [each.body for each in client.messages.list(limit=1)] == ["2"]
    assert client.messages(client.messages.list(limit=1)[0].sid).media.list() == []


# ---- a telephone writes


# docs/messaging/guides/webhook-request: MessageSid, From, To, Body, NumMedia …
def test_a_text_to_a_number_is_given_to_its_application() -> None:
    exchange, app, phone = line()
    phone.text(LINE, "STATUS C17349013")

    (asked,) = app.asked("/sms")
    assert (asked["From"], asked["To"], asked["Body"]) == (CALLER, LINE, "STATUS C17349013")
    assert (asked["NumMedia"], asked["NumSegments"], asked["SmsStatus"]) == ("0", "1", "received")
    assert asked["MessageSid"].startswith("SM")
    assert asked["FromCity"] == ""
    received = exchange.client.messages(asked["MessageSid"]).fetch()
    assert (received.direction, received.status) == ("inbound", "received")
    exchange.strict()


ANSWERS = [
    ("<Response><Message>One.</Message><Message><Body>Two.</Body></Message></Response>",
     ["One.", "Two."]),
    ("<Response/>", []),
    ("<Response><Redirect>/more</Redirect><Message>Never.</Message></Response>", ["More."]),
]  # fmt: skip


# docs/messaging/twiml/message: "<Message>… <Body>"; /redirect: "verbs after it are unreachable"
@pytest.mark.parametrize(("answer", "heard"), ANSWERS)
def test_an_application_answers(answer: str, heard: list[str]) -> None:
    exchange, app, phone = line(sms=answer)
    app.pages["/more"] = "<Response><Message>More.</Message></Response>"
    phone.text(LINE, "Hello")
    exchange.wait(10)

    assert texts(phone) == heard
    assert all(message.direction == "outbound-reply" for message in phone.messages)


def test_plain_text_is_an_answer_too() -> None:
    exchange, _, phone = line(**{"/sms": ("200 OK", TEXT, b"Thank you.")})
    phone.text(LINE, "Hello")
    exchange.wait(10)

    assert texts(phone) == ["Thank you."]


def test_what_becomes_of_an_answer_is_told_and_it_may_go_to_somebody_else() -> None:
    answer = (
        f'<Response><Message to="{CALLEE}" statusCallback="/told" action="/then">Hi</Message>'
        "</Response>"
    )
    exchange, app, phone = line(sms=answer)
    app.pages["/then"] = "<Response/>"
    other = exchange.phone(CALLEE)
    phone.text(LINE, "Hello")
    exchange.wait(10)

    assert texts(other) == ["Hi"]
    assert app.asked("/then")[0]["MessageStatus"] == "queued"
    assert [each["MessageStatus"] for each in app.asked("/told")] == ["sent", "delivered"]


def test_what_is_unknown_in_an_answer_is_warned_of() -> None:
    exchange, _, phone = line(sms="<Response><Say>Hello</Say><Message>Hi</Message></Response>")
    phone.text(LINE, "Hello")
    exchange.wait(10)

    assert [notice.code for notice in exchange.debugger] == [12200]
    assert texts(phone) == ["Hi"]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (("500 No", XML, b""), 11200),
        (("200 OK", XML, b"<Oops"), 12100),
        (("200 OK", XML, b"<Twiml/>"), 12102),
        (("200 OK", [("Content-Type", "image/png")], b"x"), 12300),
    ],
)
def test_a_failure_is_noted_and_the_fallback_answers(answer: Any, code: int) -> None:
    exchange, app, phone = line(**{"/sms": answer})
    app.pages["/spare"] = "<Response><Message>Later, please.</Message></Response>"
    number = exchange.client.incoming_phone_numbers.list()[0]
    number.update(sms_fallback_url="https://line.test/spare")
    phone.text(LINE, "Hello")
    exchange.wait(10)

    assert [notice.code for notice in exchange.debugger] == [code]
    assert app.asked("/spare")[0]["ErrorCode"] == str(code)
    assert texts(phone) == ["Later, please."]


def test_texts_that_redirect_for_ever_are_ended() -> None:
    exchange, app, phone = line(sms="<Response><Redirect>/sms</Redirect></Response>")
    phone.text(LINE, "Hello")

    assert len(app.asked("/sms")) == 10
    assert "simulator limit" in exchange.debugger[0].text


# docs/messaging/twiml: "cookies … for each pair of From and To"
def test_cookies_are_kept_for_the_two() -> None:
    cookie = ("200 OK", [*XML, ("Set-Cookie", "step=2")], b"<Response/>")
    exchange, app, phone = line(**{"/sms": cookie})
    phone.text(LINE, "One")
    phone.text(LINE, "Two")
    exchange.phone(CALLEE).text(LINE, "Three")

    assert [each.get("HTTP_COOKIE") for each in app.headers] == [None, "step=2", None]


def test_one_application_writes_to_another() -> None:
    exchange, _, _ = line()
    other = App({"/sms": "<Response><Message>Got it.</Message></Response>"})
    exchange.number("+33800000002", other, "/voice", origin="https://other.test", sms="/sms")
    send(exchange, to="+33800000002", body="Over to you.")
    exchange.wait(10)

    assert other.asked("/sms")[0]["Body"] == "Over to you."
    exchange.wait(10)


def test_nobody_reads_texts_at_a_telephone() -> None:
    _, _, phone = line()
    with pytest.raises(CallError, match="no application receives texts"):
        phone.text(CALLEE, "Hello")


# ---- from a call


# docs/voice/twiml/sms: "to: the caller; from: the called number"; the action is told SmsSid
@pytest.mark.parametrize("action", ["", "/texted"])
def test_a_call_sends_a_text(action: str) -> None:
    exchange, app, phone = line()
    app.pages["/voice"] = (Sms("Your case is C17349013.", action=action), Say("Next."))
    app.pages["/texted"] = (Say("It is on its way."),)
    phone.call(LINE)

    assert phone.last_heard == ("It is on its way." if action else "Next.")
    phone.hang_up()
    exchange.wait(10)
    [message] = phone.messages
    assert (message.sender, message.body) == (LINE, "Your case is C17349013.")
    assert message.direction == "outbound-call"
    if action:
        assert app.asked("/texted")[0]["SmsSid"] == message.sid


def test_a_call_sends_a_text_to_somebody_else_and_what_becomes_of_it_is_told() -> None:
    exchange, app, phone = line()
    app.pages["/voice"] = (Sms("Hi", to=CALLEE, sender="+33800000009", status_callback="/told"),)
    exchange.number("+33800000009", app, "/voice")
    other = exchange.phone(CALLEE)
    phone.call(LINE)
    exchange.wait(10)

    assert [(each.sender, each.body) for each in other.messages] == [("+33800000009", "Hi")]
    assert [each["MessageStatus"] for each in app.asked("/told")] == ["sent", "delivered"]


# docs/messaging/guides/webhook-request: "NumMedia, MediaUrl{N}, MediaContentType{N}"
def test_a_picture_goes_to_an_application_and_back() -> None:
    reply = "<Response><Message><Body>Seen</Body><Media>/cat.png</Media></Message></Response>"
    exchange, app, caller = line(sms=reply)
    caller.text(LINE, "Look", media=["https://pics.example/a.jpg", "https://pics.example/b"])
    exchange.wait(5)

    (asked,) = app.asked("/sms")
    assert (asked["NumMedia"], asked["MediaUrl0"]) == ("2", "https://pics.example/a.jpg")
    assert asked["MediaContentType0"] == "image/jpeg"
    assert asked["MessageSid"].startswith("MM")
    (got,) = caller.messages
    assert (got.body, [each.url for each in got.media]) == ("Seen", ["https://line.test/cat.png"])


# message-resource: "you can include up to ten media_url parameters per message"
def test_a_picture_is_sent_by_rest() -> None:
    exchange, _, caller = line()
    pictures = ["https://pics.example/a.jpg", "https://pics.example/b.png"]
    sent = exchange.client.messages.create(to=caller.number, from_=LINE, media_url=pictures)
    exchange.wait(5)

    assert (sent.num_media, [each.url for each in caller.messages[0].media]) == ("2", pictures)
    shown = exchange.client.messages(sent.sid).media.list()
    assert [each.content_type for each in shown] == ["image/jpeg", "image/png"]
    assert exchange.client.messages(sent.sid).media(shown[0].sid).fetch().parent_sid == sent.sid
    assert exchange.client.messages(sent.sid).media(shown[0].sid).delete()
    assert len(exchange.client.messages(sent.sid).media.list()) == 1
    for wrong, code in ((["x"], 21620), (pictures * 6, 21623)):
        with pytest.raises(TwilioRestException) as refused:
            exchange.client.messages.create(to=caller.number, from_=LINE, media_url=wrong)
        assert refused.value.code == code


# errors/14101, /14102: "not assigned to your account"; /14103: "empty body", "exceeding 1600"
@pytest.mark.parametrize(
    ("attributes", "body", "code"),
    [
        ('to="hello"', "Hello.", 14101),
        (f'from="{CALLER}"', "Hello.", 14102),
        ('from="hello"', "Hello.", 14102),
        ("", "", 14103),
        ("", "x" * 1601, 14103),
    ],
)
@pytest.mark.parametrize("verb", ["Sms", "Message"])
def test_what_a_document_cannot_send_is_a_warning(
    verb: str, attributes: str, body: str, code: int
) -> None:
    exchange, app, phone = line()
    document = f"<Response><{verb} {attributes}>{body}</{verb}></Response>"
    app.pages |= {"/voice": document, "/sms": document}
    if verb == "Sms":
        phone.call(LINE)
    else:
        phone.text(LINE, "Hello?")
    exchange.wait(10)

    assert texts(phone) == []
    assert [(each.level, each.code) for each in exchange.debugger] == [("warning", code)]
    assert "isn't sent" in exchange.debugger[0].text
