"""A courier's line: the driver of the caller's area is brought in. Nothing here is for tests.

Django's own settings for an application that is only reached by https, through a proxy.

    TWILIO_ACCOUNT_SID=… TWILIO_AUTH_TOKEN=… python courier.py runserver 3000
"""

import os
import sys

from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import HttpResponse, HttpResponseForbidden
from django.urls import path, reverse
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from twilio.twiml.voice_response import Dial, VoiceResponse

DRIVERS = {"94601": "+14155550181"}
ANY_DRIVER = "+14155550182"

settings.configure(
    ROOT_URLCONF=__name__,
    SECRET_KEY="not used",
    ALLOWED_HOSTS=["courier.example"],
    SECURE_SSL_REDIRECT=True,
    SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https"),
    USE_X_FORWARDED_HOST=True,
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.middleware.common.CommonMiddleware",
        f"{__name__}.only_from_twilio",
    ],
)


def only_from_twilio(get_response):
    validator = RequestValidator(os.environ["TWILIO_AUTH_TOKEN"])

    def answer(request):
        signature = request.headers.get("X-Twilio-Signature", "")
        if not validator.validate(request.build_absolute_uri(), request.POST.dict(), signature):
            return HttpResponseForbidden("not signed by Twilio")
        return get_response(request)

    return answer


def twiml(answer):
    return HttpResponse(str(answer), content_type="text/xml")


def voice(request):
    room = request.POST["CallSid"]
    driver = DRIVERS.get(request.POST["FromZip"], ANY_DRIVER)
    url = request.build_absolute_uri(reverse("driver", args=[room]))
    Client().calls.create(to=driver, from_=request.POST["To"], url=url, timeout=20)
    answer = VoiceResponse()
    answer.say("We are calling your driver.")
    dial = Dial()
    dial.conference(room, start_conference_on_enter=False, beep=False)
    answer.append(dial)
    return twiml(answer)


def driver(request, room):
    answer = VoiceResponse()
    answer.say("A customer.")
    dial = Dial()
    dial.conference(room, end_conference_on_exit=True, beep=False)
    answer.append(dial)
    return twiml(answer)


urlpatterns = [path("voice", voice), path("driver/<room>", driver, name="driver")]

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
