"""What the line is compared with: Flask alone, a line without any memory, and itself by the plain
route."""

from __future__ import annotations

from flask import Flask, Response, request

from tests.bench.traffic import ORIGIN, TOKEN, VOICE


def bare() -> Flask:
    """A route that returns a constant and doesn't even read the form."""
    app = Flask("bare")

    @app.post(VOICE)
    @app.post(f"{VOICE}/status")
    def voice() -> str:
        return "<Response/>"

    return app


def plain() -> Flask:
    """Our line by Flask's own routing, as its settings in the environment say."""
    from ivr.line.web.webhooks.app import create_app
    from ivr.server.build import full_services
    from ivr.server.settings import Settings

    services = full_services(Settings.from_environment())
    services.begin()
    return create_app(services, plain=True)


def handwritten() -> Flask:
    """A menu without any memory, as a tutorial has it."""
    from twilio.request_validator import RequestValidator
    from twilio.twiml.voice_response import Gather, VoiceResponse

    app, validator = Flask("handwritten"), RequestValidator(TOKEN)

    @app.post(VOICE)
    def voice() -> Response:
        url = ORIGIN + request.full_path.rstrip("?")
        if not validator.validate(url, request.form, request.headers["X-Twilio-Signature"]):
            return Response("", 403)
        said = {"1": "Enter the case number.", "*": "For English, press 1."}
        menu = Gather(num_digits=1, action=f"{VOICE}?turn=1", timeout=7)
        menu.say(said.get(request.form.get("Digits", ""), "Welcome. For English, press 1."))
        answer = VoiceResponse()
        answer.append(menu)
        answer.redirect(f"{VOICE}?turn=1")
        return Response(str(answer), mimetype="text/xml")

    return app
