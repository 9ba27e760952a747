"""One small line in several frameworks; each checks the signature as that framework's users do.

As a program it is the FastAPI one: ``uvicorn tests.kit.frameworks:fastapi_app``.
"""

from __future__ import annotations

from collections.abc import Mapping

import django
import flask
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.urls import path
from fastapi import FastAPI, Request, Response
from twilio.request_validator import RequestValidator

from ivr.simulator import Exchange

TOKEN = Exchange(seed=1).auth_token
MENU = (
    '<Gather numDigits="1" action="/key?from=menu"><Say>Bonjour, press a key.</Say></Gather>'
    "<Say>Nothing was pressed.</Say>"
)


def twiml(page: str, form: Mapping[str, str]) -> str:
    """The document of a page."""
    said = MENU if page == "/voice" else f"<Say>That was {form['Digits']}.</Say>"
    return f"<Response>{said}</Response>"


def signed(url: str, form: Mapping[str, str], signature: str | None) -> bool:
    return bool(RequestValidator(TOKEN).validate(url, form, signature or ""))


# ---- Flask -------------------------------------------------------------------------------------

flask_app = flask.Flask(__name__)


@flask_app.post("/voice")
@flask_app.post("/key")
def answer_in_flask() -> flask.Response:
    request = flask.request
    if not signed(request.url, request.form, request.headers.get("X-Twilio-Signature")):
        flask.abort(403)
    return flask.Response(twiml(request.path, request.form), mimetype="text/xml")


# ---- Django ------------------------------------------------------------------------------------


def answer_in_django(request: HttpRequest) -> HttpResponse:
    form = request.POST.dict()
    url = request.build_absolute_uri()
    if not signed(url, form, request.headers.get("X-Twilio-Signature")):
        return HttpResponseForbidden()
    return HttpResponse(twiml(request.path, form), content_type="text/xml")


async def answer_later_in_django(request: HttpRequest) -> HttpResponse:
    return answer_in_django(request)


urlpatterns = [path("voice", answer_in_django), path("key", answer_later_in_django)]
settings.configure(ROOT_URLCONF=__name__, SECRET_KEY="none", ALLOWED_HOSTS=["*"])
django.setup()
django_wsgi = get_wsgi_application()
django_asgi = get_asgi_application()

# ---- FastAPI -----------------------------------------------------------------------------------

fastapi_app = FastAPI()


@fastapi_app.post("/voice")
@fastapi_app.post("/key")
async def answer_in_fastapi(request: Request) -> Response:
    form = {name: str(value) for name, value in (await request.form()).items()}
    if not signed(str(request.url), form, request.headers.get("X-Twilio-Signature")):
        return Response(status_code=403)
    return Response(twiml(request.url.path, form), media_type="text/xml")
