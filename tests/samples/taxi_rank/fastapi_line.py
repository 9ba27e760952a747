"""A taxi rank: riders wait in a queue, and one driver after another is rung until one takes them.

uvicorn fastapi_line:app --port $PORT
"""

from __future__ import annotations

import os
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from twilio.twiml.voice_response import Dial, Gather, VoiceResponse

RANK = "+33800000012"
DRIVERS = ("+33155500031", "+33155500032", "+33155500033")
PATIENCE = 20  # seconds that a driver's telephone rings

app = FastAPI()
validator = RequestValidator(os.environ["TWILIO_AUTH_TOKEN"])
twilio = Client(os.environ["TWILIO_ACCOUNT_SID"], os.environ["TWILIO_AUTH_TOKEN"])


async def form(request: Request) -> dict[str, str]:
    """The webhook's parameters; 403 unless it is the carrier's."""
    given = {name: str(value) for name, value in (await request.form()).items()}
    signature = request.headers.get("X-Twilio-Signature", "")
    if not validator.validate(str(request.url), given, signature):
        raise HTTPException(403)
    return given


Form = Annotated[dict[str, str], Depends(form)]


@app.post("/voice")
def voice(form: Form) -> Response:
    answer = VoiceResponse()
    answer.say("Taxi rank. Please hold the line, we are calling the drivers.")
    answer.enqueue(form["CallSid"], wait_url="/wait")
    answer.say("We hope that you had a good ride.")
    return twiml(answer)


@app.post("/wait")
def wait(request: Request, form: Form) -> Response:
    """What a rider hears in the queue; a driver who is rung any earlier finds nobody there."""
    if form["QueueTime"] == "0":
        ring(request, form["CallSid"], 0)
    answer = VoiceResponse()
    answer.play("https://line.test/accordion.mp3")
    answer.say(f"You have waited for {form['QueueTime']} seconds.")
    return twiml(answer)


@app.post("/driver")
def driver(rider: str, form: Form) -> Response:
    """A driver has picked up."""
    answer = VoiceResponse()
    question = Gather(num_digits=1, action=f"/take?rider={rider}", timeout=8)
    question.say("A rider is waiting. To take the ride, press 1.")
    answer.append(question)
    return twiml(answer)


@app.post("/take")
def take(rider: str, form: Form) -> Response:
    answer = VoiceResponse()
    if form["Digits"] == "1":
        dial = Dial()
        dial.queue(rider, url="/found")
        answer.append(dial)
        answer.say("The ride is over.")
    return twiml(answer)


@app.post("/found")
def found(form: Form) -> Response:
    """What the rider hears before being connected."""
    answer = VoiceResponse()
    answer.say("Here is your driver.")
    return twiml(answer)


@app.post("/rung")
def rung(request: Request, rider: str, place: int, form: Form) -> Response:
    """A driver's call is over: unless the rider is gone or was taken, the next one is rung."""
    waiting = {queue.friendly_name for queue in twilio.queues.list() if queue.current_size}
    if rider in waiting:
        ring(request, rider, place + 1)
    return Response(status_code=204)


@app.post("/nobody")
def nobody(form: Form) -> Response:
    answer = VoiceResponse()
    answer.say("No taxi is free. Please call again later.")
    return twiml(answer)


def ring(request: Request, rider: str, place: int) -> None:
    """Call a driver; after the last one the rider is told so."""
    here = str(request.base_url).rstrip("/")
    if place == len(DRIVERS):
        twilio.calls(rider).update(url=f"{here}/nobody")
        return
    twilio.calls.create(
        to=DRIVERS[place],
        from_=RANK,
        url=f"{here}/driver?rider={rider}",
        status_callback=f"{here}/rung?rider={rider}&place={place}",
        timeout=PATIENCE,
    )


def twiml(answer: VoiceResponse) -> Response:
    return Response(str(answer), media_type="text/xml")
