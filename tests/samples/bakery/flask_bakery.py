"""A bakery's line: whoever asks for it is called back. Nothing here is for tests.

TWILIO_ACCOUNT_SID=… TWILIO_AUTH_TOKEN=… flask --app flask_bakery run
"""

import os

from flask import Flask, Response, abort, request, url_for
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from twilio.twiml.voice_response import VoiceResponse
from werkzeug.middleware.proxy_fix import ProxyFix

HELLO = {"FR": ("Bonjour", "fr-FR"), "DE": ("Guten Tag", "de-DE")}

app = Flask(__name__)
app.wsgi_app = ProxyFix(app.wsgi_app, x_host=1)
client = Client()
wanted = set()  # numbers that want to be called back


@app.before_request
def only_from_twilio():
    signature = request.headers.get("X-Twilio-Signature", "")
    validator = RequestValidator(os.environ["TWILIO_AUTH_TOKEN"])
    if not validator.validate(request.url, request.form, signature):
        abort(403)


def twiml(answer):
    return Response(str(answer), mimetype="text/xml")


@app.post("/voice")
def voice():
    hello, language = HELLO.get(request.form["FromCountry"], ("Hello", "en-US"))
    answer = VoiceResponse()
    answer.say(hello, language=language)
    menu = answer.gather(num_digits=1, action=url_for("choice", _external=True))
    menu.say("The bakery is closed. To be called back, press 1.")
    answer.say("Goodbye.")
    return twiml(answer)


@app.post("/choice")
def choice():
    wanted.add(request.form["From"])
    answer = VoiceResponse()
    where = request.form["FromCity"].title() or "you"
    answer.say(f"We will call {where} back.")
    return twiml(answer)


@app.post("/ended")
def ended():
    """The status callback of the number: the caller has hung up, and can be called."""
    caller, line = request.form["From"], request.form["To"]
    if caller in wanted:
        wanted.discard(caller)
        client.calls.create(
            to=caller,
            from_=line,
            url=url_for("callback", _external=True),
            status_callback=url_for("told", _external=True),
        )
    return "", 204


@app.post("/callback")
def callback():
    answer = VoiceResponse()
    answer.say("This is the bakery. What would you like?")
    answer.record(action=url_for("ordered", _external=True), max_length=30, timeout=3)
    return twiml(answer)


@app.post("/ordered")
def ordered():
    answer = VoiceResponse()
    answer.say("Thank you.")
    return twiml(answer)


@app.post("/told")
def told():
    return "", 204
