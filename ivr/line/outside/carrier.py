"""What the line asks of the telephone network, through `twilio.rest.Client`.

A request that was refused certainly did nothing; one whose answer is lost may have. The two are
kept apart (`Refused`, `Unsure`), because somebody who may be ringing must never be rung again.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import requests

from ivr.errors import CallError
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
    """The carrier did not do it, and says so or can't be reached at all."""


class LegGone(Refused):
    """The leg has ended, or the carrier doesn't know it."""


class Unsure(CallError):
    """The carrier may have done it: a time-out, a server error, an answer that makes no sense."""


class Carrier:
    """Places, redirects and ends legs. Every method raises `Refused` or `Unsure`; `send` raises
    `LegGone` for a leg that has ended."""

    def __init__(self, client: Client) -> None:
        self.client = client

    @property
    def auth_token(self) -> str:
        """The account's token, which signs the webhooks as well."""
        return str(self.client.auth[1])

    def place(self, to: str, shown: str, url: str, status: str, timeout: int) -> str:
        """Ring ``to``, showing ``shown``; once it is picked up, ``url`` serves it, and is asked
        for the present document when another webhook of it gets no answer. The leg's SID."""
        made = self._ask(
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
        return str(made.sid)

    def send(self, sid: str, url: str) -> None:
        """Have a live leg go on with ``url``."""
        self._ask(lambda: self.client.calls(sid).update(url=url, method="POST"))

    def hang_up(self, sid: str) -> None:
        """End a leg, ringing or not; one that is over already is fine."""
        self._ask(lambda: self.client.calls(sid).update(status="completed"), over_is_fine=True)

    def over(self, sid: str) -> bool:
        """Has this leg ended? One that the carrier doesn't know any more has."""
        found = self._ask(lambda: self.client.calls(sid).fetch(), over_is_fine=True)
        return found is None or found.status in ENDED

    def hold(self, room: str, sid: str, held: bool, url: str) -> None:
        """Take somebody in a conference out of earshot, where he hears ``url``; or bring him
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
        """Say something to one person in a conference."""
        conference = self._conference(room)
        self._ask(
            lambda: (
                self.client.conferences(conference)
                .participants(sid)
                .update(announce_url=url, announce_method="POST")
            )
        )

    def record(self, sid: str, wanted: str, status: str) -> list[str]:
        """Bring the recording of a leg to ``wanted``, "on", "paused" or "off", from whatever it is.

        The SIDs of what was going on, or is from now on. ``status`` is told of beginning and end.
        A leg that is over is fine.
        """
        recordings = self.client.calls(sid).recordings
        listed = self._ask(lambda: recordings.list(), over_is_fine=True) or ()
        going_on = [each for each in listed if each.status in ("in-progress", "paused")]
        if wanted == "on" and not going_on:
            made = self._ask(
                lambda: recordings.create(
                    recording_status_callback=status,
                    recording_status_callback_event=RECORDING_EVENTS,
                ),
                over_is_fine=True,
            )
            return [str(made.sid)] if made else []
        for each in going_on:
            if each.status != RECORDING[wanted]:
                self._update_recording(sid, each.sid, RECORDING[wanted])
        return [str(each.sid) for each in going_on]

    def _update_recording(self, leg: str, sid: str, status: str) -> None:
        recording = self.client.calls(leg).recordings(sid)
        self._ask(lambda: recording.update(status=status), over_is_fine=True)

    def delete_recording(self, sid: str) -> None:
        """Delete the sound; one that is gone already is fine."""
        self._ask(lambda: self.client.recordings(sid).delete(), over_is_fine=True)

    def _conference(self, room: str) -> str:
        found = self._ask(
            lambda: self.client.conferences.list(friendly_name=room, status="in-progress", limit=1)
        )
        if not found:
            raise Refused(f"no conference '{room}' is going on")
        return str(found[0].sid)

    def _ask(self, request: Any, over_is_fine: bool = False) -> Any:
        from twilio.base.exceptions import TwilioException, TwilioRestException

        try:
            return request()
        except TwilioRestException as error:
            if over_is_fine and error.code in LEG_GONE:
                return None
            raise _kind(error)(masked(f"{error.status} {error.code}: {error.msg}")) from error
        except requests.ConnectionError as error:
            kind = Refused if _never_sent(error) else Unsure
            raise kind(masked(f"no connection to the carrier: {error}")) from error
        except (requests.RequestException, TwilioException, ValueError, KeyError) as error:
            raise Unsure(masked(f"{type(error).__name__}: {error}")) from error


def _kind(error: TwilioRestException) -> type[CallError]:
    if error.code in LEG_GONE:
        return LegGone
    return Unsure if error.status >= 500 else Refused


def _never_sent(error: requests.ConnectionError) -> bool:
    """A connection that was never made carried no request."""
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

    if isinstance(error, requests.ConnectTimeout):
        return True
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)


def client(account_sid: str, auth_token: str, api_url: str = "") -> Client:
    """Twilio's own client with our time-outs; ``api_url`` points it at a simulated network."""
    from twilio.http.http_client import TwilioHttpClient
    from twilio.rest import Client

    quiet = logging.getLogger(
        "ivr.line.outside.carrier.http"
    )  # it would log the addresses of recordings
    quiet.setLevel(logging.WARNING)
    http = TwilioHttpClient(timeout=HTTP_TIMEOUT, logger=quiet)
    made = Client(account_sid, auth_token, http_client=http)
    if api_url:
        made.api.base_url = api_url
    return made
