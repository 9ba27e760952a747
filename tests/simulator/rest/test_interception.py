"""Applications that don't know that they aren't calling Twilio: what they send stays here."""

from __future__ import annotations

import asyncio
import http.client
import os
import socket
import ssl
import threading
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from ivr.simulator import Exchange
from ivr.simulator.rest import interception
from ivr.simulator.rest.hosts import product
from ivr.simulator.rest.rerouting import is_twilio
from ivr.twiml.verbs import Record, Say
from tests.kit.twiml_app import CALLEE, CALLER, LINE, App, network

SID, TOKEN = "AC" + 32 * "7", "a token of the application's own"
OUT = {"to": CALLEE, "from_": LINE, "twiml": "<Response><Say>Hello.</Say></Response>"}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of an application that is configured."""
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", SID)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", TOKEN)


# ---- Twilio's own client


@pytest.mark.usefixtures("account")
def test_a_client_that_is_there_before_the_network() -> None:
    client = Client(SID, TOKEN)
    exchange, _, _ = network({"/voice": (Say("Hello."),)})
    callee = exchange.phone(CALLEE)
    callee.will("answer", after=2)
    with exchange.intercept():
        call = client.calls.create(**OUT)
        exchange.wait(20)

        assert callee.last_heard == "Hello."
        assert client.calls(call.sid).fetch().status == "completed"
        exchange.strict()


def test_without_an_account_in_the_environment_it_is_the_networks() -> None:
    exchange = Exchange(seed=3)
    before = dict(os.environ)
    with exchange.intercept():
        assert Client().calls.list() == []
        assert os.environ["TWILIO_ACCOUNT_SID"] == exchange.account_sid
    assert dict(os.environ) == before


def test_in_the_middle_of_a_webhook() -> None:
    """The application runs on the network's own thread, which answers all the same."""
    client = Client("AC1", "not used")

    def voice(_params: dict[str, str]) -> str:
        found = client.calls.list()
        return f"<Response><Say>{len(found)} call, {found[0].status}.</Say></Response>"

    exchange, _, caller = network({"/voice": voice})
    client.username = client.account_sid = exchange.account_sid
    client.password = exchange.auth_token
    client.auth = (client.username, client.password)
    client.api.account_sid = exchange.account_sid
    with exchange.intercept():
        caller.call(LINE)
        exchange.wait(10)

    assert caller.last_heard == "1 call, ringing."


def test_in_a_webhook_that_waits_for_another_thread() -> None:
    exchange, app, caller = network({})

    def voice(_params: dict[str, str]) -> str:
        found: list[int] = []
        other = threading.Thread(target=lambda: found.append(len(Client().calls.list())))
        other.start()
        other.join(60)
        return f"<Response><Say>{found}</Say></Response>"

    app.pages["/voice"] = voice
    with exchange.intercept():
        caller.call(LINE)
        exchange.wait(10)

    assert caller.last_heard == "[1]"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # aiohttp, of how the client uses it
def test_the_asynchronous_client_in_an_asynchronous_application() -> None:
    exchange = Exchange(seed=1)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            raise RuntimeError
        async with AsyncTwilioHttpClient() as carrier:
            client = Client(http_client=carrier)
            await client.calls.create_async(**OUT)
            calls = await client.calls.list_async()
        said = f"<Response><Say>{len(calls)} calls.</Say></Response>".encode()
        headers = [(b"content-type", b"text/xml")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": said})

    exchange.number(LINE, app, "/voice")
    exchange.phone(CALLEE).will("busy")
    caller = exchange.phone(CALLER)
    with exchange.intercept():
        caller.call(LINE)
        exchange.wait(10)

    assert caller.last_heard == "2 calls."


@pytest.mark.usefixtures("account")
def test_an_exchange_whose_time_runs_by_itself() -> None:
    exchange = Exchange(seed=1, rate=50)
    app = App(
        {"/voice": lambda _: f"<Response><Say>{len(Client().calls.list())}.</Say></Response>"}
    )
    exchange.number(LINE, app, "/voice")
    caller = exchange.phone(CALLER)
    exchange.start()
    try:
        with exchange.intercept():
            caller.call(LINE)
            exchange.wait_until(lambda: caller.last_heard == "1.")
            assert [each.direction for each in Client().calls.list()] == ["inbound"]
    finally:
        exchange.stop()


# ---- whatever else sends requests


def listed(sender: str, url: str, login: tuple[str, str]) -> tuple[int, str]:
    """(status, body) of a GET."""
    match sender:
        case "requests":
            answer = requests.get(url, auth=login, timeout=60)
            return answer.status_code, answer.text
        case "httpx":
            response = httpx.get(url, auth=login, timeout=60)
            return response.status_code, response.text
        case "httpx, asynchronous":

            async def ask() -> httpx.Response:
                async with httpx.AsyncClient(timeout=60) as client:
                    return await client.get(url, auth=login)

            response = asyncio.run(ask())
            return response.status_code, response.text
        case "aiohttp":

            async def ask_too() -> tuple[int, str]:
                import aiohttp

                headers = {"Authorization": aiohttp.encode_basic_auth(*login)}
                async with (
                    aiohttp.ClientSession() as session,
                    session.get(url, headers=headers) as it,
                ):
                    return it.status, await it.text()

            return asyncio.run(ask_too())
        case "urllib":
            request = urllib.request.Request(url)
            key = b64encode(":".join(login).encode()).decode()
            request.add_header("Authorization", f"Basic {key}")
            try:
                with urllib.request.urlopen(request, timeout=60) as opened:
                    return opened.status, opened.read().decode()
            except urllib.error.HTTPError as error:
                return error.code, error.read().decode()
    raise AssertionError(sender)


SENDERS = ("requests", "httpx", "httpx, asynchronous", "aiohttp", "urllib")


@pytest.mark.parametrize("sender", SENDERS)
def test_whatever_sends_a_request(sender: str) -> None:
    exchange = Exchange(seed=1)
    url = f"https://api.twilio.com/2010-04-01/Accounts/{exchange.account_sid}/Calls.json"
    login = (exchange.account_sid, exchange.auth_token)
    with exchange.intercept():
        status, body = listed(sender, url, login)
        assert (status, '"calls": []' in body) == (200, True)

        # "api.dublin.ie1.twilio.com": an edge location and a region.
        status, _ = listed(sender, url.replace("api.", "api.dublin.ie1."), login)
        assert status == 200
        exchange.strict()


@pytest.mark.parametrize("sender", SENDERS)
@pytest.mark.parametrize(
    ("url", "named"),
    [
        (
            "https://studio.twilio.com/v2/Flows",
            "GET https://studio.twilio.com/v2/Flows",
        ),
        ("https://www.twilio.com/docs", "GET https://www.twilio.com/docs"),
        ("https://a.b.c.d.twilio.com/x", "GET https://a.b.c.d.twilio.com/x"),
        ("http://sync.twilio.com/v1/Services", "GET https://sync.twilio.com/v1/Services"),
    ],
)
def test_what_isnt_built_is_refused_by_name(sender: str, url: str, named: str) -> None:
    exchange = Exchange(seed=1)
    with exchange.intercept():
        status, body = listed(sender, url, (exchange.account_sid, exchange.auth_token))

    assert status == 501
    assert "99501" in body
    [notice] = exchange.debugger
    assert notice.text.startswith(named)
    with pytest.raises(AssertionError, match="this simulator doesn't support it"):
        exchange.strict()


@pytest.mark.parametrize(
    ("host", "theirs", "name"),
    [
        ("api.twilio.com", True, "api"),
        ("API.Twilio.com.", True, "api"),
        ("api.ie1.twilio.com", True, "api"),
        ("api.dublin.ie1.twilio.com", True, "api"),
        ("flex-api.twilio.com", True, "flex-api"),
        ("lookups.twilio.com", True, "lookups"),
        ("twilio.com", True, "twilio.com"),
        ("demo.twilio.com", False, "demo"),
        ("nottwilio.com", False, "nottwilio.com"),
        ("twilio.com.example", False, "twilio.com.example"),
        ("127.0.0.1", False, "127.0.0.1"),
    ],
)
def test_which_hosts_are_twilios(host: str, theirs: bool, name: str) -> None:
    assert is_twilio(host) is theirs
    assert is_twilio(host.encode()) is theirs
    assert product(host) == name


# ---- nobody gets past it


def test_a_client_with_a_proxy_of_its_own_reaches_nobody() -> None:
    exchange = Exchange(seed=1)
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        there = f"http://127.0.0.1:{proxy.getsockname()[1]}"

        def establish() -> None:
            connection, _ = proxy.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                said.append(connection.recv(4096))

        said: list[bytes] = []
        listening = threading.Thread(target=establish)
        listening.start()
        with exchange.intercept():
            client = Client(http_client=TwilioHttpClient(proxy={"https": there}))
            with pytest.raises(requests.ConnectionError, match="a proxy of its own, turn that"):
                client.calls.list()
        listening.join()
    assert said == [b""]


@pytest.fixture
def untouched() -> Iterator[None]:
    """A process in which nothing intercepts: once a test has had the plugin's exchange, something
    does until the session is over."""
    within = interception._within[:]
    if within:
        interception._within.clear()
        interception._rerouting.end()
    yield
    if within:
        interception._rerouting.begin()
        interception._within.extend(within)


def test_a_proxy_in_the_environment_is_left_out(
    untouched: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "intranet.example")
    exchange = Exchange(seed=1)
    with exchange.intercept():
        assert Client().calls.list() == []
        assert os.environ["NO_PROXY"].startswith("intranet.example,")
    assert os.environ["NO_PROXY"] == "intranet.example"


def test_a_connection_that_was_resolved_elsewhere_trusts_nobody() -> None:
    """A library with a resolver of its own (aiodns, uvloop) would reach the real host."""
    exchange = Exchange(seed=1)
    with exchange.intercept(), socket.create_server(("127.0.0.1", 0)) as real:
        connection = socket.create_connection(real.getsockname())
        context = ssl.create_default_context()
        with (
            connection,
            pytest.raises(ConnectionError, match=r"api\.twilio\.com isn't reached from"),
        ):
            context.wrap_socket(connection, server_hostname="api.twilio.com")


# ---- beginning and end


def test_afterwards_everything_is_as_before(untouched: None) -> None:
    def places() -> list[Any]:
        found = (socket.getaddrinfo, socket.socket.connect, socket.socket.connect_ex)
        own = [name for name in ("connect", "connect_ex") if name in vars(socket.socket)]
        return [*found, ssl.SSLContext.wrap_socket, ssl.SSLContext.wrap_bio, own]

    before = places()
    one, other = Exchange(seed=1), Exchange(seed=2)
    with one.intercept():
        during = places()
        with other.intercept(), one.intercept():
            assert places() == during
        assert places() == during
        assert Client(one.account_sid, one.auth_token).calls.list() == []
    assert places() == before


def test_what_others_have_replaced_meanwhile_stays() -> None:
    original = socket.getaddrinfo
    with Exchange(seed=1).intercept():
        ours = socket.getaddrinfo

        def theirs(*arguments: Any, **named: Any) -> Any:
            return ours(*arguments, **named)

        socket.getaddrinfo = theirs
    try:
        assert socket.getaddrinfo is theirs
        assert socket.getaddrinfo("127.0.0.1", 80)
    finally:
        socket.getaddrinfo = original


def test_two_exchanges_at_once_are_told_apart_by_their_accounts() -> None:
    one, other = Exchange(seed=1), Exchange(seed=2)
    key = one.api_key("of the first")
    with one.intercept(), other.intercept():
        other.belongs_to(SID, TOKEN)
        Client(SID, TOKEN).applications.create(friendly_name="of the second")
        Client(key.sid, key.secret, one.account_sid).applications.create(friendly_name="of both")

        assert [each.friendly_name for each in one.applications.values()] == ["of both"]
        assert [each.friendly_name for each in other.applications.values()] == ["of the second"]


def test_a_session_that_is_kept_goes_from_one_network_to_the_next() -> None:
    with requests.Session() as session:
        for seed in (1, 2):
            exchange = Exchange(seed)
            root = f"https://api.twilio.com/2010-04-01/Accounts/{exchange.account_sid}"
            with exchange.intercept():
                login = (exchange.account_sid, exchange.auth_token)
                for _ in range(2):
                    answer = session.get(f"{root}.json", auth=login, timeout=60)
                    assert answer.json()["sid"] == exchange.account_sid


# ---- who asks


def test_another_account_is_told_how_to_be_this_networks() -> None:
    exchange = Exchange(seed=1)
    with exchange.intercept(), pytest.raises(TwilioRestException) as refused:
        Client(SID, TOKEN).calls("CA1").fetch()

    assert (refused.value.status, refused.value.code) == (401, 20003)
    with pytest.raises(
        AssertionError, match=rf"{SID}, which this network doesn't know: exchange.b"
    ):
        exchange.strict()


@pytest.mark.parametrize(
    ("sid", "secret"),
    [
        ("TWILIO_API_KEY", "TWILIO_API_SECRET"),
        ("TWILIO_API_KEY_SID", "TWILIO_API_KEY_SECRET"),
    ],
)
def test_an_api_key_of_the_environment(
    sid: str, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key's SID is the user, its secret the password. (docs/iam/api-keys)"""
    monkeypatch.setenv(sid, "SK" + 32 * "1")
    monkeypatch.setenv(secret, "secret")
    exchange = Exchange(seed=1)
    with exchange.intercept():
        account = os.environ["TWILIO_ACCOUNT_SID"]
        assert Client(os.environ[sid], os.environ[secret], account).calls.list() == []
        with pytest.raises(TwilioRestException):
            Client(os.environ[sid], "another", account).calls("CA1").fetch()


# ---- how it is asked


def body_of(kind: str) -> dict[str, Any]:
    """The same form in three ways."""
    form = {"To": CALLEE, "From": LINE, "Twiml": "<Response/>"}
    match kind:
        case "form":
            return {"data": form}
        case "multipart":
            return {"files": {name: (None, value) for name, value in form.items()}}
    pieces = requests.models.RequestEncodingMixin._encode_params(form).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    return {"data": iter([pieces[:7], pieces[7:]]), "headers": headers}


@pytest.mark.parametrize("kind", ["form", "multipart", "chunked"])
def test_a_form_in_each_encoding(kind: str) -> None:
    exchange = Exchange(seed=1)
    exchange.number(LINE, App({}), "/voice")
    exchange.phone(CALLEE).will("busy")
    login = (exchange.account_sid, exchange.auth_token)
    url = f"https://api.twilio.com/2010-04-01/Accounts/{login[0]}/Calls.json"
    with exchange.intercept():
        answer = requests.post(url, auth=login, timeout=60, **body_of(kind))

    assert answer.status_code == 201
    assert answer.json()["to"] == CALLEE


def test_what_isnt_built_is_refused_whoever_asks() -> None:
    exchange = Exchange(seed=1)
    with exchange.intercept():
        answer = requests.get("https://status.twilio.com/api/v2/summary.json", timeout=60)

    assert (answer.status_code, answer.json()["code"]) == (501, 99501)
    with pytest.raises(AssertionError, match="this simulator doesn't support it"):
        exchange.strict()


def test_json_is_refused_by_name() -> None:
    exchange = Exchange(seed=1)
    login = (exchange.account_sid, exchange.auth_token)
    url = f"https://api.twilio.com/2010-04-01/Accounts/{login[0]}/Calls.json"
    with exchange.intercept():
        answer = requests.post(url, auth=login, timeout=60, json={"To": CALLEE})

    assert (answer.status_code, answer.json()["code"]) == (501, 99501)
    assert (
        exchange.debugger[0].text == "a body of application/json: this simulator takes forms only"
    )


# ---- recordings


def recorded() -> tuple[Exchange, str]:
    """A message of seven seconds, and its URL."""
    exchange, app, caller = network({"/voice": (Record(action="/over"),), "/over": ()})
    caller.call(LINE)
    exchange.wait(2)
    caller.say("Please call me back.")
    exchange.wait(60)
    return exchange, app.asked("/over")[0]["RecordingUrl"]


@pytest.mark.parametrize(
    ("suffix", "kind", "first"),
    [
        ("", "audio/x-wav", b"RIFF"),
        (".wav", "audio/x-wav", b"RIFF"),
        (".mp3", "audio/mpeg", b"\xff"),
    ],
)
@pytest.mark.parametrize("login", [None, ("AC1", "wrong")])
def test_a_recording_is_fetched(
    suffix: str, kind: str, first: bytes, login: tuple[str, str] | None
) -> None:
    """ "Media can be accessed without authentication" by default."""
    exchange, url = recorded()
    with exchange.intercept():
        answer = requests.get(url + suffix, auth=login, timeout=60)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == kind
    assert answer.content.startswith(first)
    assert "X-IVR-Simulator" not in answer.headers
    exchange.strict()


def test_without_an_encoder_it_is_a_wav_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "lameenc", None)
    exchange, url = recorded()
    with exchange.intercept():
        answer = requests.get(f"{url}.mp3", timeout=60)

    assert answer.content.startswith(b"RIFF")
    assert "pip install lameenc" in answer.headers["X-IVR-Simulator"]
    assert "pip install lameenc" in exchange.debugger[-1].text


def test_a_recording_that_is_gone() -> None:
    exchange, url = recorded()
    with exchange.intercept():
        exchange.client.recordings(url.rpartition("/")[2]).delete()
        answers: list[Callable[..., Any]] = [requests.get, requests.head]
        assert [ask(f"{url}.wav", timeout=60).status_code for ask in answers] == [404, 404]


# ---- a body that isn't one


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"zz\r\n", 400),
        (b"-1\r\n", 413),
        (b"200000\r\n", 413),
        (b"2;ext=1\r\na=\r\n1\r\nb\r\n0\r\nTrailer: x\r\n\r\n", 401),
    ],
)
def test_chunks(body: bytes, status: int) -> None:
    exchange = Exchange(seed=1)
    with exchange.intercept():
        connection = http.client.HTTPSConnection("api.twilio.com", timeout=60)
        connection.putrequest("POST", "/2010-04-01/Accounts")
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders()
        connection.send(body)
        assert connection.getresponse().status == status
        connection.close()
