"""One leg's interpreter, driven by hand: what each verb asks for, and does with the answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from ivr.simulator.interpreter.interpreter import Interpreter, resolve, waiting_steps
from ivr.simulator.interpreter.requests import (
    HANGUP,
    Answer,
    Connect,
    End,
    Fail,
    Fetch,
    Join,
    Keep,
    Key,
    Leave,
    Listen,
    Notify,
    Now,
    Outcome,
    Page,
    Speak,
    Speech,
    Tape,
    Warn,
)
from ivr.simulator.interpreter.settings import CALL, CONFERENCE_WAIT, QUEUE_WAIT, WHISPER
from ivr.twiml.verbs import (
    Client,
    Dial,
    Enqueue,
    Gather,
    Hangup,
    Pause,
    Play,
    Record,
    Redirect,
    Reject,
    Say,
)
from ivr.twiml.verbs import Leave as LeaveVerb

URL = "https://line.test/voice"
AT_ONCE = {Answer: None, Warn: None, Notify: None, Tape: None, Keep: ("RE1", "https://api/RE1")}


def play(
    *verbs: Any, answers: Iterable[Any] = (), answered: bool = True, setting: Any = CALL
) -> list[Any]:
    """Everything a document asks for; ``answers`` go to Speak, Listen, Fetch, Fail, Connect, Join.

    A second passes at each Speak and Listen; when the answers are used up a Speak is said to its
    end, a Listen times out, and anything else ends the line.
    """
    steps, left, asked, clock = (
        Interpreter(setting, answered=answered).run(Page(URL, verbs)),
        list(answers),
        [],
        0.0,
    )
    answer: Any = None
    while True:
        try:
            request = steps.send(answer)
        except StopIteration:
            return asked
        if type(request) is Now:
            answer = clock
            continue
        asked.append(request)
        if type(request) in AT_ONCE:
            answer = AT_ONCE[type(request)]
        elif left:
            answer = left.pop(0)
        elif isinstance(request, (Speak, Listen)):
            answer = None
        else:
            return asked
        clock += isinstance(request, (Speak, Listen))


def fetches(asked: list[Any]) -> list[Any]:
    return [request for request in asked if isinstance(request, Fetch)]


# ---- prompts -----------------------------------------------------------------------------------


def test_verbs_run_from_top_to_bottom_and_nothing_repeats() -> None:
    asked = play(Say("One", language="fr-FR"), Pause(3), Play("/a.mp3"))

    assert asked == [
        Speak("say", "One", "fr-FR"),
        Speak("pause", seconds=3),
        Speak("play", "https://line.test/a.mp3"),
    ]


# docs/voice/twiml/say: loop="0" repeats until hang-up, at most 1000 times
@pytest.mark.parametrize(("loop", "times"), [(1, 1), (3, 3), (0, 1000), (5000, 1000)])
def test_a_prompt_is_repeated(loop: int, times: int) -> None:
    assert len(play(Say("Again", loop=loop))) == times
    assert len(play(Play("/a.mp3", loop=loop))) == times


@pytest.mark.parametrize("prompt", [Play("/a.mp3"), Play(digits="12"), Pause(3), Say("Hello")])
def test_any_prompt_in_a_gather_can_be_interrupted(prompt: Any) -> None:
    asked = play(Gather(num_digits=1, verbs=(prompt, Say("Never"))), answers=[Key("1")])

    assert [type(request) for request in asked] == [Speak, Fetch]
    assert asked[0].ears == "dtmf"


def test_tones_are_played() -> None:
    assert play(Play(digits="1w2")) == [Speak("tones", "1w2")]


def test_a_text_is_heard_as_one_line() -> None:
    assert play(Say("Hello\n      you")) == [Speak("say", "Hello you")]


# ---- Gather ------------------------------------------------------------------------------------

MENU = Gather(action="/menu", timeout=7, verbs=(Say("Press"),))


# docs/voice/twiml/gather: "Timeout with none: no request, continue with the next verb"
def test_silence_goes_on_with_the_next_verb_and_makes_no_request() -> None:
    asked = play(MENU, Say("We got nothing"))

    assert asked == [
        Speak("say", "Press", ears="dtmf"),
        Listen(7, "dtmf"),
        Speak("say", "We got nothing"),
    ]


GATHERED = [
    # (the Gather, what is pressed, Digits, FinishedOnKey)
    ({}, ["1", "2", "#"], "12", "#"),
    ({}, ["1", "2", None], "12", ""),
    ({"num_digits": 2}, ["1", "2"], "12", ""),
    ({"num_digits": 1}, ["#"], None, None),
    ({}, ["#"], None, None),
    ({"finish_on_key": "*"}, ["#", "*"], "#", "*"),
    ({"finish_on_key": ""}, ["#", "*", None], "#*", ""),
    ({"action_on_empty_result": True}, [None], "", ""),
    ({"action_on_empty_result": True}, ["#"], "", "#"),
]


# "requested with Digits (finish key excluded)"; "# alone with no digit before = no input"
@pytest.mark.parametrize(("options", "keys", "digits", "finished"), GATHERED)
def test_keys_are_gathered(options: Any, keys: list[Any], digits: str, finished: str) -> None:
    heard = [None if key is None else Key(key) for key in keys]

    (*_, last) = asked = play(Gather(action="/menu", **options), answers=heard)

    if digits is None:
        assert fetches(asked) == []
    else:
        params = (("Digits", digits), ("FinishedOnKey", finished), ("msg", "Gather End"))
        assert last == Fetch("https://line.test/menu", "POST", params)


def test_a_key_stops_the_nested_prompt() -> None:
    asked = play(
        Gather(num_digits=2, verbs=(Say("Long"), Say("Never heard"))), answers=[Key("1"), Key("2")]
    )

    assert [type(request) for request in asked] == [Speak, Listen, Fetch]


# "the answer document replaces the current one"
def test_verbs_after_a_gather_that_submits_are_unreachable() -> None:
    asked = play(MENU, Say("Never"), answers=[Key("1"), None, Page(URL, (Say("Menu"),)), None])

    assert Speak("say", "Menu") in asked
    assert Speak("say", "Never") not in asked


# "action: default current document URL (not none)"
@pytest.mark.parametrize("verb", [Gather(num_digits=1), Record(max_length=1, play_beep=False)])
def test_without_an_action_the_current_url_is_asked_again(verb: Any) -> None:
    asked = play(verb, answers=[Key("5")])

    assert fetches(asked)[0].url == URL


def test_keys_are_not_collected_while_a_plain_say_is_said() -> None:
    assert play(Say("Hello"))[0].ears == ""


# "input dtmf speech: first detected wins"
def test_speech_is_submitted_after_its_silence() -> None:
    asked = play(
        Gather(action="/menu", input="dtmf speech", speech_timeout="2"),
        answers=[Speech("a person"), Speech("please"), None],
    )

    assert asked[:3] == [Listen(5, "dtmf speech"), Listen(2, "speech"), Listen(2, "speech")]
    assert dict(asked[-1].params)["SpeechResult"] == "a person please"


# ---- answering ---------------------------------------------------------------------------------


# docs/voice/twiml/reject, /pause, /dial: every verb answers, but these in front
PICKED_UP = [
    ((Say("Hello"),), [Answer, Speak]),
    ((Pause(2), Say("Hello")), [Speak, Answer, Speak]),
    ((Hangup(),), [Answer, End]),
    ((Redirect("/x"),), [Fetch]),
    ((Reject(),), [End]),
    ((Say("Hello"), Reject()), [Answer, Speak, End]),
    ((Pause(1), Reject()), [Speak, Answer, End]),
    ((Dial((Client("a"),)),), [Answer, Connect]),
    ((Dial((Client("a"),), answer_on_bridge=True),), [Connect]),
    ((Gather(),), [Answer, Listen]),
    ((Enqueue("q"),), [Answer, Join]),
    ((), []),
]


@pytest.mark.parametrize(("verbs", "asked"), PICKED_UP)
def test_which_verbs_answer_the_call(verbs: Any, asked: list[type]) -> None:
    assert [type(request) for request in play(*verbs, answered=False)] == asked


def test_a_redirect_in_front_leaves_the_next_document_unanswered() -> None:
    asked = play(Redirect("/x"), answered=False, answers=[Page(URL, (Reject("busy"),))])

    assert asked[-1] == End("busy")


def test_a_dial_that_was_bridged_has_answered_the_call() -> None:
    dial = Dial((Client("a"),), answer_on_bridge=True)

    unreached = play(dial, Say("Hello"), answered=False, answers=[Outcome((), answered=False)])
    bridged = play(dial, Say("Hello"), answered=False, answers=[Outcome((), answered=True)])

    assert Answer() in unreached
    assert Answer() not in bridged


# ---- who continues where -----------------------------------------------------------------------

OUTCOME = Outcome((("DialCallStatus", "busy"),))


# "Dial, Enqueue: no action attribute: next verb; action given: requested always"
@pytest.mark.parametrize("verb", [Dial, Enqueue])
def test_without_an_action_dial_and_enqueue_go_on_with_the_next_verb(verb: Any) -> None:
    what = (Client("a"),) if verb is Dial else "q"

    assert play(verb(what), Say("Next"), answers=[OUTCOME])[-1] == Speak("say", "Next")
    assert play(verb(what, action="/over"), Say("Next"), answers=[OUTCOME])[-1] == Fetch(
        "https://line.test/over", "POST", OUTCOME.params
    )


# "with action the action URL is still requested with CallStatus=completed, its answer ignored"
def test_when_the_caller_is_gone_the_action_is_told_and_nothing_else_runs() -> None:
    gone = Outcome(OUTCOME.params, over=True)

    asked = play(Dial((Client("a"),), action="/over"), Say("Never"), answers=[gone])

    assert asked[1:] == [Notify("https://line.test/over", "POST", OUTCOME.params)]


def test_a_parent_that_was_redirected_requests_no_action() -> None:
    assert len(play(Dial((Client("a"),), action="/over"), answers=[Outcome((), over=True)])) == 1


# ---- Record ------------------------------------------------------------------------------------

RECORD = Record(action="/recorded", timeout=4, max_length=60)


# "Digits: finish key, or literal hangup"; silence requests the action as well
@pytest.mark.parametrize(
    ("heard", "digits"), [([Key("1")], "1"), ([None], None), ([Speech("Hello"), None], None)]
)
def test_a_recording_ends_by_key_or_silence(heard: list[Any], digits: str | None) -> None:
    asked = play(RECORD, Say("Unreachable"), answers=[None, *heard])

    params = dict(asked[-1].params)
    assert asked[0] == Speak("beep")
    assert asked[1:3] == [Tape(), Listen(4, "dtmf speech", True)]
    assert params.get("Digits") == digits
    assert params["RecordingDuration"] == str(len(heard))
    assert params["RecordingUrl"] == "https://api/RE1"


def test_hanging_up_ends_a_recording_and_reports_it() -> None:
    asked = play(RECORD, answers=[None, HANGUP])

    assert isinstance(asked[-1], Notify)
    assert dict(asked[-1].params)["Digits"] == "hangup"


def test_only_the_finish_keys_end_a_recording() -> None:
    asked = play(Record(finish_on_key="#", play_beep=False), answers=[Key("1"), Key("#")])

    assert dict(asked[-1].params)["Digits"] == "#"


# ---- where documents run -----------------------------------------------------------------------


# docs/voice/twiml/number: nested Dial in a whisper is error 13201
def test_dial_in_a_whisper_is_an_error() -> None:
    asked = play(Dial((Client("a"),)), setting=WHISPER)

    assert [(type(r), r.code) for r in asked] == [(Fail, 13201)]


# docs/voice/twiml/conference: waitUrl allows Play, Say, Pause and Redirect only: 13238
def test_gather_in_a_conference_wait_document_is_warned_of_and_skipped() -> None:
    asked = play(Gather(), Say("Soon"), setting=CONFERENCE_WAIT)

    assert [type(request) for request in asked] == [Warn, Speak]
    assert asked[0].code == 13238


def test_leave_outside_of_a_queue_is_warned_of_and_skipped() -> None:
    assert [type(r) for r in play(LeaveVerb(), Say("Next"))] == [Warn, Speak]


# docs/voice/twiml/enqueue: "verbs after Leave don't run"
def test_leave_ends_the_wait_document() -> None:
    assert play(LeaveVerb(), Say("Never"), setting=QUEUE_WAIT) == [Leave()]


# "when it runs out, Twilio goes back to the original waitUrl", also after a Redirect
def test_a_queues_wait_document_is_asked_for_again_and_again() -> None:
    wait = Fetch("https://line.test/wait", "POST")
    steps = Interpreter(QUEUE_WAIT).run(wait)
    asked, answer, clock = [], None, 0.0
    pages = [Page("https://line.test/wait", (Redirect("/more"),)), Page("", (Say("More"),))] * 2
    for _ in range(20):
        request = steps.send(answer)
        if isinstance(request, Now):
            answer = clock
        elif isinstance(request, Fetch):
            asked.append(request.url[17:])
            if not pages:
                break
            answer = pages.pop(0)
        else:
            answer, clock = None, clock + 1
    steps.close()

    assert asked == ["/wait", "/more", "/wait", "/more", "/wait"]


@pytest.mark.parametrize("url", [None, "", "/wait"])
def test_what_is_heard_while_waiting(url: str | None) -> None:
    steps = waiting_steps(url, "GET", URL, QUEUE_WAIT)
    asked = [] if steps is None else [next(steps)]
    while asked and isinstance(asked[-1], Now):
        assert steps is not None
        asked[-1] = steps.send(0.0)

    assert (
        asked
        == {
            None: [Speak("music")],
            "": [],
            "/wait": [Fetch("https://line.test/wait", "GET")],
        }[url]
    )


def test_an_action_that_cannot_be_resolved_is_not_reported() -> None:
    steps = Interpreter().run(Page("", (Dial((Client("a"),), action="/over"),)))
    next(steps)

    with pytest.raises(StopIteration):
        steps.send(Outcome(OUTCOME.params, over=True))


# ---- limits and errors -------------------------------------------------------------------------


# errors/15004: a relative action when the call runs from REST's Twiml; 11100 when there is no URL
@pytest.mark.parametrize(
    ("verb", "code"), [(Redirect("/x"), 15004), (Redirect(), 11100), (Gather(num_digits=1), 11100)]
)
def test_a_document_without_a_url_needs_absolute_ones(verb: Any, code: int) -> None:
    steps = Interpreter().run(Page("", (verb,)))
    request = steps.send(None)
    while not isinstance(request, Fail):
        request = steps.send(Key("1"))

    assert request.code == code


# docs/voice/twiml: relative URLs resolve against the current document
@pytest.mark.parametrize(
    ("base", "url", "absolute"),
    [
        ("https://a.test/one/two", "three", "https://a.test/one/three"),
        ("https://a.test/one/two", "../next", "https://a.test/next"),
        ("https://a.test/one?x=1", "/next?y=2", "https://a.test/next?y=2"),
        ("https://a.test/one?x=1", "?y=2", "https://a.test/one?y=2"),
        ("https://a.test/one", "//b.test/next", "https://b.test/next"),
        ("https://a.test/one", "http://b.test/next", "http://b.test/next"),
        ("https://a.test/one", "", "https://a.test/one"),
        ("", "/next", ""),
    ],
)
def test_urls_are_resolved(base: str, url: str, absolute: str) -> None:
    assert resolve(base, url) == absolute
