"""*Going live*, followed as a new administrator would, on a simulated network: from an empty folder
and the installed package to a call that an operator takes. What is run is what the page says."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.kit.environments import ROOT, Environment
from tests.kit.processes import comes_true, free_port, running, said

PAGE = (ROOT / "docs" / "line" / "going-live.md").read_text(encoding="utf-8")
NUMBER, CUSTOMER = "+33155509001", "+33155500101"
SECRET = "kX3vQ9rT7mZ1pL5wN8bC2dF6gH4jS0aY"
ENTRY = f'[numbers."{NUMBER}"]\nlanguages = ["en"]\nzone = "Europe/Paris"\nregion = "EMEA"\n'
DESK = {
    "people.csv": """\
id,name,phone,roles,languages,manager,region,zone,email
ann,Ann Archer,client:ann,operator,en,mia,EMEA,Europe/Paris,ann@example.com
eve,Eve Ellis,+33155509013,engineer,en,mia,EMEA,Europe/Paris,eve@example.com
mia,Mia Moore,+33155509011,manager,en,dan,EMEA,Europe/Paris,mia@example.com
dan,Dan Dole,+33155509012,second_level,en,,EMEA,Europe/Paris,dan@example.com
""",
    "shifts.csv": """\
id,person,role,region
first,mia,duty,EMEA
second,dan,second_level_duty,EMEA
""",
    "accounts.csv": "id,name,contract_tier,zone\nhelm,Helm,Enterprise,Europe/Paris\n",
    "contacts.csv": f"id,account,name,phones\nlea,helm,Lea Lund,{CUSTOMER}\n",
    "cases.csv": """\
number,status,severity,subject,product,region,owner,account
C17000013,open,2,Slow,CAD,EMEA,eve,helm
""",
}


@dataclass
class Administrator:
    """Somebody with a shell in their project, who has read the page."""

    environment: Environment
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def variables(self) -> dict[str, str]:
        own = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("IVR_", "TWILIO_", "PYTEST_", "PYTHON"))
        }
        path = f"{self.environment.folder / 'bin'}:{own['PATH']}"
        return own | self.settings | {"PATH": path}

    def run(self, command: str, *more: str, typed: str = "", code: int = 0) -> str:
        """Run a command that stands on the page; what it printed."""
        assert f"$ {command}\n" in PAGE, f"the page doesn't say: {command}"
        done = subprocess.run(
            [*self._program(command), *more],
            cwd=self.folder,
            env=self.variables,
            input=typed,
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,  # a password is read from here, not from a terminal
        )
        assert done.returncode == code, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def starts(self, command: str, *more: str) -> Any:
        """A command of the page that runs until it is stopped."""
        assert f"$ {command}\n" in PAGE, f"the page doesn't say: {command}"
        log = self.folder.parent / f"{command.split()[1]}.log"
        words = [*self._program(command), *more]
        return running(["env", "-C", self.folder, *words], log, **self.variables)

    def _program(self, command: str) -> list[str]:
        program, *words = command.split()
        if program == "pytest":
            return [str(self.environment.python), "-m", "pytest", *words]
        inside = self.environment.folder / "bin" / program
        return [str(inside) if inside.exists() else program, *words]

    def edit(self, path: str, *changes: tuple[str, str]) -> None:
        file = self.folder / path
        text = file.read_text(encoding="utf-8")
        for before, after in changes:
            assert before in text, before
            text = text.replace(before, after)
        file.write_text(text, encoding="utf-8")


@dataclass
class Phones:
    """The page of `ivr network`, as a browser uses it."""

    url: str

    def do(self, phone: str, action: str, value: str = "") -> None:
        body = json.dumps({"phone": phone, "action": action, "value": value}).encode()
        headers = {"Content-Type": "application/json"}
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}/do", body, headers)):
            pass

    def phone(self, number: str) -> dict[str, Any]:
        state = json.loads(said(f"{self.url}/state"))
        return next(each for each in state["phones"] if each["number"] == number)


@pytest.fixture
def administrator(with_line: Environment, tmp_path: Path) -> Administrator:
    administrator = Administrator(with_line, tmp_path)
    administrator.run("ivr new acme-support")
    administrator.folder = tmp_path / "acme-support"
    administrator.settings["IVR_FLOW"] = "./line"
    return administrator


def make_it_yours(administrator: Administrator) -> None:
    line_toml = administrator.folder / "line" / "line.toml"
    text = line_toml.read_text(encoding="utf-8")
    line_toml.write_text(text[: text.index("[numbers.")] + ENTRY, encoding="utf-8")
    administrator.edit(
        "line/line.toml",
        ('"Acme support"', '"Helm support"'),
        ('dial = "+33155500012"', 'dial = "+33155509000"'),
        ('last_resort = "DIR1"', 'last_resort = "dan"'),
    )
    for name, rows in DESK.items():
        (administrator.folder / "desk" / name).write_text(rows, encoding="utf-8")
    (administrator.folder / "desk" / "queues.csv").unlink()
    calls = administrator.folder / "tests" / "calls"
    (calls / "the_right_manager.call").unlink()
    administrator.edit(
        "tests/calls/zero_reaches_an_operator.call",
        ("+33800000001", NUMBER),
        ("client:op1", "client:ann"),
    )


def write_the_settings(administrator: Administrator, webhooks: int, rest: int) -> None:
    """`.env`, as the page says it for a simulated network."""
    administrator.run("cp .env.example .env")
    administrator.edit(
        ".env",
        ("https://line.example.com", f"http://127.0.0.1:{webhooks}"),
        ("TWILIO_ACCOUNT_SID=", "TWILIO_ACCOUNT_SID=AC00000000000000000000000000000000"),
        ("TWILIO_AUTH_TOKEN=", "TWILIO_AUTH_TOKEN=rehearsal"),
        ("IVR_SECRET_KEY=", f"IVR_SECRET_KEY={SECRET}"),
    )
    with (administrator.folder / ".env").open("a", encoding="utf-8") as env:
        env.write(f"IVR_TWILIO_API=http://127.0.0.1:{rest}\n")
    for line in (administrator.folder / ".env").read_text(encoding="utf-8").splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            administrator.settings[name] = value


def test_the_page_alone_takes_a_line_live(administrator: Administrator) -> None:
    refused = administrator.run("ivr check")  # nothing is wrong with the sample …
    assert refused.endswith("no errors found\n")
    make_it_yours(administrator)
    assert "no errors found" in administrator.run("ivr check")
    assert "passed" in administrator.run("pytest --update-calls")
    assert "3 passed" in administrator.run("pytest")

    webhooks, pages, rest, network = free_port(), free_port(), free_port(), free_port()
    write_the_settings(administrator, webhooks, rest)
    administrator.run("ivr db migrate")
    assert "4 people" in administrator.run("ivr import desk")
    login = "ivr login add ann@example.com --role admin --role supervisor"
    administrator.run(login, typed=f"{SECRET}\n{SECRET}\n")

    simulated = (
        f"ivr network --number {NUMBER}=http://127.0.0.1:8000/ "
        f"--phone customer={CUSTOMER} --phone operator=client:ann"
    )
    with ExitStack() as stack:
        ports = ("--port", str(network), "--rest-port", str(rest))
        stack.enter_context(administrator.starts(simulated, *ports))
        stack.enter_context(administrator.starts("ivr serve --workers 2", "--port", str(webhooks)))
        stack.enter_context(administrator.starts("ivr worker"))
        stack.enter_context(administrator.starts("ivr pages", "--port", str(pages)))
        phones = Phones(f"http://127.0.0.1:{network}")
        assert comes_true(lambda: said(f"{phones.url}/state"))
        assert comes_true(lambda: said(f"http://127.0.0.1:{webhooks}/livez")), logs(administrator)
        assert comes_true(lambda: said(f"http://127.0.0.1:{pages}/sign-in"))

        fixed = administrator.run("ivr doctor --fix", typed="y\n")
        assert f"{NUMBER}: set voice_url = http://127.0.0.1:{webhooks}/voice/acme-support" in fixed
        assert " 0 wrong\n" in fixed

        phones.do(CUSTOMER, "call", NUMBER)
        assert comes_true(lambda: phones.phone(CUSTOMER)["listening"]), logs(administrator)
        phones.do(CUSTOMER, "press", "0")
        assert comes_true(lambda: phones.phone("client:ann")["ringing"]), logs(administrator)
        phones.do("client:ann", "answer")
        assert comes_true(lambda: phones.phone("client:ann")["listening"])
        phones.do("client:ann", "press", "1")
        assert comes_true(lambda: phones.phone(CUSTOMER)["with"]), logs(administrator)
        phones.do(CUSTOMER, "hang_up")


def logs(administrator: Administrator) -> str:
    folder = administrator.folder.parent
    return "\n".join(f"{log.name}\n{log.read_text()}" for log in folder.glob("*.log"))
