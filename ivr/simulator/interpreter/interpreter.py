"""The TwiML interpreter of one leg: a generator without I/O, clock or thread.

`Interpreter.run` yields requests (`requests`: speak this, fetch that, connect these) and is sent
the answers. Its driver decides when: so a test can play the network, and the exchange can run a
hundred thousand of them on one thread. When the generator returns, the document has run out; what
that means depends on its `Setting`.

Rules: https://www.twilio.com/docs/voice/twiml and the page of each verb.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urljoin, urlsplit

from ivr.simulator.interpreter import requests
from ivr.simulator.interpreter.pay import pay
from ivr.simulator.interpreter.requests import HANGUP, NONE, Params, Steps
from ivr.simulator.interpreter.settings import CALL, Setting
from ivr.simulator.interpreter.speech import TONE, pace, saying
from ivr.twiml import verbs as v

MAX_LOOP = 1000  # https://www.twilio.com/docs/voice/twiml/say: loop="0" stops here too
MAX_SPEECH = 60.0  # seconds that a person may speak to a <Gather>
WAIT_PAUSE = 1.0  # ours: seconds until a wait document that takes no time is requested again
OVER = requests.Page("", ())  # returned by a verb after which nothing runs


# ---- the interpreter ---------------------------------------------------------------------------


class Interpreter:
    """The interpreter of one leg, and its state between two requests."""

    __slots__ = ("answered", "page", "setting", "turned")

    def __init__(self, setting: Setting = CALL, *, answered: bool = True) -> None:
        self.setting = setting
        self.answered = answered
        self.turned = -1.0  # when the last document was requested, of those that come again
        self.page = OVER

    def run(self, start: requests.Fetch | requests.Page) -> Steps:
        """Carry out a document, and those that it leads to, to the end."""
        page: requests.Page | None
        if isinstance(start, requests.Page):
            page = start
        else:
            page = yield from self.turn_to(start)
        while page is not None and page is not OVER:
            self.page, page = page, None
            for verb in self.page.verbs:
                kind = type(verb)
                if kind not in self.setting.verbs:
                    page = yield from self.misplaced(verb)
                else:
                    if not self.answered and _picks_up(verb, verb is self.page.verbs[0]):
                        self.answered = True
                        yield requests.Answer()
                    page = yield from _VERBS[kind](self, verb)
                if page is not None:  # the one to go on with, or OVER
                    break
            if page is None and self.setting.again and isinstance(start, requests.Fetch):
                page = yield from self.once_more(start)

    def misplaced(self, verb: v.Verb) -> Steps:
        """A verb that isn't allowed here: skipped with a warning, or fatal."""
        name = type(verb).__name__
        message = f"<{name}> isn't allowed in a {self.setting.name} document"
        code = self.setting.fatal.get(type(verb))
        if code:
            return (yield requests.Fail(code, message))
        yield requests.Warn(self.setting.code, f"{message}, ignored")
        return None

    def once_more(self, start: requests.Fetch) -> Steps:
        """A queue's wait document has run out: "Twilio will make a new request to waitUrl"."""
        if (yield requests.Now()) == self.turned:
            yield requests.Speak("pause", seconds=WAIT_PAUSE)
        return (yield from self.turn_to(start))

    def turn_to(self, fetch: requests.Fetch) -> Steps:
        """Request another document."""
        if self.setting.again:
            self.turned = yield requests.Now()
        return (yield fetch)

    def go(self, url: str, method: str, params: Params = NONE) -> Steps:
        """Transfer control to another document; "" is the current one."""
        target = resolve(self.page.url, url)
        if not target and url:
            message = f'the document has no URL, so "{url}" can\'t be resolved'
            return (yield requests.Fail(15004, message))
        if not target:
            return (yield requests.Fail(11100, "the document has no URL to return to"))
        return (yield from self.turn_to(requests.Fetch(target, method, params)))

    # ---- prompts

    def say(self, verb: v.Say, ears: str = "") -> Steps:
        text = " ".join(verb.text.split())
        longer = verb.silence + verb.stretch / pace(verb.language) if verb.stretch else verb.silence
        speak = requests.Speak("say", text, verb.language, verb.voice, ears, longer)
        for _ in range(min(verb.loop, MAX_LOOP) or MAX_LOOP):
            heard = yield speak
            if heard is not None:
                return heard
        return None

    def play(self, verb: v.Play, ears: str = "") -> Steps:
        if verb.digits:
            speak = requests.Speak("tones", verb.digits, ears=ears)
        else:
            url = resolve(self.page.url, verb.url) or verb.url
            speak = requests.Speak("play", url, ears=ears)
        for _ in range(min(verb.loop, MAX_LOOP) or MAX_LOOP):
            heard = yield speak
            if heard is not None:
                return heard
        return None

    def pause(self, verb: v.Pause, ears: str = "") -> Steps:
        return (yield requests.Speak("pause", ears=ears, seconds=verb.length))

    # ---- input

    def gather(self, verb: v.Gather) -> Steps:
        ears = verb.input if verb.barge_in else verb.input.replace("speech", "").strip()
        yield from self.fetched(verb.verbs)
        heard = yield from self.prompt(verb.verbs, ears)
        if heard is None:
            heard = yield requests.Listen(verb.timeout, verb.input)
        if type(heard) is requests.Speech:
            return (yield from self.spoken(verb, heard))
        digits, finished = "", ""
        while heard is not None:
            if heard in verb.finish_on_key:
                finished = heard
                break
            digits += heard
            if len(digits) == verb.num_digits:
                break
            heard = yield requests.Listen(verb.timeout)
        if not digits and not verb.action_on_empty_result:
            return None
        params = (("Digits", digits), ("FinishedOnKey", finished), ("msg", "Gather End"))
        return (yield from self.go(verb.action, verb.method, params))

    def fetched(self, verbs: tuple[v.Verb, ...]) -> Steps:
        """With several nested files, "all files are fetched before the first one plays"."""
        files = [verb.url for verb in verbs if type(verb) is v.Play and verb.url]
        if len(files) > 1:
            for url in files:
                yield requests.Load(resolve(self.page.url, url) or url)

    def prompt(self, verbs: tuple[v.Verb, ...], ears: str) -> Steps:
        """Play nested prompts; returns what broke in, or None."""
        for prompt in verbs:
            heard = yield from _VERBS[type(prompt)](self, prompt, ears)
            if heard is not None:
                return heard
        return None

    def spoken(self, verb: v.Gather, first: requests.Speech) -> Steps:
        """Once the person speaks, keys don't count any more.

        It ends after speechTimeout seconds of silence ("auto": at once), or a minute of speaking.
        """
        silence = verb.speech_timeout or str(verb.timeout)
        over = (yield requests.Now()) + MAX_SPEECH
        heard = [first]
        yield from self.partly(verb, heard)
        while silence != "auto" and (left := over - (yield requests.Now())) > 0:
            more = yield requests.Listen(min(int(silence), left), "speech")
            if more is None:
                break
            heard.append(more)
            yield from self.partly(verb, heard)
        confidence = min(each.confidence for each in heard)
        params = (("Confidence", f"{confidence:g}"), ("SpeechResult", " ".join(heard)))
        return (yield from self.go(verb.action, verb.method, params))

    def partly(self, verb: v.Gather, heard: list[requests.Speech]) -> Steps:
        """partialResultCallback: called "in real time"; its answer is ignored."""
        if verb.partial_result_callback:
            *stable, last = heard
            params = (
                ("SequenceNumber", str(len(stable))),
                ("Stability", f"{last.confidence:g}"),
                ("StableSpeechResult", " ".join(stable)),
                ("UnstableSpeechResult", str(last)),
            )
            url, method = verb.partial_result_callback, verb.partial_result_callback_method
            yield from self.report(url, method, params)

    def record(self, verb: v.Record) -> Steps:
        """There is no sound: a recording is its length and its URL.

        What the person says or keys counts as sound; ``timeout`` seconds without either end it.
        The action gets the full length, the status callback the length without the silence at both
        ends. Where silent recordings aren't kept, the action isn't requested, and the next verb
        follows.
        """
        if verb.play_beep:
            yield requests.Speak("beep")
        yield requests.Tape(self.recording_callback(verb))
        began = yield requests.Now()
        words: list[str] = []
        heard, sound = yield from self.sounds(verb, began, words)
        now = yield requests.Now()
        first, last = sound or (began, now)
        kept = min(last, now) - first if verb.trim == "trim-silence" else now - began
        callback = self.absolute(verb.transcribe_callback)
        tape = yield requests.Keep(
            int(kept), " ".join(words), verb.transcribe, callback, silent=sound is None
        )
        if tape is None:
            return OVER if heard is HANGUP else None
        sid, url = tape
        params: Params = (
            ("RecordingDuration", str(int(now - began))),
            ("RecordingSid", sid),
            ("RecordingUrl", url),
        )
        if heard is HANGUP:
            yield from self.report(verb.action, verb.method, (*params, ("Digits", "hangup")))
            return OVER
        if type(heard) is requests.Key and heard in verb.finish_on_key:
            params = (*params, ("Digits", str(heard)))
        return (yield from self.go(verb.action, verb.method, params))

    def sounds(self, verb: v.Record, began: float, words: list[str]) -> Steps:
        """Returns (what ended it, when sound began and ended or None); adds to ``words``."""
        now, quiet, first = began, began, -1.0
        while True:
            left = began + verb.max_length - now
            patience = min(left, quiet - now + verb.timeout) if verb.timeout else left
            heard: Any = yield requests.Listen(patience, "dtmf speech", True)
            now = yield requests.Now()
            ends = heard is None or heard is HANGUP
            if ends or (type(heard) is requests.Key and heard in verb.finish_on_key):
                return heard, (first, quiet) if first >= 0 else None
            first = now if first < 0 else first
            lasts = saying(heard, "") if type(heard) is requests.Speech else TONE
            if type(heard) is requests.Speech:
                words.append(heard)
            quiet = max(quiet, now + lasts)
            if now >= began + verb.max_length:
                return None, (first, quiet)

    def recording_callback(self, verb: v.Record) -> tuple[str, str, str]:
        """The (URL, method, events) of a recording's status callback."""
        url = self.absolute(verb.recording_status_callback)
        return url, verb.recording_status_callback_method, verb.recording_status_callback_event

    def absolute(self, url: str) -> str:
        """An optional URL of the current document; "" stays ""."""
        return resolve(self.page.url, url) if url else ""

    # ---- other people

    def dial(self, verb: v.Dial) -> Steps:
        outcome: requests.Outcome = yield requests.Connect(verb, self.page.url)
        self.answered = self.answered or outcome.answered
        return (yield from self.after(outcome, verb.action, verb.method))

    def enqueue(self, verb: v.Enqueue) -> Steps:
        outcome: requests.Outcome = yield requests.Join(verb, self.page.url)
        return (yield from self.after(outcome, verb.action, verb.method))

    def after(self, outcome: requests.Outcome, action: str, method: str) -> Steps:
        """The action takes over; without one the next verb follows."""
        if outcome.over:
            if action and outcome.params:
                yield from self.report(action, method, outcome.params)
            return OVER
        if not action:
            return None
        return (yield from self.go(action, method, outcome.params))

    def report(self, action: str, method: str, params: Params) -> Steps:
        """Request a URL whose answer isn't carried out."""
        target = resolve(self.page.url, action)
        if target:
            yield requests.Notify(target, method, params)

    def pay(self, verb: v.Pay) -> Steps:
        outcome: requests.Outcome = yield from pay(verb, self.prompt)
        return (yield from self.after(outcome, verb.action, verb.method))

    # ---- beside the call, and away from it

    def start(self, verb: v.Start) -> Steps:
        for noun in verb.nouns:
            yield requests.Begin(noun, self.page.url)
        return None

    def stop(self, verb: v.Stop) -> Steps:
        for noun in verb.nouns:
            yield requests.Halt(noun)
        return None

    def attach(self, verb: v.Connect) -> Steps:
        if not verb.nouns:
            yield requests.Warn(12200, "<Connect> without a noun is skipped")
            return None
        noun = verb.nouns[0]
        outcome: requests.Outcome = yield requests.Attach(noun, self.page.url)
        if isinstance(noun, v.VirtualAgent) and not verb.action and not outcome.over:
            # "Lacking an action attribute, Twilio requests TwiML from the current document."
            return (yield from self.go("", verb.method, outcome.params))
        return (yield from self.after(outcome, verb.action, verb.method))

    def echo(self, _verb: v.Echo) -> Steps:
        yield requests.Echo()

    def refer(self, verb: v.Refer) -> Steps:
        if not verb.nouns:
            yield requests.Warn(12200, "<Refer> without a <Sip> is skipped")
            return None
        outcome = yield requests.Transfer(verb.nouns[0].uri)
        if isinstance(outcome, requests.Page):
            return outcome
        return (yield from self.after(outcome, verb.action, verb.method))

    def sms(self, verb: v.Sms) -> Steps:
        callback = self.absolute(verb.status_callback)
        params = yield requests.Text(verb.to, verb.sender, verb.text, callback)
        if not verb.action:
            return None
        return (yield from self.go(verb.action, verb.method, params))

    # ---- ends

    def redirect(self, verb: v.Redirect) -> Steps:
        return (yield from self.go(verb.url, verb.method))

    def hangup(self, verb: v.Hangup) -> Steps:
        return (yield requests.End("completed", _returned(verb)))

    def reject(self, verb: v.Reject) -> Steps:
        status = "busy" if verb.reason == "busy" else "no-answer"
        return (yield requests.End(status, _returned(verb)))

    def leave(self, _verb: v.Leave) -> Steps:
        return (yield requests.Leave())


def _returned(verb: v.Hangup | v.Reject) -> Params:
    """ "Parameters are passed to the action URL of the originating <Dial>, as ReturnParam_…"
    (docs/voice/twiml/dial/application/usage)"""
    return tuple((f"ReturnParam_{each.name}", each.value) for each in verb.parameters)


_VERBS: Mapping[type, Callable[..., Steps]] = {
    v.Say: Interpreter.say,
    v.Play: Interpreter.play,
    v.Pause: Interpreter.pause,
    v.Gather: Interpreter.gather,
    v.Record: Interpreter.record,
    v.Dial: Interpreter.dial,
    v.Enqueue: Interpreter.enqueue,
    v.Redirect: Interpreter.redirect,
    v.Hangup: Interpreter.hangup,
    v.Reject: Interpreter.reject,
    v.Leave: Interpreter.leave,
    v.Start: Interpreter.start,
    v.Stop: Interpreter.stop,
    v.Connect: Interpreter.attach,
    v.Echo: Interpreter.echo,
    v.Refer: Interpreter.refer,
    v.Pay: Interpreter.pay,
    v.Sms: Interpreter.sms,
}


def _picks_up(verb: v.Verb, first: bool) -> bool:
    """Whether a verb answers the call: not Pause, Redirect, <Dial answerOnBridge>, a first Reject.

    (https://www.twilio.com/docs/voice/twiml/reject, /pause, /dial)
    """
    match verb:
        case v.Pause() | v.Redirect() | v.Dial(answer_on_bridge=True):
            return False
        case v.Reject():
            return not first
    return True


def music() -> Steps:
    """Twilio's own waiting music, which never ends."""
    yield requests.Speak("music")


def waiting_steps(url: str | None, method: str, base: str, setting: Setting) -> Steps | None:
    """What is heard while waiting: Twilio's music (url None), nothing ("") or a document."""
    if url is None:
        return music()
    if not url:
        return None
    fetch = requests.Fetch(resolve(base, url), method)
    return Interpreter(setting).run(fetch)


# ---- URLs --------------------------------------------------------------------------------------


def resolve(base: str, url: str) -> str:
    """The absolute URL; "" when it is relative and there is no base. "" itself means ``base``."""
    if url.startswith(("https://", "http://")):
        return url
    if not url or not base:
        return base
    if url.startswith("//") and url[2:3] in ("", "/", "?", "#"):  # no host where one must be
        return url
    if url[0] == "/" and "/." not in url and not url.startswith("//"):
        return _origin(base) + url
    try:
        return urljoin(base, url)
    except ValueError:  # it can't be made sense of, so that it can't be requested either
        return url


@lru_cache(maxsize=1024)
def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
