"""Settings: environment variables, read once and checked. `ivr settings` lists them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from ivr.errors import SettingsError


def _variable(name: str, purpose: str, default: str = "") -> str:
    setting: str = field(default=default, metadata={"name": name, "purpose": purpose})
    return setting


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, with its variable and its default."""

    flow: str = _variable(
        "IVR_FLOW",
        "Call flow: a module, or a folder such as ./my_flow. If not set, the sample flow is used.",
    )
    database: str = _variable(
        "IVR_DATABASE",
        "Database: sqlite:///FILE or postgresql://USER@HOST/NAME.",
        default="sqlite:///instance/ivr.db",
    )
    power_safe: str = _variable(
        "IVR_POWER_SAFE",
        "`yes`: an answer waits until the disk has what it says, so that a power failure loses "
        "nothing of it. Otherwise SQLite may lose the last moments before one, and PostgreSQL does "
        "as it is set up. A process that dies loses nothing either way.",
    )
    public_url: str = _variable(
        "IVR_PUBLIC_URL",
        "Public address of the webhooks, such as https://line.example.com.",
    )
    account_sid: str = _variable("TWILIO_ACCOUNT_SID", "SID of the Twilio account.")
    auth_token: str = _variable(
        "TWILIO_AUTH_TOKEN",
        "Auth token of the Twilio account. It proves that webhook requests come from Twilio.",
    )
    secret_key: str = _variable(
        "IVR_SECRET_KEY",
        "Secret that signs the session cookies of the web pages: 32 random characters or more.",
    )
    trusted_proxies: str = _variable(
        "IVR_TRUSTED_PROXIES",
        "How many proxies in front of the web pages add the client's address to X-Forwarded-For. "
        "Sign-in attempts are limited by that address.",
        default="0",
    )
    oidc_issuer: str = _variable(
        "IVR_OIDC_ISSUER", "Issuer URL of an OpenID Connect provider that signs people in."
    )
    oidc_client_id: str = _variable(
        "IVR_OIDC_CLIENT_ID", "Client ID of the web pages at the OpenID Connect provider."
    )
    oidc_client_secret: str = _variable(
        "IVR_OIDC_CLIENT_SECRET", "Client secret of the web pages at the OpenID Connect provider."
    )
    cases_url: str = _variable(
        "IVR_CASES_URL",
        "External case system: https://… or salesforce://…. If not set, cases are stored in the "
        "database.",
    )
    cases_token: str = _variable("IVR_CASES_TOKEN", "Bearer token for the external case system.")
    notice_mail: str = _variable(
        "IVR_NOTICE_MAIL",
        "Apprise URL that sends email notices, such as mailtos://user:password@smtp.example.com.",
    )
    notice_sms: str = _variable(
        "IVR_NOTICE_SMS",
        "Apprise URL that sends text messages to customers, such as "
        "twilio://SID:TOKEN@+33155500012. The customer's number is added to its path.",
    )
    pages_url: str = _variable(
        "IVR_PAGES_URL",
        "Address at which people reach the web pages, such as https://support.example.com. It is "
        "in the links that customers are sent, and an OpenID Connect provider sends people back to "
        "it.",
    )
    api_url: str = _variable(
        "IVR_TWILIO_API",
        "Address to use instead of Twilio's REST API, such as the one that `ivr network` prints.",
    )

    allow_sample: str = _variable(
        "IVR_ALLOW_SAMPLE",
        "For tests: `yes` lets `ivr serve` and `ivr worker` start with the sample desk's numbers "
        "and people.",
    )

    log: str = _variable("IVR_LOG", "Format of the log: text or json.", default="text")
    metrics_token: str = _variable(
        "IVR_METRICS_TOKEN",
        "Bearer token with which /metrics is read. If not set, nobody can read it.",
    )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """The settings of this process."""
        given = {
            each.name: environment[each.metadata["name"]]
            for each in fields(cls)
            if environment.get(each.metadata["name"])
        }
        return cls(**given)

    @property
    def is_power_safe(self) -> bool:
        """Whether what was answered must outlive a power failure. Raises `SettingsError`."""
        if self.power_safe not in ("", "yes", "no"):
            raise SettingsError(f"IVR_POWER_SAFE is '{self.power_safe}': write yes or no")
        return self.power_safe == "yes"

    @property
    def threads(self) -> int:
        """How many threads a process that answers webhooks needs by default: more where they wait
        for a disk or a server. Raises `SettingsError`."""
        waits = self.is_power_safe or self.database.startswith("postgresql")
        return 16 if waits else 4

    def require(self, *names: str) -> None:
        """Raise `SettingsError`, naming every variable that is missing."""
        missing = [
            f"\n  {each.metadata['name']}: {each.metadata['purpose']}"
            for each in fields(self)
            if each.name in names and not getattr(self, each.name)
        ]
        if missing:
            raise SettingsError(f"these settings are missing:{''.join(missing)}")


def table() -> list[tuple[str, str, str]]:
    """Every variable, its default and its purpose."""
    return [
        (each.metadata["name"], str(each.default), each.metadata["purpose"])
        for each in fields(Settings)
    ]
