"""What the line asks of the telephone network, through `twilio.rest.Client`.

A request that was refused certainly did nothing; one whose answer is lost may have. The two are
kept apart (`Refused`, `Unsure`), because somebody who may be ringing must never be rung again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests

from ivr.errors import CallError

if TYPE_CHECKING:
    from twilio.rest import Client

STATUS_EVENTS = ["completed"]
PATIENCE = 5.0  # seconds to connect, and again to answer; a call waits meanwhile


class Refused(CallError):
    """The carrier did not do it, and says so or can't be reached at all."""


class Unsure(CallError):
    """The carrier may have done it: a time-out, a server error, an answer that makes no sense."""


class Carrier:
    """Places, redirects and ends legs. Every method raises `Refused` or `Unsure`."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def place(self, to: str, shown: str, url: str, status: str, timeout: int) -> str:
        """Ring ``to``, showing ``shown``; once it is picked up, ``url`` serves it. The leg's
        SID."""
        made = self._ask(
            lambda: self.client.calls.create(
                to=to,
                from_=shown,
                url=url,
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
            if over_is_fine and error.code in (21220, 20404):
                return None
            kind = Unsure if error.status >= 500 else Refused
            raise kind(f"{error.status} {error.code}: {error.msg}") from error
        except requests.ConnectionError as error:
            kind = Refused if _never_sent(error) else Unsure
            raise kind(f"no connection to the carrier: {error}") from error
        except (requests.RequestException, TwilioException, ValueError, KeyError) as error:
            raise Unsure(f"{type(error).__name__}: {error}") from error


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

    made = Client(account_sid, auth_token, http_client=TwilioHttpClient(timeout=PATIENCE))
    if api_url:
        made.api.base_url = api_url
    return made
