"""What isn't in order on a network when a test is over, and what to do about each thing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ivr.simulator.expectations.listening import ears_of_all
from ivr.simulator.expectations.mismatch import Report, clock
from ivr.simulator.network.network import Network, Notice
from ivr.simulator.network.webhook import Webhook
from ivr.simulator.people.handset import Handset
from ivr.simulator.webhooks.answers import first_words

ERRORS = "https://www.twilio.com/docs/api/errors"
REQUEST_FAILED = range(11200, 11300)  # Twilio's numbers for a request of its that failed
MAX_SHOWN = 160  # characters of an answer

Phones = Mapping[str, Handset]  # by number
Wrong = tuple[str, str]  # what is wrong, what to do


def disorder(network: Network, phones: Phones) -> str:
    """Everything that is wrong, with what was said last; "" where all is in order."""
    failed = [each for each in network.requests if not 200 <= each.status < 400]
    noted = {each.url for each in network.debugger if each.code in REQUEST_FAILED}
    wrong = [
        *(_noted(each) for each in network.debugger if each.level != "notice"),
        *(_failed(each) for each in failed if each.url not in noted),
        *_left(phones),
    ]
    if not wrong:
        return ""
    rows = [f"  {what}\n      {do}" for what, do in wrong]
    injected = network.faults.injected
    if injected:
        rows.append("  The test injected these faults:")
        rows += [f"      {clock(each.at)} {each.kind}: {each.what}" for each in injected]
    return "\n".join(rows) + f"\n\n{_report(network, phones).lately()}"


def summary(network: Network, phones: Phones) -> str:
    """What was said last, the states of the phones, and the debugger's log."""
    return _report(network, phones).text()


def _report(network: Network, phones: Phones) -> Report:
    return Report(ears_of_all(phones), network, network.clock.start, "")


def _noted(notice: Notice) -> Wrong:
    do = f"see {ERRORS}/{notice.code} for what it means and what to do"
    if not notice.code:
        do = "a note from the simulator, not from Twilio: the application or test may be wrong"
    number = f" {notice.code}" if notice.code else ""
    what = f"debugger: {notice.level}{number} {notice.text} {notice.url}".rstrip()
    return f"{what} at {clock(notice.at)}", do


def _failed(webhook: Webhook) -> Wrong:
    what = f"webhook failed: {webhook.method} {webhook.url} answered {webhook.status}"
    return what, _answered(webhook)


def _answered(webhook: Webhook) -> str:
    if not webhook.status:
        return f"nothing came back; is the application still running? {webhook.error}".rstrip()
    if webhook.error:
        return f"see what the application printed: {webhook.error}"
    shown = first_words(webhook.body.encode(), MAX_SHOWN)
    return f"the answer was: {shown}" if shown else "the answer was empty; does this URL exist?"


def _left(phones: Phones) -> Iterator[Wrong]:
    for phone in phones.values():
        if phone.leg is not None:
            state = "ringing" if phone.ringing else "in a call"
            yield f"{phone.number} is still {state} ({phone.leg.sid})", _end_it(phone)


def _end_it(phone: Handset) -> str:
    if phone.ringing:
        return "answer() or decline() it, or wait() until the application stops ringing it"
    return "hang_up() where the person would, or wait() until the application ends the call"


__all__ = ["disorder", "summary"]
