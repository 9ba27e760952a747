"""People at browsers, without a browser: what they send, and what they read."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from flask.testing import FlaskClient
from werkzeug.security import generate_password_hash

from ivr.line.records import Login

PASSWORD = "a long enough word"
HASH = generate_password_hash(PASSWORD, "pbkdf2:sha256:1")  # known at once


def login(id: str, *roles: str, **more: Any) -> Login:
    return Login(id, f"{id}@acme.example", id.title(), roles, hash=HASH, **more)


class Browser:
    """Somebody at a browser: goes to pages, fills in forms, reads."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.page, self.status = "", 0

    def go(self, path: str) -> Browser:
        answer = self.client.get(path, follow_redirects=True)
        self.page, self.status = unescape(answer.get_data(as_text=True)), answer.status_code
        return self

    def send(self, path: str, token: str | None = None, **form: str) -> Browser:
        if token is None:
            found = re.search(r'name="csrf_token" value="([^"]+)"', self.page)
            token = found.group(1) if found else ""
        data = {"csrf_token": token, **form}
        answer = self.client.post(path, data=data, follow_redirects=True)
        self.page, self.status = unescape(answer.get_data(as_text=True)), answer.status_code
        return self

    def sign_in(self, id: str, password: str = PASSWORD) -> Browser:
        self.go("/sign-in")
        return self.send("/sign-in", email=f"{id}@acme.example", password=password)

    def key(self) -> str:
        found = re.search(r'name="key" value="([^"]+)"', self.page)
        assert found
        return found.group(1)


class Operator(Browser):
    """Somebody at the console, or on their own page."""

    page_of = "/console"
    sent = 0

    @property
    def reads(self) -> str:
        """What stands on the page, without what makes it a page."""
        return " ".join(re.sub(r"<[^>]+>", " ", self.page).split())

    def look(self) -> Operator:
        self.go(self.page_of)
        return self

    def click(self, name: str, **form: str) -> Operator:
        """Press one of the card's buttons."""
        self.look()
        leg = re.search(r'name="leg" value="([^"]+)"', self.page)
        return self.press(name, leg.group(1) if leg else "", **form)

    def press(self, name: str, leg: str, **form: str) -> Operator:
        form |= {"leg": leg, "back": self.page_of}
        self.send("/emergency" if name == "emergency" else f"/click/{name}", **form)
        return self

    def take(self, sid: str) -> Operator:
        self.look().send(f"/take/{sid}")
        return self

    def ask(self, what: str, number: str, **form: str) -> Operator:
        """Send one of the card's forms about the case."""
        self.look()
        call = re.search(r'name="call" value="([^"]+)"', self.page)
        self.sent += 1
        about = {"call": call.group(1) if call else "", "back": self.page_of}
        about |= {"key": f"{what}{self.sent}"}
        self.send(f"/cases/{number}/{what}", **about, **form)
        return self
