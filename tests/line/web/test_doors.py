"""The two doors to the webhooks answer alike, whatever comes: Flask's routes are the oracle of the
short way in front of them."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from ivr.line.web.webhooks.app import create_app
from tests.bench import traffic
from tests.bench.day import simulate
from tests.bench.in_process import services_on

FORM = {"CallSid": "CA" + "1" * 32, "From": "+33155500101", "To": "+33800000001"}
VOICE = "/voice/escalation"
LEG = "/leg/escalation/CA1/a1"

# Ours, nearly ours, and others'.
PATHS = (
    VOICE, f"{VOICE}/", f"{VOICE}/wait", f"{VOICE}/held", f"{VOICE}/nothing", f"{VOICE}/wait/more",
    f"/{VOICE}", "/voice", "/voice/other", "/voice//wait", f"{VOICE}/fallback", f"{VOICE}/left",
    f"{VOICE}/recording", "/back/escalation", "/back/escalation/CA1", "/back/escalation//wait",
    "/back/escalation/CA1/wait", "/back/escalation/CA1/fallback", LEG, f"{LEG}/status",
    f"{LEG}/wait", "/leg/escalation/CA1", "/leg/escalation//a1", "/room/escalation/CA1",
    "/room/escalation", "/room/escalation/CA1/wait", "/livez", "/", "", "//", "/voice/escal%61tion",
    "/voice/escalation%2Fwait", "/voice/é",
)  # fmt: skip


class Said(NamedTuple):
    status: str
    headers: dict[str, str]
    body: bytes


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Flask, Flask]]:
    """The short way and the plain one, to two lines that have heard the same."""
    folder = tmp_path_factory.mktemp("doors")
    both = [services_on(f"sqlite:///{folder}/{name}.db") for name in ("short", "plain")]
    yield create_app(both[0]), create_app(both[1], plain=True)
    for services in both:
        services.store.close()


def asked(app: Flask, environ: dict[str, Any]) -> Said:
    """What the application answers; a server closes each answer."""
    heard: list[Any] = []
    answer = app(environ, lambda status, headers, _=None: heard.extend((status, headers)))
    try:
        body = b"".join(answer)
    finally:
        if hasattr(answer, "close"):
            answer.close()
    return Said(heard[0], dict(heard[1]), body)


def environ(
    method: str, path: str, query: str, body: bytes, length: str | None, signature: str, **more: Any
) -> dict[str, Any]:
    given = traffic.environ(traffic.Request(f"{path}?{query}", body, signature))
    given |= {"REQUEST_METHOD": method, "CONTENT_LENGTH": length, "wsgi.input": BytesIO(body)}
    return {name: value for name, value in (given | more).items() if value is not None}


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(("POST", "POST", "POST", "GET", "HEAD", "OPTIONS", "PUT")),
    path=st.sampled_from(PATHS),
    query=st.sampled_from(("", "turn=1", "turn=1&turn=2", "queue=x&%26=%3D", "=&&", "turn=é")),
    form=st.dictionaries(
        st.sampled_from((*FORM, "Digits", "CallStatus", "")), st.sampled_from(("1", "é&=", ""))
    ),
    length=st.sampled_from(("right", "right", None, "", "0", "x", "-1", "²", "1048577", "9" * 40)),
    forged=st.booleans(),
    chunked=st.booleans(),
)
def test_whatever_comes_is_answered_alike_at_both_doors(
    doors: tuple[Flask, Flask],
    method: str,
    path: str,
    query: str,
    form: dict[str, str],
    length: str | None,
    forged: bool,
    chunked: bool,
) -> None:
    told = FORM | form
    body = urlencode(told).encode()
    url = f"{traffic.ORIGIN}{path}" + (f"?{query}" if query else "")
    signature = RequestValidator(traffic.TOKEN).compute_signature(url, told)
    more = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True} if chunked else {}
    made = [
        environ(
            method, path, query, body, str(len(body)) if length == "right" else length,
            "forged" if forged else signature, **more,
        )
        for _ in doors
    ]  # fmt: skip

    short, plain = (asked(app, each) for app, each in zip(doors, made, strict=True))

    assert short == plain


@pytest.mark.parametrize("path", PATHS)
def test_every_path_is_answered_alike_at_both_doors(doors: tuple[Flask, Flask], path: str) -> None:
    signature = RequestValidator(traffic.TOKEN).compute_signature(f"{traffic.ORIGIN}{path}", FORM)
    body = urlencode(FORM).encode()
    made = (environ("POST", path, "", body, str(len(body)), signature) for _ in doors)

    short, plain = (asked(app, each) for app, each in zip(doors, made, strict=True))

    assert short == plain


@pytest.mark.parametrize("mix", traffic.MIXES)
def test_calls_are_answered_alike_at_both_doors(doors: tuple[Flask, Flask], mix: str) -> None:
    for request in traffic.stream(traffic.MIXES[mix], 7_000, 40, 4):
        short, plain = (asked(app, traffic.environ(request)) for app in doors)

        assert short == plain
        assert short.status == "200 OK"


def test_a_day_at_the_plain_door_is_the_same_day(tmp_path: Path) -> None:
    """What is due after an answer is done after it at either door, in the same order."""
    (tmp_path / "short").mkdir()
    (tmp_path / "plain").mkdir()
    short = simulate(12, 5, tmp_path / "short")
    plain = simulate(12, 5, tmp_path / "plain", plain=True)

    assert short.digest == plain.digest
    assert short.webhooks > 100


def test_the_short_way_doesnt_pass_through_flask(doors: tuple[Flask, Flask]) -> None:
    """Else the comparison above would compare Flask with itself."""
    short, plain = doors
    seen: list[str] = []
    for app, name in ((short, "short"), (plain, "plain")):
        app.before_request_funcs.setdefault(None, []).append(lambda name=name: seen.append(name))
    (request, *_) = traffic.stream(traffic.MENUS, 9_000, 1)

    for app in doors:
        assert asked(app, traffic.environ(request)).status == "200 OK"
        assert urlsplit(request.target).path == VOICE

    assert seen == ["plain"]
