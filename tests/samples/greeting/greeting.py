"""The line for FastAPI: ``uvicorn greeting:app``."""

import os

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import VoiceResponse


async def signed(request: Request):
    validator = RequestValidator(os.environ["TWILIO_AUTH_TOKEN"])
    form = dict(await request.form())
    if not validator.validate(str(request.url), form, request.headers["X-Twilio-Signature"]):
        raise HTTPException(403, "not signed by Twilio")


app = FastAPI(dependencies=[Depends(signed)])


@app.post("/voice")
async def voice(request: Request):
    form = await request.form()
    answer = VoiceResponse()
    menu = answer.gather(num_digits=1, action=str(request.url_for("key")))
    menu.say(f"Welcome, {form['FromCountry']}.")
    return Response(str(answer), media_type="text/xml")


@app.post("/key")
async def key(request: Request):
    form = await request.form()
    answer = VoiceResponse()
    answer.say(f"That was {form['Digits']}.")
    return Response(str(answer), media_type="text/xml")
