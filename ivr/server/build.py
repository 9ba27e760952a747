"""Makes the line and its services from the settings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ivr.clock import Clock, SystemClock
from ivr.errors import SettingsError
from ivr.line.definition import Line
from ivr.line.outside.carrier import client
from ivr.line.outside.case_systems.system import CaseSystem
from ivr.line.outside.mail import Addresses
from ivr.line.service.services import Services, build_services
from ivr.line.store.store import Store
from ivr.server.flow_source import load
from ivr.server.settings import Settings


def line_of(settings: Settings) -> Line:
    """The line that `flow` makes. Raises `SettingsError` if there is no such flow, `FlowError` if
    it is wrong."""
    line: Line = load(settings.flow).line()
    return line


def sample_folder(settings: Settings) -> Path | None:
    """The folder of that flow's sample desk, if it has one."""
    folder: Path | None = getattr(load(settings.flow), "SAMPLE", None)
    return folder


def flow_folder(settings: Settings) -> Path:
    """The folder of that flow."""
    return Path(str(load(settings.flow).__file__)).parent


def addresses_of(
    settings: Settings, line: Line, environment: Mapping[str, str] = os.environ
) -> Addresses:
    """Where the line's people and lists are sent their notices."""
    lists = {
        name: tuple(environment.get(variable, "").split())
        for name, variable in line.config.lists.items()
    }
    return Addresses(
        settings.notice_mail,
        {name: urls for name, urls in lists.items() if urls},
        settings.notice_sms,
        settings.pages_url,
    )


def case_system_of(settings: Settings, line: Line, clock: Clock, store: Store) -> CaseSystem | None:
    """The system that has the cases, None for the line's own tables; the owners of its cases are
    people of ``store``. Raises `SettingsError`."""
    url, token = settings.cases_url, settings.cases_token
    if not url:
        return None
    scheme, _, rest = url.partition("://")
    if scheme == "salesforce":
        from ivr.line.outside.case_systems.salesforce import SalesforceCases, connection

        settings.require("cases_token")
        connect = connection(f"https://{rest}", token)
        return SalesforceCases(connect, clock, whose=store.people.known_as)
    if scheme not in ("http", "https"):
        raise SettingsError(
            f"IVR_CASES_URL is '{url}': it must begin with https://, http:// or salesforce://"
        )
    from ivr.line.outside.case_systems.http import HTTPCases

    numbers = line.config.case_numbers
    return HTTPCases(url, token, numbers, clock, whose=store.people.known_as)


def full_services(settings: Settings) -> Services:
    """The services of a process that answers webhooks and carries out duties. Raises
    `SettingsError`."""
    settings.require("public_url", "account_sid", "auth_token")
    line, clock = line_of(settings), SystemClock()
    store = store_of(settings)
    return build_services(
        line,
        store,
        twilio=client(settings.account_sid, settings.auth_token, settings.api_url),
        public_url=settings.public_url,
        clock=clock,
        case_system=case_system_of(settings, line, clock, store),
        addresses=addresses_of(settings, line),
    )


def page_services(settings: Settings) -> Services:
    """The services of a process that only serves pages. Raises `SettingsError`."""
    line, clock = line_of(settings), SystemClock()
    store = store_of(settings)
    return build_services(
        line,
        store,
        public_url=settings.public_url,
        clock=clock,
        case_system=case_system_of(settings, line, clock, store),
    )


def store_of(settings: Settings) -> Store:
    """The database of a process that serves; its log is kept short. Raises `SettingsError`."""
    return Store(settings.database, checkpoints=True, power_safe=settings.is_power_safe)


__all__ = [
    "addresses_of", "case_system_of", "flow_folder", "full_services", "line_of", "page_services",
    "sample_folder", "store_of",
]  # fmt: skip
