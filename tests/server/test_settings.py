"""Settings: read once from the environment, and missing ones named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ivr.errors import SettingsError
from ivr.line.store.store import Store
from ivr.line.web.webhooks.app import create_app
from ivr.server.build import full_services
from ivr.server.settings import Settings
from tests.kit.desk import Desk


def test_what_is_not_set_has_its_default() -> None:
    settings = Settings.from_environment({"IVR_PUBLIC_URL": "https://line.test", "TZ": "UTC"})

    assert settings.public_url == "https://line.test"
    assert settings.database == "sqlite:///instance/ivr.db"


def test_every_missing_setting_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as refused:
        full_services(Settings())

    for name in ("IVR_PUBLIC_URL", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"):
        assert name in str(refused.value)


@pytest.mark.parametrize("url", ["", "line.example.com", "ftp://x"])
def test_a_public_url_that_nobody_can_reach_is_refused(desk: Desk, url: str) -> None:
    services = replace(desk.services, public_url=url)
    with pytest.raises(SettingsError, match="IVR_PUBLIC_URL"):
        create_app(services)


def test_more_threads_wait_where_a_disk_or_a_server_is_waited_for() -> None:
    assert Settings().threads == 4
    assert Settings(database="postgresql://ivr@db/line").threads == 16
    assert Settings(power_safe="yes").threads == 16


@pytest.mark.parametrize("url", ["nonsense", "mysql://x/y", "sqlite://", "sqlite:///:memory:"])
def test_a_database_that_cannot_be_used_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="IVR_DATABASE"):
        Store(url)
