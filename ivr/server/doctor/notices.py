"""Whether people can be told: mail, text messages, lists."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import apprise

from ivr.line.config import LineConfig
from ivr.line.outside.mail import masked
from ivr.line.store.store import Store
from ivr.server.doctor.result import Result, ok, warning, wrong

TIMEOUT = 10  # seconds


def mail(url: str) -> Iterator[Result]:
    """Whether the mail server answers, and lets us in; nothing is sent."""
    check = "IVR_NOTICE_MAIL"
    if not url:
        yield warning(check, "isn't set, so nobody is told anything by mail", "set it")
        return
    sender = _sender(url)
    if sender is None:
        yield wrong(
            check, "isn't an address that apprise knows", "write mailtos://USER:PASSWORD@HOST"
        )
        return
    if not hasattr(sender, "smtp_host"):
        yield ok(check, f"is an address of {sender.service_name}; whether it answers isn't tried")
        return
    try:
        _talk(sender)
    except (OSError, smtplib.SMTPException) as error:
        yield wrong(
            check,
            f"{sender.smtp_host}:{sender.port} doesn't let us in ({masked(_why(error), url)})",
            "check host, port, user and password",
        )
        return
    yield ok(check, f"{sender.smtp_host}:{sender.port} answers")


def _talk(sender: Any) -> None:
    """Say hello as apprise would, and sign in if there is a user."""
    secure = str(sender.secure_mode)
    context = ssl.create_default_context()
    with (
        smtplib.SMTP_SSL(sender.smtp_host, sender.port, timeout=TIMEOUT, context=context)
        if secure == "ssl"
        else smtplib.SMTP(sender.smtp_host, sender.port, timeout=TIMEOUT) as server
    ):
        if secure == "starttls":
            server.starttls(context=context)
        if sender.user and sender.password:
            server.login(sender.user, sender.password)
        server.noop()


def sms(url: str) -> Iterator[Result]:
    """Whether the address of text messages is one."""
    if url and _sender(f"{url.rstrip('/')}/+33155500011") is None:
        do = "write twilio://SID:TOKEN@+33155500012, with your own"
        yield wrong("IVR_NOTICE_SMS", "isn't an address that apprise knows", do)
    elif url:
        yield ok("IVR_NOTICE_SMS", "is an address that apprise knows; nothing is sent")


def lists(config: LineConfig, environment: Mapping[str, str]) -> Iterator[Result]:
    """Whether each list of line.toml has addresses."""
    for name, variable in config.lists.items():
        given = environment.get(variable, "").split()
        unknown = [url for url in given if _sender(url) is None]
        if unknown:
            do = "write URLs that apprise knows, with spaces between them"
            yield wrong(variable, f"{len(unknown)} of {len(given)} addresses can't be read", do)
        elif not given:
            yield warning(variable, f"isn't set, so nobody of the list '{name}' is told", "set it")
        else:
            yield ok(variable, f"has {len(given)} addresses for the list '{name}'")


def last_resort(mail: str, config: LineConfig, store: Store) -> Iterator[Result]:
    """Whether who is told of gaps and failures can be told."""
    person = store.people.get(config.last_resort)
    if person is not None and not person.notify and not (mail and person.email):
        yield warning(
            "promise.last_resort",
            f"'{person.id}' can't be told of gaps in the rota and of failures",
            "give them an address in people.csv, and set IVR_NOTICE_MAIL",
        )


def _sender(url: str) -> Any:
    """What apprise makes of an URL; None for what it doesn't know."""
    with suppress(Exception), apprise.LogCapture():  # type: ignore[no-untyped-call]
        return apprise.Apprise.instantiate(url)
    return None


def _why(error: Exception) -> str:
    text = error.args[-1] if error.args else error
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)


__all__ = ["last_resort", "lists", "mail", "sms"]
