"""Everything that serves one line, built once and in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ivr.clock import Clock, SystemClock
from ivr.line import metrics
from ivr.line.definition import Line
from ivr.line.outside.carrier import Carrier
from ivr.line.outside.case_systems.built_in import BuiltIn
from ivr.line.outside.case_systems.system import CaseSystem
from ivr.line.outside.mail import Addresses
from ivr.line.service.calls import Calls
from ivr.line.service.cases import Cases
from ivr.line.service.duties import lost_calls
from ivr.line.service.duties.callbacks import Callbacks
from ivr.line.service.duties.case_writes import CaseWrites
from ivr.line.service.duties.customers import CustomerDuties
from ivr.line.service.duties.legs import LegDuties
from ivr.line.service.duties.lost_calls import LostCalls
from ivr.line.service.duties.notices import Notices
from ivr.line.service.duties.recordings import RecordingDuties
from ivr.line.service.duties.rota import RotaWatch
from ivr.line.service.duties.runner import Duties, Handler
from ivr.line.service.duties.statuses import StatusDuties
from ivr.line.service.duties.web_requests import WebRequests
from ivr.line.service.health import Health, carrier_told
from ivr.line.service.look_ups import LookUps
from ivr.line.service.privacy import Privacy
from ivr.line.service.rankings import Rankings
from ivr.line.service.recordings import Recordings
from ivr.line.store.store import Store

if TYPE_CHECKING:
    from twilio.rest import Client


@dataclass(frozen=True, slots=True)
class Services:
    """One line with everything that serves it in this process; `build_services` makes it.

    Webhooks, pages and workers take it. Without a ``carrier`` the process carries out no duties:
    another one does, within a second.
    """

    line: Line
    store: Store
    clock: Clock
    public_url: str
    carrier: Carrier | None
    case_system: CaseSystem
    rankings: Rankings
    look_ups: LookUps
    calls: Calls
    cases: Cases
    callbacks: Callbacks
    recordings: Recordings
    rota: RotaWatch
    privacy: Privacy
    duties: Duties
    health: Health

    def begin(self) -> None:
        """Add the duties that never end: the rota's, privacy's, and the check for lost calls. Those
        that are there already are left as they are."""
        self.rota.begin()
        self.privacy.begin()
        self.store.duties.add([lost_calls.first_check(self.clock.now())])


def build_services(
    line: Line,
    store: Store,
    *,
    twilio: Client | None = None,
    public_url: str = "",
    clock: Clock | None = None,
    case_system: CaseSystem | None = None,
    addresses: Addresses | None = None,
) -> Services:
    """Everything that serves ``line``, which keeps what it knows in ``store``.

    ``twilio`` is where legs are placed; leave it out in a process that only serves pages.
    ``public_url`` is the address at which the carrier reaches the webhooks, with its path if there
    is one. ``case_system`` has the cases, by default the store's own tables. Without ``addresses``
    notices are kept and shown, but sent nowhere.
    """
    clock = clock or SystemClock()
    case_system = case_system or BuiltIn(store)
    carrier = None if twilio is None else Carrier(twilio, carrier_told(store, clock))
    root = urlsplit(public_url).path.rstrip("/")
    rankings = Rankings(store, clock, line.config)
    look_ups = LookUps(case_system, store, rankings, clock, line.config)
    calls = Calls(store, line, clock, look_ups.answer, root)
    cases = Cases(store, line.config, case_system, clock)
    callbacks = Callbacks(calls)
    recordings = Recordings(calls)
    rota = RotaWatch(store, line.config, clock)
    privacy = Privacy(store, line.config.retention, line.config.case_numbers, clock)
    handlers: dict[str, Handler] = {}
    if carrier is not None:
        origin = public_url.removesuffix("/").removesuffix(root)
        handlers |= _carrier_handlers(carrier, origin, rankings, recordings)
        handlers |= _other_handlers(cases, callbacks, rota, privacy)
        handlers["post"] = CaseWrites(store, case_system, clock).post
        if addresses is not None:
            resort = line.config.last_resort
            handlers["notify"] = Notices(store, line.notices, addresses, clock, resort).notify
    metrics.expect(handlers, line.config.hunts)
    return Services(
        line=line,
        store=store,
        clock=clock,
        public_url=public_url,
        carrier=carrier,
        case_system=case_system,
        rankings=rankings,
        look_ups=look_ups,
        calls=calls,
        cases=cases,
        callbacks=callbacks,
        recordings=recordings,
        rota=rota,
        privacy=privacy,
        duties=Duties(store, clock, handlers),
        health=Health(store, clock, handlers),
    )


def _carrier_handlers(
    carrier: Carrier, origin: str, rankings: Rankings, recordings: Recordings
) -> dict[str, Handler]:
    """The kinds of duty for which the carrier is needed."""
    calls = recordings.calls
    legs = LegDuties(calls, carrier, rankings, origin)
    recording_duties = RecordingDuties(recordings, carrier, origin)
    return {
        "ring": legs.ring,
        "lapse": legs.lapse,
        "hang_up": legs.hang_up,
        "send": legs.send,
        "hold": legs.hold,
        "holder": legs.holder,
        "announce": legs.announce,
        "release": legs.release,
        "room": legs.room,
        "meeting": legs.meeting,
        "free": legs.free,
        "time_up": legs.time_up,
        "look_again": legs.look_again,
        "ring_customer": CustomerDuties(calls, carrier, origin).ring,
        "record": recording_duties.record,
        "delete_recording": recording_duties.delete,
        "lost_calls": LostCalls(calls, carrier).look,
    }


def _other_handlers(
    cases: Cases, callbacks: Callbacks, rota: RotaWatch, privacy: Privacy
) -> dict[str, Handler]:
    """The other kinds, which may take their time."""
    return {
        "case": cases.heard_later,
        "effort": cases.effort,
        "try_back": callbacks.try_back,
        "call_back": callbacks.due,
        "came": callbacks.came,
        "owe": WebRequests(callbacks.calls).owe,
        "status": StatusDuties(cases.store).set,
        "rota": rota.look,
        "feed": rota.feed,
        "purge": privacy.purge_duty,
        "seal": privacy.seal_duty,
    }


__all__ = ["Services", "build_services"]
