"""The pages, and somebody who opens them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ivr.line.store.store import Store
from ivr.line.web.pages.app import Entrance, create_pages
from tests.kit.browser import Browser, login
from tests.kit.desk import Desk


@pytest.fixture
def pages(desk: Desk, store: Store) -> Iterator[Any]:
    people = [
        login("marie", "customer", contact="marie", accounts=("helio", "lumen")),
        login("kenji", "customer", contact="kenji", accounts=("kuro",)),
        login("eng2", "engineer", person="ENG2"),
        login("op1", "operator", person="OP1"),
        login("mgr1", "manager", person="MGR1"),
        login("auditor", "auditor"),
    ]
    for each in people:
        store.logins.save(each)
    entrance = Entrance(secret="a secret")
    app = create_pages(desk.services, entrance=entrance)
    app.testing = True
    return app


@pytest.fixture
def browser(pages: Any) -> Browser:
    return Browser(pages.test_client())
