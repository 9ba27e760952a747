"""What the line asks of the telephone network, through `twilio.rest.Client`.

A request that was refused did nothing; a request whose answer is lost may have been carried out.
The two are kept apart (`Refused`, `Unsure`), because a telephone that may be ringing must never be
rung again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import requests

from ivr.errors import CallError
from ivr.line import metrics, tracing
from ivr.line.desk.subjects import masked

if TYPE_CHECKING:
    from twilio.base.exceptions import TwilioRestException
    from twilio.rest import Client

ENDED = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
STATUS_EVENTS = ["completed"]
RECORDING_EVENTS = ["in-progress", "completed", "absent"]
RECORDING = {"on": "in-progress", "paused": "paused", "off": "stopped"}  # Twilio's words
HTTP_TIMEOUT = 5.0  # seconds to connect, and again to answer; a call waits meanwhile
# Twilio's "Call is not in-progress" and "not found": https://www.twilio.com/docs/api/errors/21220,
# https://www.twilio.com/docs/api/errors/20404
LEG_GONE = (21220, 20404)


class Refused(CallError):
    """The carrier didn't do it: it refused, or couldn't be reached at all."""


class LegGone(Refused):
    """The leg has ended, or the carrier doesn't know it."""


class Unsure(CallError):
    """The carrier may have done it: a timeout, a server error, or an answer that makes no sense."""


@dataclass(frozen=True, slots=True)
class OwnNumber:
    """A telephone number of the account, and where its calls go: URLs, their methods, and the SIDs
    of an ``application`` or a ``trunk`` that takes them instead."""

    sid: str
    number: str
    voice: str
    voice_method: str
    fallback: str
    status: str
    status_method: str
    application: str = ""
    trunk: str = ""

    @property
    def taken_by(self) -> str:
        """What takes its calls instead of its voice URL, ``""`` for nothing."""
        if self.trunk:
            return f"the SIP trunk {self.trunk}"
        return f"the TwiML application {self.application}" if self.application else ""


class Carrier:
    """Places, redirects and ends legs. Every method raises `Refused` or `Unsure`; `send` raises
    `LegGone` for a leg that has ended.

    ``told`` hears after each request whether the carrier can be used: ``""``, or why not.
    """

    def __init__(self, client: Client, told: Callable[[str], None] = lambda why: None) -> None:
        self.client = client
        self.told = told

    @property
    def auth_token(self) -> str:
        """The account's token, which signs the webhooks as well."""
        return str(self.client.auth[1])

    def place(self, to: str, shown: str, url: str, status: str, timeout: int) -> str:
        """Ring ``to``, showing the number ``shown``; returns the leg's SID. When it is answered,
        ``url`` serves it, and also when another of its webhooks gets no answer."""
        call = self._ask(
            lambda: self.client.calls.create(
                to=to,
                from_=shown,
                url=url,
                fallback_url=url,
                status_callback=status,
                status_callback_event=STATUS_EVENTS,
                timeout=timeout,
            )
        )
        return str(call.sid)

    def send(self, sid: str, url: str) -> None:
        """Redirect a live leg to ``url``."""
        self._ask(lambda: self.client.calls(sid).update(url=url, method="POST"))

    def hang_up(self, sid: str) -> None:
        """End a leg, ringing or not; nothing happens if it is over already."""
        self._ask(lambda: self.client.calls(sid).update(status="completed"), over_is_fine=True)

    def over(self, sid: str) -> bool:
        """Whether this leg has ended; a leg that the carrier no longer knows has."""
        call = self._ask(lambda: self.client.calls(sid).fetch(), over_is_fine=True)
        return call is None or call.status in ENDED

    def hold(self, room: str, sid: str, held: bool, url: str) -> None:
        """Put a participant of a conference on hold, where they hear ``url``, or bring them
        back."""
        conference = self._conference(room)
        self._ask(
            lambda: (
                self.client.conferences(conference)
                .participants(sid)
                .update(hold=held, hold_url=url, hold_method="POST")
            )
        )

    def announce(self, room: str, sid: str, url: str) -> None:
        """Play a document to one participant of a conference."""
        conference = self._conference(room)
        self._ask(
            lambda: (
                self.client.conferences(conference)
                .participants(sid)
                .update(announce_url=url, announce_method="POST")
            )
        )

    def record(self, sid: str, wanted: str, status: str) -> list[str]:
        """Bring the recording of a leg to the state ``wanted``: "on", "paused" or "off".

        Returns the SIDs of the recordings that were in progress, or are now. ``status`` is the URL
        for their status callbacks. Nothing happens if the leg is over.
        """
        recordings = self.client.calls(sid).recordings
        listed = self._ask(lambda: recordings.list(), over_is_fine=True) or ()
        in_progress = [each for each in listed if each.status in ("in-progress", "paused")]
        if wanted == "on" and not in_progress:
            recording = self._ask(
                lambda: recordings.create(
                    recording_status_callback=status,
                    recording_status_callback_event=RECORDING_EVENTS,
                ),
                over_is_fine=True,
            )
            return [str(recording.sid)] if recording else []
        for each in in_progress:
            if each.status != RECORDING[wanted]:
                self._update_recording(sid, each.sid, RECORDING[wanted])
        return [str(each.sid) for each in in_progress]

    def _update_recording(self, leg: str, sid: str, status: str) -> None:
        recording = self.client.calls(leg).recordings(sid)
        self._ask(lambda: recording.update(status=status), over_is_fine=True)

    def delete_recording(self, sid: str) -> None:
        """Delete the audio; nothing happens if it has been deleted already."""
        self._ask(lambda: self.client.recordings(sid).delete(), over_is_fine=True)

    def participants(self, room: str) -> tuple[str, dict[str, bool]]:
        """Who is in a conference: its SID, and the SIDs of the legs with whether each is on hold.
        ``""`` and nobody when there is no such conference now."""
        conference = self._live_conference(room)
        if not conference:
            return "", {}
        listed = self._ask(lambda: self.client.conferences(conference).participants.list())
        return conference, {str(each.call_sid): bool(each.hold) for each in listed}

    def owned(self, number: str) -> OwnNumber | None:
        """The account's number; None if it hasn't got it."""
        numbers = self.client.incoming_phone_numbers
        listed = self._ask(lambda: numbers.list(phone_number=number, limit=20))
        return next((_own(each) for each in listed if each.phone_number == number), None)

    def point(self, sid: str, **changes: str) -> None:
        """Change where a number's calls go, by the names that Twilio's client has."""
        self._ask(lambda: self.client.incoming_phone_numbers(sid).update(**changes))

    def _conference(self, room: str) -> str:
        conference = self._live_conference(room)
        if not conference:
            raise Refused(f"no conference '{room}' is in progress")
        return conference

    def _live_conference(self, room: str) -> str:
        """The SID of the conference of this name that isn't over; with one participant it is
        ``init``, with more ``in-progress``."""
        listed = self._ask(lambda: self.client.conferences.list(friendly_name=room, limit=20))
        return next((str(each.sid) for each in listed if each.status != "completed"), "")

    def _ask(self, request: Any, over_is_fine: bool = False) -> Any:
        begun = perf_counter()
        try:
            with tracing.span("rest"):
                answer = _asked(request)
        except _Failed as failed:
            if over_is_fine and failed.kind == "gone":
                self.told("")
                return None
            metrics.REST_FAILURES.labels(failed.kind).inc()
            self.told(UNUSABLE.get(failed.kind, ""))
            raise _RAISED[failed.kind](failed.why) from failed.__cause__
        finally:
            metrics.REST_SECONDS.observe(perf_counter() - begun)
        self.told("")
        return answer


def _own(found: Any) -> OwnNumber:
    return OwnNumber(
        sid=str(found.sid),
        number=str(found.phone_number),
        voice=found.voice_url or "",
        voice_method=found.voice_method or "POST",
        fallback=found.voice_fallback_url or "",
        status=found.status_callback or "",
        status_method=found.status_callback_method or "POST",
        application=found.voice_application_sid or "",
        trunk=found.trunk_sid or "",
    )


class _Failed(Exception):
    """A request failed; ``kind`` is one of `ivr.line.metrics.REST_FAILURE_KINDS`."""

    def __init__(self, kind: str, why: str) -> None:
        super().__init__(why)
        self.kind, self.why = kind, masked(why)


# The kinds of failure after which nothing else will succeed either, in words.
UNUSABLE = {
    "credentials": "it refuses the account's credentials",
    "unreachable": "no connection to it",
    "unanswered": "it doesn't answer, or with an error",
}
_RAISED: dict[str, type[CallError]] = {
    "gone": LegGone,
    "refused": Refused,
    "credentials": Refused,
    "unreachable": Refused,
    "unanswered": Unsure,
}


def _asked(request: Any) -> Any:
    """What the request answers. Raises `_Failed`."""
    from twilio.base.exceptions import TwilioException, TwilioRestException

    try:
        return request()
    except TwilioRestException as error:
        raise _Failed(_kind(error), f"{error.status} {error.code}: {error.msg}") from error
    except requests.ConnectionError as error:
        kind = "unreachable" if _never_sent(error) else "unanswered"
        raise _Failed(kind, f"no connection to the carrier: {error}") from error
    except (requests.RequestException, TwilioException, ValueError, KeyError) as error:
        raise _Failed("unanswered", f"{type(error).__name__}: {error}") from error


def _kind(error: TwilioRestException) -> str:
    if error.code in LEG_GONE:
        return "gone"
    if error.status in (401, 403):
        return "credentials"
    return "unanswered" if error.status >= 500 else "refused"


def _never_sent(error: requests.ConnectionError) -> bool:
    """Whether no connection was made: then no request was sent either."""
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

    if isinstance(error, requests.ConnectTimeout):
        return True
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)


def client(account_sid: str, auth_token: str, api_url: str = "") -> Client:
    """Twilio's own client with the line's timeouts; ``api_url`` is another REST API, such as a
    simulated network's."""
    from twilio.http.http_client import TwilioHttpClient
    from twilio.rest import Client

    # At INFO it would log the addresses of recordings.
    quiet = logging.getLogger("ivr.line.outside.carrier.http")
    quiet.setLevel(logging.WARNING)
    http = TwilioHttpClient(timeout=HTTP_TIMEOUT, logger=quiet)
    twilio = Client(account_sid, auth_token, http_client=http)
    if api_url:
        twilio.api.base_url = api_url
    return twilio
