"""The telephone of a restaurant: a table is reserved by voice or by keys, a wish is recorded.

flask --app flask_line run --port $PORT
"""

from __future__ import annotations

import os
import re

from flask import Flask, Response, abort, request, session, url_for
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import Gather, VoiceResponse

MOST_GUESTS = 12
NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8}

app = Flask(__name__)
app.secret_key = os.environ["TWILIO_AUTH_TOKEN"]  # the carrier keeps our cookies for each call
validator = RequestValidator(os.environ["TWILIO_AUTH_TOKEN"])


@app.before_request
def from_the_carrier() -> None:
    signature = request.headers.get("X-Twilio-Signature", "")
    if not validator.validate(request.url, request.form, signature):
        abort(403)


@app.post("/voice")
def voice() -> Response:
    answer = VoiceResponse()
    menu = Gather(
        input="dtmf speech", num_digits=1, action=url_for("wish"), hints="table, message", timeout=4
    )
    menu.say("Chez Odile, good evening. For a table, say table or press 1.")
    menu.say("To leave us a message, say message or press 2.")
    answer.append(menu)
    answer.redirect(url_for("message"))
    return twiml(answer)


@app.post("/wish")
def wish() -> Response:
    wanted = request.form.get("Digits") or request.form.get("SpeechResult", "").lower()
    if wanted == "1" or "table" in wanted:
        return twiml(ask_how_many("For how many?"))
    if wanted == "2" or "message" in wanted:
        return message()
    answer = VoiceResponse()
    answer.say("I didn't understand that.")
    answer.redirect(url_for("voice"))
    return twiml(answer)


@app.post("/guests")
def guests() -> Response:
    how_many = number(request.form.get("Digits") or request.form.get("SpeechResult", ""))
    if how_many is None:
        return twiml(ask_how_many("For how many, please?"))
    if how_many > MOST_GUESTS:
        return twiml(ask_how_many(f"We have no table for more than {MOST_GUESTS}. For how many?"))
    session["guests"] = how_many
    return twiml(ask_when("At what time? Key four digits, such as 1 9 3 0."))


@app.post("/time")
def time() -> Response:
    hour, minute = divmod(int(request.form["Digits"]), 100)
    if not (18 <= hour <= 22 and minute < 60):
        return twiml(ask_when("Our kitchen is open from 18 to 22. At what time?"))
    answer = VoiceResponse()
    answer.say(f"A table for {session['guests']} at {hour} {minute:02}. We look forward to it.")
    answer.hangup()
    return twiml(answer)


@app.post("/message")
def message() -> Response:
    answer = VoiceResponse()
    answer.say("Speak after the tone, and press the hash key when you have finished.")
    answer.record(action=url_for("thanks"), max_length=60, timeout=5, finish_on_key="#")
    return twiml(answer)


@app.post("/thanks")
def thanks() -> Response:
    seconds = int(request.form["RecordingDuration"])
    answer = VoiceResponse()
    answer.say(f"Thank you, that were {seconds} seconds. Goodbye.")
    return twiml(answer)


def ask_how_many(words: str) -> VoiceResponse:
    return asked(words, "guests", timeout=6, input="dtmf speech", finish_on_key="#")


def ask_when(words: str) -> VoiceResponse:
    return asked(words, "time", timeout=8, num_digits=4)


def asked(words: str, then: str, **gather: object) -> VoiceResponse:
    """A question; a caller who says nothing is told goodbye."""
    answer = VoiceResponse()
    question = Gather(action=url_for(then), **gather)
    question.say(words)
    answer.append(question)
    answer.say("We can't hear you. Please call again.")
    return answer


def number(said: str) -> int | None:
    """Digits, or a number in words: "a table for four, please"."""
    for word in re.findall(r"\w+", said.lower()):
        if word.isdecimal() or word in NUMBERS:
            return int(word) if word.isdecimal() else NUMBERS[word]
    return None


def twiml(answer: VoiceResponse) -> Response:
    return Response(str(answer), mimetype="text/xml")
