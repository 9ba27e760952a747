"""How often somebody may try to sign in: by account and client together, and by each alone.

Every try is counted before its password is looked at, and taken back when it was right, so that
many at once get no further than one after the other. A name counts as it was typed: one that is
nobody's is paused like any other. A refused try counts nowhere, so every pause ends by itself.

A client is the browser that has signed this account in before, by a cookie that it was given then,
else its network address. Only clients that aren't known share the bounds of a name and of an
address: whoever tries a name from elsewhere doesn't shut out its owner.
https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from ipaddress import IPv6Address, ip_address
from secrets import token_hex

from flask import Flask, Response, current_app, request
from itsdangerous import BadSignature, URLSafeSerializer

from ivr.clock import Clock
from ivr.line.desk.limits import DAY, HOUR, bucket
from ivr.line.records import Login
from ivr.line.store.store import Store
from ivr.line.store.tallies import Bound

MINUTE = timedelta(minutes=1)
Terms = tuple[tuple[int, timedelta], ...]  # so many in this time
OF_PAIR = ((5, MINUTE), (20, HOUR), (60, DAY))  # wrong passwords of one name from one client
OF_NAME = ((30, HOUR),)  # … of one name from all clients that aren't known
OF_ADDRESS = ((60, HOUR),)  # … of all names from one address
COOKIE = "ivr_device"
KNOWN_FOR = timedelta(days=90)


class Throttle:
    """Counts in the store, so that it is the same for every process."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock = store, clock

    def install(self, app: Flask) -> None:
        self.devices = URLSafeSerializer(app.secret_key or "", salt="device")

    def take(self, name: str, login: Login | None) -> list[int]:
        """One more try to sign in under this name; ``[]`` when it is too soon for one."""
        now, device, address = self.clock.now(), self._device(login), _address()
        each: list[tuple[str, Terms]] = [(self._pair(name, device or address), OF_PAIR)]
        if not device:
            each.append((bucket("sign_in", name.lower()), OF_NAME))
            each.append((bucket("sign_in_from", address), OF_ADDRESS))
        bounds = [
            Bound(which, now - during, most) for which, terms in each for most, during in terms
        ]
        return self.store.tallies.take(bounds, now)

    def right(self, name: str, login: Login, taken: Sequence[int]) -> None:
        """It was the right password: this try wasn't a wrong one, nor matter those before."""
        self.store.tallies.give_back(taken)
        self.store.tallies.clear(self._pair(name, self._device(login) or _address()))

    def remember(self, login: Login, response: Response) -> Response:
        """From now on this browser is known to be this account's."""
        known = {"login": login.id, "epoch": login.epoch, "id": self._device(login) or token_hex(8)}
        response.set_cookie(
            COOKIE,
            self.devices.dumps(known),
            max_age=KNOWN_FOR,
            path="/sign-in",
            secure=current_app.config["SESSION_COOKIE_SECURE"],
            httponly=True,
            samesite="Lax",
        )
        return response

    def _device(self, login: Login | None) -> str:
        """The browser that has signed this account in before; ``""`` for any other."""
        try:
            known = self.devices.loads(request.cookies.get(COOKIE, ""))
        except BadSignature:
            return ""
        own = login and (known["login"], known["epoch"]) == (login.id, login.epoch)
        return str(known["id"]) if own else ""

    def _pair(self, name: str, client: str) -> str:
        return f"{bucket('sign_in', name.lower())} {bucket('sign_in_from', client)}"


def _address() -> str:
    """Of whoever asks; of an IPv6 address the network, of which one house has many."""
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return request.remote_addr or "unknown"
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or address.packed[:8].hex())
    return str(address)


__all__ = ["Throttle"]
