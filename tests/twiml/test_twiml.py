"""TwiML both ways: the rule table, round trips, slots."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twilio.twiml.voice_response import VoiceResponse

from ivr.errors import TwiMLError
from ivr.twiml.reading import TOP_LEVEL, Unbuilt, parse
from ivr.twiml.rules import ELEMENTS
from ivr.twiml.templates import compile, slot
from ivr.twiml.verbs import (
    Client,
    Conference,
    Connect,
    Dial,
    Echo,
    Enqueue,
    Gather,
    Hangup,
    Leave,
    Number,
    Parameter,
    Pause,
    Pay,
    Play,
    Prompt,
    Queue,
    Record,
    Recording,
    Redirect,
    Refer,
    Reject,
    Say,
    Sip,
    Siprec,
    Sms,
    Start,
    Stop,
    Stream,
    Transcription,
)
from ivr.twiml.writing import render, writable

# ---- refused -----------------------------------------------------------------------------------

REFUSED = [
    ("", 12100),
    ("not xml", 12100),
    ("<Response>", 12100),
    ("<Response><Say>a & b</Say></Response>", 12100),
    (' <?xml version="1.0"?><Response/>', 12100),
    ('<!DOCTYPE r [<!ENTITY x "y">]><Response><Say>&x;</Say></Response>', 12100),
    ('<!DOCTYPE Response SYSTEM "http://example.com/x.dtd"><Response/>', 12100),
    ('<?xml version="1.1"?><Response/>', 12101),
    ("<response/>", 12102),
    ("<Twiml><Say>Hello</Say></Twiml>", 12102),
    ("<Response><Dial><Conference>a</Conference><Number>1</Number></Dial></Response>", 13000),
    ("<Response><Dial><Sim>DE1</Sim><Number>1</Number></Dial></Response>", 13000),
    ("<Response><Dial><Application>AP1</Application><Client>a</Client></Dial></Response>", 13000),
]


# errors/12100: "not well-formed"; errors/12102: root isn't <Response>
@pytest.mark.parametrize(("document", "code"), REFUSED)
def test_what_twilio_refuses_is_refused(document: str, code: int) -> None:
    with pytest.raises(TwiMLError) as caught:
        parse(document)

    assert caught.value.code == code


UNBUILT = {
    "<Connect><AiSession/></Connect>": "<Connect><AiSession>",
    '<Connect><ConversationRelay url="wss://a.example"/></Connect>': "<Connect><ConversationRelay>",
    "<Queue>support</Queue>": "<Queue>",
    "<Dial><WhatsApp>+14155550100</WhatsApp></Dial>": "<Dial><WhatsApp>",
    '<Dial events="x">+14155550100</Dial>': '<Dial events="x">',
}


@pytest.mark.parametrize(("verb", "named"), UNBUILT.items())
def test_what_twilio_knows_and_is_not_built_is_refused_by_name(verb: str, named: str) -> None:
    with pytest.raises(Unbuilt, match=re.escape(named) + ".* is TwiML, but"):
        parse(f"<Response>{verb}</Response>")


# autopilot/api: "Twilio Autopilot will be disabled for all users on August 25, 2023"
def test_autopilot_is_refused_with_the_date_of_its_end() -> None:
    with pytest.raises(Unbuilt) as refused:
        parse("<Response><Connect><Autopilot>UA1</Autopilot></Connect></Response>")

    assert str(refused.value) == (
        "<Connect><Autopilot> is TwiML, but this simulator doesn't support it: Twilio shut"
        " Autopilot down on August 25, 2023"
    )


@pytest.mark.parametrize(
    "verb",
    [
        '<Dial record="do-not-record">+1</Dial>',
        '<Record transcribe="false" transcribeCallback="/t" trim="do-not-trim"/>',
        '<Gather bargeIn="true" speechModel="phone_call" profanityFilter="false"/>',
        '<Dial ringTone="fr"><Conference record="false" region="ie1">a</Conference></Dial>',
        '<Hangup><Parameter name="a" value="b"/></Hangup>',
        '<Dial><Sip username="a">x@y<Headers><Header name="b" value="c"/></Headers></Sip></Dial>',
    ],
)
def test_values_without_consequence_in_a_simulation_are_accepted(verb: str) -> None:
    assert parse(f"<Response>{verb}</Response>").warnings == ()


# ---- warned of ---------------------------------------------------------------------------------

WARNED = [
    # errors/12200: "unknown element, attribute, nesting or value"
    ("<say>Hello</say>", 12200, ()),
    ("<Foo/>", 12200, ()),
    ("<Say>Hello<Foo/></Say>", 12200, (Say("Hello"),)),
    ("<Hangup><Foo/></Hangup>", 12200, (Hangup(),)),
    ("<Dial>+1<Client>a</Client></Dial>", 12200, (Dial((Client("a"),)),)),
    ("<Dial><Client>a<Foo/></Client></Dial>", 12200, (Dial((Client("a"),)),)),
    (f"<Dial>{'<Client>a</Client>' * 11}</Dial>", 12200, (Dial((Client("a"),) * 10),)),
    ('<Say fromState="x">Hello</Say>', 12200, (Say("Hello"),)),
    ("<Redirect><Say>x</Say>/next</Redirect>", 12200, (Redirect("/next"),)),
    ("<Say>Hello <Pause/>you</Say>", 12200, (Say("Hello you"),)),
    ("text", 12200, ()),
    # errors/132xx: Dial and its nouns
    ('<Dial method="PUT">+1</Dial>', 13210, (Dial((Number("+1"),)),)),
    ('<Dial timeout="4">+1</Dial>', 13212, (Dial((Number("+1"),)),)),
    ('<Dial hangupOnStar="1">+1</Dial>', 13213, (Dial((Number("+1"),)),)),
    ("<Dial>+1<Foo/></Dial>", 13215, (Dial((Number("+1"),)),)),
    ('<Dial timeLimit="0">+1</Dial>', 13216, (Dial((Number("+1"),)),)),
    ('<Dial sequential="1">+1</Dial>', 13218, (Dial((Number("+1"),)),)),
    ('<Dial answerOnBridge="1">+1</Dial>', 13219, (Dial((Number("+1"),)),)),
    ('<Dial recordingTrack="all">+1</Dial>', 13622, (Dial((Number("+1"),)),)),
    ('<Dial><Number method="PUT">+1</Number></Dial>', 13221, (Dial((Number("+1"),)),)),
    ('<Dial><Number sendDigits="x">+1</Number></Dial>', 13222, (Dial((Number("+1"),)),)),
    ('<Dial><Conference muted="1">a</Conference></Dial>', 13230, (Dial((Conference("a"),)),)),
    (
        '<Dial><Conference endConferenceOnExit="1">a</Conference></Dial>',
        13231,
        (Dial((Conference("a"),)),),
    ),
    (
        '<Dial><Conference startConferenceOnEnter="1">a</Conference></Dial>',
        13232,
        (Dial((Conference("a"),)),),
    ),
    ('<Dial><Conference waitMethod="x">a</Conference></Dial>', 13234, (Dial((Conference("a"),)),)),
    ('<Dial><Conference beep="1">a</Conference></Dial>', 13235, (Dial((Conference("a"),)),)),
    ('<Dial><Conference coach="CA1">a</Conference></Dial>', 13240, (Dial((Conference("a"),)),)),
    ('<Dial><Sip method="PUT">a@b</Sip></Dial>', 13241, (Dial((Sip("a@b"),)),)),
    # errors/133xx: Gather
    ('<Gather finishOnKey="##"/>', 13310, (Gather(),)),
    ('<Gather method="PUT"/>', 13312, (Gather(),)),
    ('<Gather timeout="soon"/>', 13313, (Gather(),)),
    ('<Gather numDigits="0"/>', 13314, (Gather(),)),
    ("<Gather><Dial>+1</Dial></Gather>", 13320, (Gather(),)),
    ('<Gather><Play digits="1"/></Gather>', 13320, (Gather(),)),
    # what Python's helper writes of a list: input=["dtmf", "speech"]
    ("<Gather input=\"['dtmf', 'speech']\"/>", 13326, (Gather(),)),
    ('<Gather speechTimeout="soon"/>', 13327, (Gather(),)),
    ('<Gather partialResultCallbackMethod="PUT"/>', 13329, (Gather(),)),
    (f'<Gather hints="{"a" * 101}"/>', 13330, (Gather(),)),
    (f'<Gather hints="{"a," * 500}a"/>', 13330, (Gather(),)),
    ('<Gather language="?"/>', 13331, (Gather(),)),
    ('<Gather bargeIn="1"/>', 13332, (Gather(),)),
    (
        '<Gather input="speech" speechTimeout="auto" speechModel="phone_call"/>',
        13335,
        (Gather(input="speech", speech_timeout="auto"),),
    ),
    ('<Gather actionOnEmptyResult="1"/>', 13338, (Gather(),)),
    ('<Play loop="x">/a.mp3</Play>', 13410, (Play("/a.mp3"),)),
    ("<Play/>", 13420, ()),
    ('<Play digits="x"/>', 13430, ()),
    ('<Say loop="-1">Hello</Say>', 13510, (Say("Hello"),)),
    ('<Say voice="nobody">Hello</Say>', 13511, (Say("Hello"),)),
    ('<Say language="?">Hello</Say>', 13512, (Say("Hello"),)),
    ("<Say/>", 13520, ()),
    ('<Redirect method="PUT">/x</Redirect>', 13710, (Redirect("/x"),)),
    ('<Reject reason="no"/>', 13810, (Reject(),)),
    ('<Pause length="0"/>', 13910, (Pause(),)),
    ('<Dial record="yes">+1</Dial>', 13217, (Dial((Number("+1"),)),)),
    # errors/136xx: Record
    ('<Record method="PUT"/>', 13610, (Record(),)),
    ('<Record timeout="-1"/>', 13611, (Record(),)),
    ('<Record maxLength="0"/>', 13612, (Record(),)),
    ('<Record finishOnKey="x"/>', 13613, (Record(),)),
    ('<Record transcribe="1"/>', 13614, (Record(),)),
    (
        '<Record transcribe="true" maxLength="300"/>',
        13615,
        (Record(transcribe=True, max_length=120),),
    ),
    ('<Record playBeep="1"/>', 13616, (Record(),)),
    ('<Record recordingStatusCallbackEvent="failed"/>', 13621, (Record(),)),
    ('<Record trim="1"/>', 13699, (Record(),)),
    # beside the call: "url: wss only"
    ('<Start><Stream url="https://a.example"/></Start>', 12200, (Start((Stream(),)),)),
    ("<Start><Foo/></Start>", 12200, (Start(),)),
    ("<Refer><Foo/></Refer>", 12200, (Refer(),)),
]


@pytest.mark.parametrize(("xml", "code", "verbs"), WARNED)
def test_what_twilio_warns_of_is_noted_and_left_out(
    xml: str, code: int, verbs: tuple[Any, ...]
) -> None:
    document = parse(f"<Response>{xml}</Response>")

    assert code in [flaw.code for flaw in document.warnings]
    assert document.verbs == verbs


def test_a_say_longer_than_4096_characters_is_warned_of() -> None:
    document = parse(f"<Response><Say>{'a' * 4097}</Say></Response>")

    assert [flaw.code for flaw in document.warnings] == [13521]


# errors/14204: "at least one character long"; /14205: too long
@pytest.mark.parametrize(("name", "codes"), [("", [14204]), ("q" * 65, [14205]), ("q" * 64, [])])
def test_a_queue_has_a_name_of_64_characters_at_most(name: str, codes: list[int]) -> None:
    document = parse(f"<Response><Enqueue>{name}</Enqueue></Response>")

    assert [flaw.code for flaw in document.warnings] == codes


def test_the_root_takes_no_attributes() -> None:
    assert [f.code for f in parse('<Response version="1"/>').warnings] == [12200]


def test_a_flaw_says_in_which_line_it_stands() -> None:
    document = parse("<Response>\n  <Say>a</Say>\n  <Bogus/>\n</Response>")

    assert [(flaw.line, flaw.message) for flaw in document.warnings] == [
        (3, "<Bogus> isn't TwiML, ignored")
    ]


# ---- read --------------------------------------------------------------------------------------

READ = [
    ("<Dial>415-123-4567</Dial>", Dial((Number("415-123-4567"),))),
    # 12 official documents put the text of a noun on its own indented line
    ("<Redirect>\n  ../next\n</Redirect>", Redirect("../next")),
    ("<Enqueue> support </Enqueue>", Enqueue("support")),
    ('<Enqueue waitUrl="">q</Enqueue>', Enqueue("q", wait_url="")),
    ("<Dial><Client><Identity>op1</Identity></Client></Dial>", Dial((Client("op1"),))),
    ('<Say>One <break time="1s"/><sub alias="two">2</sub></Say>', Say("One two", silence=1.0)),
    ('<Say>A<break strength="weak"/><s><break/>b</s></Say>', Say("Ab", silence=0.75)),
    ('<Say><prosody rate="50%">Slowly</prosody></Say>', Say("Slowly", stretch=6.0)),
    ('<Gather timeout="auto"/>', Gather()),
    ('<Record transcribe="true"/>', Record(transcribe=True, max_length=120)),
    (
        '<Dial><Client>a<Parameter name="case" value="C1"/></Client></Dial>',
        Dial((Client("a", parameters=(Parameter("case", "C1"),)),)),
    ),
    (
        '<Dial><Sip><Uri priority="2" weight="9">a@x</Uri><Uri priority="1">b@x</Uri>'
        '<Uri priority="1" weight="5">c@x</Uri></Sip></Dial>',
        Dial((Sip("c@x"),)),
    ),
    (
        '<Start><Stream url="wss://a.example/s" name="s"/><Siprec connectorName="c"/>'
        '<Transcription statusCallbackUrl="/t"/><Recording channels="dual"/></Start>',
        Start(
            (
                Stream("wss://a.example/s", "s"),
                Siprec("c"),
                Transcription(status_callback_url="/t"),
                Recording("dual"),
            )
        ),
    ),
    ('<Stop><Stream name="s"/></Stop>', Stop((Stream(name="s"),))),
    (
        '<Connect action="/over"><Stream url="wss://a.example/s">'
        '<Parameter name="a" value="b"/></Stream></Connect>',
        Connect((Stream("wss://a.example/s", parameters=(Parameter("a", "b"),)),), action="/over"),
    ),
    ("<Echo/>", Echo()),
    ('<Sms to="+1" from="+2" action="/a">Hi</Sms>', Sms("Hi", "+1", "+2", "/a")),
    ('<Refer action="/r"><Sip>sip:a@x</Sip></Refer>', Refer((Sip("sip:a@x"),), "/r")),
    (
        '<Pay chargeAmount="9.99">'
        '<Prompt for="postal-code" attempt="1 2"><Say>Hi</Say></Prompt></Pay>',
        Pay(
            charge_amount="9.99",
            nouns=(Prompt("postal-code", attempt="1 2", verbs=(Say("Hi"),)),),
        ),
    ),
    ('<Gather finishOnKey=""/>', Gather(finish_on_key="")),
    ('<Say loop="0">Again</Say>', Say("Again", loop=0)),
    ('<Gather actionOnEmptyResult="true"/>', Gather(action_on_empty_result=True)),
    ("<!-- a comment --><Leave/>", Leave()),
    ('<Play digits="1w2"/>', Play(digits="1w2")),
]


@pytest.mark.parametrize(("xml", "verb"), READ)
def test_a_verb_is_read(xml: str, verb: Any) -> None:
    document = parse(f"<Response>{xml}</Response>")

    assert document.verbs == (verb,)
    assert document.warnings == ()


def test_the_charset_of_the_header_wins() -> None:
    document = parse("<Response><Say>déjà</Say></Response>".encode("latin-1"), "iso-8859-1")

    assert document.verbs == (Say("déjà"),)


# ---- written -----------------------------------------------------------------------------------


def test_what_is_at_twilios_default_is_left_out() -> None:
    xml = render((Gather(action="/menu", num_digits=1, verbs=(Say("Hello"),)), Hangup()))

    assert xml == (
        '<?xml version="1.0" encoding="UTF-8"?><Response>'
        '<Gather action="/menu" numDigits="1"><Say>Hello</Say></Gather><Hangup /></Response>'
    )


def test_every_built_element_can_be_written_and_read() -> None:
    top = [rule.verb for name, rule in ELEMENTS.items() if name in TOP_LEVEL]

    for verb in (kind(*_needed(kind)) for kind in top):
        assert parse(render((verb,))).verbs == (verb,), verb


def _needed(kind: type) -> tuple[Any, ...]:
    return {
        "Say": ("Hello",),
        "Play": ("/a.mp3",),
        "Dial": ((Number("+1"),),),
        "Enqueue": ("q",),
        "Sms": ("Hi",),
    }.get(kind.__name__, ())


# Anything that XML can carry and Twilio doesn't trim; XML reads a carriage return as a line feed.
words = (
    st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"))
    .map(str.strip)
    .filter(lambda text: text and "\ue000" not in text and "\ue001" not in text)
)
urls = st.one_of(st.just(""), words)
methods = st.sampled_from(["GET", "POST"])
prompts = st.one_of(
    st.builds(Say, words, loop=st.integers(0, 9), language=st.sampled_from(["", "fr-FR", "zh"])),
    st.builds(Play, words, loop=st.integers(0, 9)),
    st.builds(Pause, st.integers(1, 60)),
)
gathers = st.builds(
    Gather,
    action=urls,
    method=methods,
    input=st.sampled_from(["dtmf", "speech", "dtmf speech"]),
    timeout=st.integers(0, 60),
    finish_on_key=st.sampled_from(["", "#", "*", "1"]),
    num_digits=st.one_of(st.none(), st.integers(1, 20)),
    action_on_empty_result=st.booleans(),
    hints=urls,
    verbs=st.lists(prompts, max_size=3).map(tuple),
)
ringable = st.lists(
    st.one_of(
        st.builds(Number, words, url=urls, send_digits=st.sampled_from(["", "12w#"])),
        st.builds(
            Client,
            words,
            url=urls,
            method=methods,
            parameters=st.lists(st.builds(Parameter, urls, urls), max_size=2).map(tuple),
        ),
        st.builds(Sip, words, status_callback=urls),
    ),
    min_size=1,
    max_size=10,
).map(tuple)
rooms = st.builds(
    Conference,
    words,
    muted=st.booleans(),
    beep=st.sampled_from(["true", "false", "onEnter"]),
    end_on_exit=st.booleans(),
    wait_url=st.one_of(st.none(), urls),
    max_participants=st.integers(2, 250),
    label=urls,
    record=st.sampled_from(["", "record-from-start"]),
    recording_status_callback=urls,
)
dials = st.builds(
    Dial,
    st.one_of(
        ringable, rooms.map(lambda room: (room,)), st.builds(Queue, words).map(lambda q: (q,))
    ),
    action=urls,
    timeout=st.integers(5, 600),
    hangup_on_star=st.booleans(),
)
recorded = st.builds(
    Dial,
    ringable,
    record=st.sampled_from(["record-from-answer", "record-from-ringing-dual"]),
    recording_track=st.sampled_from(["both", "inbound"]),
    recording_status_callback=urls,
    recording_status_callback_event=st.sampled_from(["", "in-progress completed"]),
)
verbs = st.one_of(
    prompts,
    gathers,
    dials,
    recorded,
    st.builds(
        Record,
        action=urls,
        max_length=st.integers(1, 9999),
        play_beep=st.booleans(),
        trim=st.sampled_from(["trim-silence", "do-not-trim"]),
        recording_status_callback=urls,
    ),
    st.builds(Enqueue, words, wait_url=st.one_of(st.none(), urls), action=urls),
    st.builds(Redirect, urls, method=methods),
    st.builds(Reject, st.sampled_from(["rejected", "busy"])),
    st.sampled_from([Hangup(), Leave(), Echo()]),
    st.builds(
        Start,
        st.lists(
            st.one_of(
                st.builds(Stream, st.just("wss://a.example/s"), name=urls, status_callback=urls),
                st.builds(Siprec, urls, urls),
                st.builds(Transcription, urls, partial_results=st.booleans()),
                st.builds(Recording, st.sampled_from(["mono", "dual"])),
            ),
            max_size=3,
        ).map(tuple),
    ),
    st.builds(Stop, st.builds(Siprec, name=urls).map(lambda each: (each,))),
    st.builds(Refer, st.builds(Sip, words).map(lambda each: (each,)), action=urls),
    st.builds(
        Pay,
        action=urls,
        security_code=st.booleans(),
        nouns=st.lists(
            st.builds(Prompt, st.sampled_from(["", "postal-code"]), verbs=st.tuples(prompts)),
            max_size=2,
        ).map(tuple),
    ),
)


@settings(max_examples=60)
@given(st.lists(verbs, max_size=4).map(tuple))
def test_what_is_written_reads_the_same(document: tuple[Any, ...]) -> None:
    assert parse(render(document)).verbs == document
    assert parse(render(document)).warnings == ()


# ---- slots -------------------------------------------------------------------------------------

nasty = st.text(
    st.one_of(st.sampled_from("&<>\"'\t\n\r {}%$#;\x00\x1b\x7f\ud800é中🎉"), st.characters()),
    max_size=30,
)


@settings(max_examples=150)
@given(said=nasty, asked=nasty)
def test_a_filled_document_is_what_the_vendors_class_writes(said: str, asked: str) -> None:
    document = compile(
        (
            Gather(
                action=f"/menu?q={slot('asked')}&t=1", verbs=(Say(slot("said"), language="fr"),)
            ),
            Dial((Client("x", url=slot("asked")), Number(slot("said")))),
            Say(f"{slot('said')} or {slot('asked')}"),
        )
    )
    oracle = VoiceResponse()
    said_clean, asked_clean = writable(said), writable(asked)
    gather = oracle.gather(action=f"/menu?q={asked_clean}&t=1")
    gather.say(said_clean, language="fr")
    dial = oracle.dial()
    dial.client("x", url=asked_clean)
    dial.number(said_clean)
    oracle.say(f"{said_clean} or {asked_clean}")

    assert document.fill({"said": said, "asked": asked}) == str(oracle)
    assert document.slots == {"said", "asked"}


def test_what_xml_cannot_carry_does_not_break_the_document() -> None:
    filled = compile((Say(slot("title")),)).fill({"title": "Disk\x00 full\x1b\ud800"})

    assert parse(filled).verbs == (Say("Disk full"),)
    assert parse(render((Say("Disk\x00 full\ud800"),))).verbs == (Say("Disk full"),)


def test_a_slot_without_a_value_is_an_error() -> None:
    with pytest.raises(KeyError):
        compile((Say(slot("name")),)).fill({})
