"""What is set from outside: environment variables, read once, checked, and explained by `ivr
--help`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from ivr.clock import Clock
from ivr.errors import SettingsError
from ivr.line.definition import Line
from ivr.line.outside.case_systems.system import CaseSystem
from ivr.line.service.duties.notices import Addresses
from ivr.line.store.store import Store
from ivr.server.flow_source import load


def _variable(name: str, default: str, about: str) -> str:
    made: str = field(default=default, metadata={"name": name, "about": about})
    return made


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, with its variable and its default."""

    flow: str = _variable(
        "IVR_FLOW", "", "the call flow: a module, or a folder such as ./my_flow; else the sample"
    )
    database: str = _variable(
        "IVR_DATABASE", "sqlite:///instance/ivr.db", "where calls, people and cases are stored"
    )
    public_url: str = _variable(
        "IVR_PUBLIC_URL", "", "the address under which the carrier reaches the webhooks"
    )
    account_sid: str = _variable("TWILIO_ACCOUNT_SID", "", "Twilio's account")
    auth_token: str = _variable("TWILIO_AUTH_TOKEN", "", "its token, which signs the webhooks")
    secret_key: str = _variable("IVR_SECRET_KEY", "", "what signs the sessions of the pages")
    oidc_issuer: str = _variable("IVR_OIDC_ISSUER", "", "the OpenID Connect provider, if any")
    oidc_client_id: str = _variable("IVR_OIDC_CLIENT_ID", "", "what it calls this application")
    oidc_client_secret: str = _variable("IVR_OIDC_CLIENT_SECRET", "", "the secret it gave")
    cases_url: str = _variable(
        "IVR_CASES_URL", "", "the case system: https://… or salesforce://…; else our tables"
    )
    cases_token: str = _variable("IVR_CASES_TOKEN", "", "the bearer token that it takes")
    notice_mail: str = _variable(
        "IVR_NOTICE_MAIL", "", "what sends mail, as an apprise URL: mailtos://user:word@smtp.host"
    )
    api_url: str = _variable("IVR_TWILIO_API", "", "another REST API than Twilio's: ivr network's")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """The settings of this process."""
        given = {
            each.name: environment[each.metadata["name"]]
            for each in fields(cls)
            if environment.get(each.metadata["name"])
        }
        return cls(**given)

    def require(self, *names: str) -> None:
        """Raises `SettingsError` naming every variable that is missing."""
        missing = [
            f"{each.metadata['name']} ({each.metadata['about']})"
            for each in fields(self)
            if each.name in names and not getattr(self, each.name)
        ]
        if missing:
            raise SettingsError(f"not set: {', '.join(missing)}")

    def addresses(self, line: Line, environment: Mapping[str, str] = os.environ) -> Addresses:
        """Where the line's people and lists are told things."""
        lists = {
            name: tuple(environment.get(variable, "").split())
            for name, variable in line.config.lists.items()
        }
        return Addresses(self.notice_mail, {name: urls for name, urls in lists.items() if urls})

    def case_system(self, line: Line, clock: Clock, store: Store) -> CaseSystem | None:
        """Where cases are, None for our own tables; their owners are people of ``store``. Raises
        `SettingsError`."""
        if not self.cases_url:
            return None
        scheme, _, rest = self.cases_url.partition("://")
        if scheme == "salesforce":
            from ivr.line.outside.case_systems.salesforce import SalesforceCases, connection

            self.require("cases_token")
            connect = connection(f"https://{rest}", self.cases_token)
            return SalesforceCases(connect, clock, whose=store.people.known_as)
        if scheme not in ("http", "https"):
            raise SettingsError(
                f"IVR_CASES_URL is '{self.cases_url}': it must begin with https://, http:// "
                "or salesforce://"
            )
        from ivr.line.outside.case_systems.http import HTTPCases

        numbers, whose = line.config.case_numbers, store.people.known_as
        return HTTPCases(self.cases_url, self.cases_token, numbers, clock, whose=whose)

    def line(self) -> Line:
        """The line that `flow` makes. Raises `SettingsError` if there is no such flow, `FlowError`
        if it is wrong."""
        line: Line = load(self.flow).line()
        return line

    def sample(self) -> Path | None:
        """The folder of that flow's sample desk, if it has one."""
        folder: Path | None = getattr(load(self.flow), "SAMPLE", None)
        return folder


def table() -> list[tuple[str, str, str]]:
    """Every variable with its default and what it is for."""
    return [
        (each.metadata["name"], str(each.default), each.metadata["about"])
        for each in fields(Settings)
    ]
