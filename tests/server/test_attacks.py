"""While strangers do their worst, the carrier's webhooks and people's pages are answered."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kit.attacks import ATTACKS, under
from tests.kit.under_fire import Target, begin_a_call, settings, started

IN_TIME = 9.0  # seconds: before the server gives the first of them up, and frees what they hold


@pytest.fixture(scope="module", params=["serve", "pages"])
def target(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    folder = tmp_path_factory.mktemp("attacked")
    with started(request.param, settings(folder), folder, "--threads", "2") as target:
        yield target


@pytest.mark.parametrize("attack", ATTACKS)
def test_who_is_no_stranger_is_answered(target: Target, attack: str) -> None:
    with under(ATTACKS[attack], target.port, target.form) as drip:
        for _ in range(3):
            if target.form == "/sign-in":
                status, page = target.answer("GET", "/sign-in", within=IN_TIME)
                assert (status, "</html>" in page) == (200, True)
            else:
                status, document = begin_a_call(target, IN_TIME)
                assert (status, document[-11:]) == (200, "</Response>")
            drip()
