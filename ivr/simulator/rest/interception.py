"""Every REST request of this process to Twilio goes to a network in it.

One server answers for all networks that intercept at the same time. Which one a request is for
follows from its account: the SID in its path, or the account or API key that it is sent with. One
of an account that none of them knows is for the latest.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache

from ivr.simulator.calls.switchboard import Switchboard
from ivr.simulator.network.targets import LOCAL
from ivr.simulator.rest.api import Api
from ivr.simulator.rest.rerouting import Rerouting, leave_out_proxies
from ivr.simulator.rest.serving.connections import certificates
from ivr.simulator.rest.serving.server import PORTS, RestServer

ACCOUNT = re.compile(r"/Accounts/(AC\w+)")
SID, TOKEN = "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"
# What applications call the variables of an API key, and of its secret.
KEYS = (
    ("TWILIO_API_KEY", "TWILIO_API_SECRET"),
    ("TWILIO_API_KEY", "TWILIO_API_KEY_SECRET"),
    ("TWILIO_API_KEY_SID", "TWILIO_API_KEY_SECRET"),
)


class _Server(RestServer):
    """Answers for every network that intercepts, and while none does to nobody."""

    def api_for(self, path: str, user: str) -> Api | None:
        account = ACCOUNT.search(path)
        names = [account[1]] if account else []
        return _of([*names, user])


_within: list[Api | None] = []  # what intercepts, the latest last; None keeps requests here only
_lock = threading.RLock()


@cache
def _server() -> _Server:
    """For as long as this process lives."""
    return _Server(Api(Switchboard()))


def _where() -> tuple[str, int]:
    with _lock:
        return "127.0.0.1", _server().port


def _ours(place: tuple[str, int]) -> bool:
    host, port = place
    return host in LOCAL and port in PORTS


_rerouting = Rerouting(_where, lambda: certificates().authority, _ours)


def _of(names: list[str]) -> Api | None:
    with _lock:
        intercepting = [api for api in reversed(_within) if api is not None]
        for api in intercepting:
            if any(name == api.network.account_sid or name in api.network.keys for name in names):
                return api
        return intercepting[0] if intercepting else None


@contextmanager
def intercepting(api: Api) -> Iterator[None]:
    """Let requests to Twilio go to this API, in every thread, whatever sends them."""
    with _rerouted(api), _environment(api):
        yield


def kept_here() -> AbstractContextManager[None]:
    """Let no request of this process reach Twilio: one that comes while no network intercepts, from
    a thread that has outlived its test for instance, is refused."""
    return _rerouted(None)


@contextmanager
def _rerouted(to: Api | None) -> Iterator[None]:
    with _lock:
        if not _within:
            _rerouting.begin()
        _within.append(to)
    try:
        yield
    finally:
        with _lock:
            _within.reverse()
            _within.remove(to)  # its latest
            _within.reverse()
            if not _within:
                _rerouting.end()
                if _server.cache_info().currsize:
                    _server().hang_up()


@contextmanager
def _environment(api: Api) -> Iterator[None]:
    """The account of the environment, where applications look for it, is the network's."""
    network, given = api.network, os.environ.get
    if given(SID) and given(TOKEN):
        network.belongs_to(os.environ[SID], os.environ[TOKEN])
    for name, secret in KEYS:
        if given(name, "").startswith("SK") and given(secret):
            network.api_key(name, os.environ[name], os.environ[secret])
    before = {name: given(name) for name in (SID, TOKEN)} | leave_out_proxies()
    os.environ.update({SID: network.account_sid, TOKEN: network.auth_token})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
