"""Whether each number of line.toml is the account's, and where its calls go."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ivr.errors import CallError
from ivr.line.definition import Line
from ivr.line.outside.carrier import Carrier, OwnNumber
from ivr.server.doctor.result import Result, ok, warning, wrong

FIX = "set it: ivr doctor --fix"


@dataclass(frozen=True, slots=True)
class Urls:
    """Where a number of the line points."""

    voice: str
    status: str
    fallback: str


def urls_of(public_url: str, line: Line) -> Urls:
    root = f"{public_url.rstrip('/')}/voice/{line.name}"
    return Urls(root, f"{root}/status", f"{root}/fallback")


def all_of(carrier: Carrier, line: Line, public_url: str) -> Iterator[Result]:
    """What each number of the line has at the carrier."""
    urls = urls_of(public_url, line)
    for number in line.config.numbers:
        try:
            owned = carrier.owned(number)
        except CallError as error:
            do = "check TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and the network"
            why = str(error).partition(": HTTP")[0]  # without the objects that were in the way
            yield wrong(number, f"Twilio doesn't say whether it is yours ({why})", do)
            return
        if owned is None:
            do = "buy it, or write one of yours under [numbers] in line.toml"
            yield wrong(number, "isn't a number of this account", do)
            continue
        found = list(_pointing(owned, urls))
        yield from found or [ok(number, f"leads to {urls.voice}")]


def _pointing(owned: OwnNumber, urls: Urls) -> Iterator[Result]:
    number = owned.number
    if owned.taken_by:
        yield wrong(number, f"{owned.taken_by} takes its calls, not its URL", FIX)
    if owned.voice != urls.voice:
        yield wrong(number, f"its voice URL is '{owned.voice}', not {urls.voice}", FIX)
    elif owned.voice_method != "POST":
        yield wrong(number, f"its voice URL is asked by {owned.voice_method}, not by POST", FIX)
    if owned.status != urls.status:
        what = f"its status callback is '{owned.status}', not {urls.status}"
        yield wrong(number, f"{what}: calls that are cut off aren't noticed", FIX)
    elif owned.status_method != "POST":
        yield wrong(number, f"its status callback is sent by {owned.status_method}, not POST", FIX)
    if not owned.fallback:
        yield wrong(
            number, "has no fallback URL, so callers hear an error while the line fails", FIX
        )
    elif owned.fallback == urls.fallback:
        yield warning(
            number,
            "its fallback URL is the line's own, which is gone when the line is down",
            "store what `ivr fallback` prints as a TwiML Bin, and set its URL",
        )


def fixes(
    carrier: Carrier, line: Line, public_url: str
) -> Iterator[tuple[OwnNumber, dict[str, str]]]:
    """The numbers that `fix` would change, and what of each. Raises `CallError`."""
    urls = urls_of(public_url, line)
    wanted = {"voice_url": urls.voice, "voice_method": "POST"}
    wanted |= {"status_callback": urls.status, "status_callback_method": "POST"}
    for number in line.config.numbers:
        owned = carrier.owned(number)
        if owned is None:
            continue
        had = {
            "voice_url": owned.voice,
            "voice_method": owned.voice_method,
            "status_callback": owned.status,
            "status_callback_method": owned.status_method,
        }
        changes = {name: value for name, value in wanted.items() if had[name] != value}
        if not owned.fallback:
            changes |= {"voice_fallback_url": urls.fallback, "voice_fallback_method": "POST"}
        if owned.application:
            changes["voice_application_sid"] = ""
        if owned.trunk:
            changes["trunk_sid"] = ""
        if changes:
            yield owned, changes


__all__ = ["Urls", "all_of", "fixes", "urls_of"]
