"""What is set from outside: environment variables, read once, checked, and explained by `ivr
--help`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from ivr.errors import SettingsError


def _variable(name: str, default: str, about: str) -> str:
    setting: str = field(default=default, metadata={"name": name, "about": about})
    return setting


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
        values = {
            each.name: environment[each.metadata["name"]]
            for each in fields(cls)
            if environment.get(each.metadata["name"])
        }
        return cls(**values)

    def require(self, *names: str) -> None:
        """Raises `SettingsError` naming every variable that is missing."""
        missing = [
            f"{each.metadata['name']} ({each.metadata['about']})"
            for each in fields(self)
            if each.name in names and not getattr(self, each.name)
        ]
        if missing:
            raise SettingsError(f"not set: {', '.join(missing)}")


def table() -> list[tuple[str, str, str]]:
    """Every variable with its default and what it is for."""
    return [
        (each.metadata["name"], str(each.default), each.metadata["about"])
        for each in fields(Settings)
    ]
