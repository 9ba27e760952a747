"""The command line: `ivr phone` and `ivr replay` against applications over HTTP."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ivr.simulator.dialogues import parse
from tests.kit.commands import ivr
from tests.kit.small_apps import LINE, menu_app, served

GOOD = f"""\
# A caller who wants English.
from +33155500101 to {LINE}
> call
< Welcome to support.
> press 1
< One moment, please. Goodbye.
"""
FAST = ("--rate", "40", "--rest-port", "0")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served(menu_app()) as origin:
        yield f"{origin}/voice"


@pytest.fixture
def good(tmp_path: Path) -> Path:
    file = tmp_path / "good.call"
    file.write_text(GOOD, encoding="utf-8")
    return file


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    file = tmp_path / "bad.call"
    file.write_text(GOOD.replace("moment", "minute"), encoding="utf-8")
    return file


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, click.testing, ivr.cli.main\n"
        "click.testing.CliRunner().invoke(ivr.cli.main.main, ['--help'])\n"
        "heavy = {'rich', 'twilio', 'flask', 'sqlalchemy', 'ivr.simulator', 'http.client'}\n"
        "sys.exit(' '.join(heavy & set(sys.modules)) or 0)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# ---- ivr phone


def test_a_line_is_dialled_and_keys_are_pressed(url: str) -> None:
    result = ivr("phone", url, "--press", "1", *FAST)

    assert result.exit_code == 0, result.output
    assert f"Calling {LINE}, which is answered by {url}" in result.output
    for line in ("Welcome to support.", ">> press 1", "One moment, please.", "the call is over"):
        assert line in result.output


def test_a_script_comes_from_stdin_when_there_is_no_terminal(url: str) -> None:
    result = ivr("phone", url, *FAST, stdin="# a comment\n\n9\nwait 1, hang up\n")

    assert result.exit_code == 0, result.output
    assert ">> press 9" in result.output
    assert ">> hang up" in result.output


def test_a_script_may_be_a_file(url: str, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("press 1\n")

    result = ivr("phone", url, "--script", script, *FAST)

    assert result.exit_code == 0, result.output
    assert "Goodbye." in result.output


def test_other_phones_do_what_they_are_told(url: str) -> None:
    duty = "duty=+33155500014=answers after 1, press 1"

    result = ivr("phone", url, "--phone", duty, *FAST, stdin="0\nwait 9\nhang up")

    assert result.exit_code == 0, result.output
    assert "duty hears: A call. Press 1." in result.output
    assert "you are connected to duty" in result.output


def test_several_phones_at_one_terminal_are_shown_with_what_people_say(
    url: str, tmp_path: Path
) -> None:
    file = tmp_path / "saved.call"
    duty = '=answers after 1, press 1, says "Duty desk, hello", hangs up after 60'
    phones = ["--phone", f"duty=+33155500014{duty}", "--phone", "sam=+33155500015=voicemail"]

    result = ivr("phone", url, *phones, "--save", file, *FAST, stdin="0\nwait 90")

    assert result.exit_code == 0, result.output
    assert "duty (+33155500014) is ringing" in result.output
    assert "duty: “Duty desk, hello”" in result.output
    assert "duty (+33155500014) is on the hook" in result.output
    text = file.read_text(encoding="utf-8")
    assert (
        'phone duty +33155500014 answers after 1 says "Duty desk, hello" press 1 hangs up after 60'
        in text
    )
    assert "phone sam +33155500015 voicemail" in text
    replayed = ivr("replay", file, "--url", url, "--rate", "0", "--rest-port", "0")
    assert replayed.exit_code == 0, replayed.output


def test_the_call_is_saved_and_comes_true_again(url: str, tmp_path: Path) -> None:
    file = tmp_path / "saved.call"

    saved = ivr("phone", url, "--press", "1", "--save", file, "--from", "+4930555", *FAST)
    replayed = ivr("replay", file, "--url", url, *FAST)

    assert saved.exit_code == 0, saved.output
    assert parse(file.read_text(encoding="utf-8")).caller == "+4930555"
    assert replayed.exit_code == 0, replayed.output


TRANSFER = "<Dial callerId='+33155500190'>+33155500014</Dial>"


def test_a_caller_id_is_verified_for_one_command_and_saved_with_the_call(tmp_path: Path) -> None:
    file = tmp_path / "saved.call"
    phone = ("--phone", "duty=+33155500014=answers after 1, hangs up after 5")
    with served(menu_app(voice=TRANSFER)) as origin:
        url = f"{origin}/voice"
        refused = ivr("phone", url, *phone, *FAST, stdin="wait 10")
        shown = ("--verified", "+33155500190", "--save", file)
        made = ivr("phone", url, *phone, *shown, *FAST, stdin="wait 10")
        replayed = ivr("replay", file, "--url", url, "--rate", "0", "--rest-port", "0")

    assert refused.exit_code == 1
    assert "13214" in refused.output
    assert "--verified" in refused.output
    assert made.exit_code == 0, made.output
    assert "\nverified +33155500190\n" in file.read_text(encoding="utf-8")
    assert replayed.exit_code == 0, replayed.output
    assert ivr("phone", url, "--verified", "me").exit_code == 2


def test_an_application_that_fails_is_exit_code_1() -> None:
    with served(menu_app(key=lambda fields: fields["Nope"])) as origin:
        result = ivr("phone", f"{origin}/voice", "--press", "1", *FAST)

    assert result.exit_code == 1
    assert "!! error" in result.output


def test_a_script_that_cant_be_followed_is_exit_code_1(url: str) -> None:
    result = ivr("phone", url, "--press", "1", "--press", "2", *FAST)

    assert result.exit_code == 1
    assert "caller can't press 2" in result.output


def test_credentials_are_given_or_printed(url: str) -> None:
    given = ivr("phone", url, "--auth-token", "abc", "--account-sid", "AC1", "--press", "1", *FAST)
    made = ivr("phone", url, "--press", "1", *FAST)

    assert "TWILIO_AUTH_TOKEN=abc" in given.output
    assert "TWILIO_ACCOUNT_SID=AC1" in given.output
    assert re.search(r"TWILIO_AUTH_TOKEN=[0-9a-f]{32}", made.output)


# "validate_request(url, params, signature)": https://www.twilio.com/docs/usage/security
def test_webhooks_are_signed_with_the_token_that_is_given() -> None:
    from twilio.request_validator import RequestValidator

    validator, seen = RequestValidator("abc"), []

    def signed(fields: dict[str, str]) -> str:
        seen.append(fields)
        return "<Hangup/>"

    inner = menu_app(voice=signed)
    signatures: list[tuple[str, str]] = []

    def outer(environ, start_response):  # type: ignore[no-untyped-def]
        here = f"http://{environ['HTTP_HOST']}{environ['PATH_INFO']}"
        signatures.append((here, environ["HTTP_X_TWILIO_SIGNATURE"]))
        return inner(environ, start_response)

    with served(outer) as origin:
        ivr("phone", f"{origin}/voice", "--auth-token", "abc", *FAST)

    assert validator.validate(signatures[0][0], seen[0], signatures[0][1])


def test_an_application_uses_the_rest_api_meanwhile() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def hang_up(fields: dict[str, str]) -> str:
        import requests

        answer = requests.post(
            f"http://127.0.0.1:{port}/2010-04-01/Accounts/AC1/Calls/{fields['CallSid']}.json",
            data={"Status": "completed"},
            auth=("AC1", "abc"),
            timeout=60,
        )
        return f"<Say>{answer.status_code}</Say>"

    with served(menu_app(key=hang_up)) as origin:
        result = ivr(
            "phone", f"{origin}/voice", "--press", "1", "--rate", "10", "--rest-port", str(port),
            "--account-sid", "AC1", "--auth-token", "abc",
        )  # fmt: skip

    assert f"REST API: http://127.0.0.1:{port}" in result.output
    assert "the call is over" in result.output
    assert "Goodbye." not in result.output


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("phone", "localhost"), "isn't a URL such as"),
        (("phone", "http://127.0.0.1:1/", "--phone", "+3311"), "isn't NUMBER=BEHAVIOR"),
        (("phone", "http://127.0.0.1:1/", "--phone", "+3311=sleeps"), "this phone can't be read"),
        (
            ("phone", "http://127.0.0.1:1/", "--press", "x"),
            "'x' contains characters other than 0-9",
        ),
        (("phone", "http://127.0.0.1:1/", "--rate", "0", "--press", "1"), "--rate above 0"),
        (("phone", "http://127.0.0.1:1/", "--rate", "-1"), "-1.0 is not in the range"),
        (("phone", "http://127.0.0.1:1/", "--to", "abc"), "'abc' isn't a number such as"),
        (("phone", "http://127.0.0.1:1/", "--phone", "bob"), "Invalid value for '--phone'"),
        (("phone", "http://127.0.0.1:1/", "--phone", "bob=+1555=sings"), "'--phone': this phone"),
        (("fuzz", "http://127.0.0.1:1/", "--time", "0"), "0.0 is not in the range"),
        (("fuzz", "http://127.0.0.1:1/", "--time", "inf"), "for '--time': 'inf' isn't a number"),
        (("fuzz", "http://127.0.0.1:1/", "--silence", "nan"), "for '--silence': 'nan' isn't"),
        (("phone", "http://127.0.0.1:1/", "--rate", "nan"), "for '--rate': 'nan' isn't a number"),
        (("phone", "http://127.0.0.1:1/", "--stay", "inf"), "for '--stay': 'inf' isn't a number"),
        (("worker", "--pause", "nan"), "for '--pause': 'nan' isn't a number"),
        (("phone", "http://127.0.0.1:1/", "--rest-port", "65536"), "65536 isn't a port"),
        (("serve", "--port", "-1"), "for '--port': -1 isn't a port"),
        (("phone", "http://127.0.0.1:65536/"), "isn't a URL such as"),
        (("phone", "http://127.0.0.1:1/", "--verify-service", "VA1"), "'VA1' isn't VA and 32"),
        (("replay", "--url", "http://127.0.0.1:1/"), "Missing argument"),
        (("network",), "Missing option '--number'"),
        (("network", "--number", "+1800"), "isn't NUMBER=URL"),
        (("network", "--number", "+1800=localhost"), "isn't a URL such as"),
        (("network", "--number", "me=http://127.0.0.1:1/"), "'me' isn't a number such as"),
        (("network", "--number", "+18=http://127.0.0.1:1/", "--rate", "0"), "--rate above 0"),
        (
            ("network", "--number", "+18=http://127.0.0.1:1/", "--phone", "x=y=z"),
            "Expected here: a number",
        ),
        (("replay", "none.call", "--url", "http://127.0.0.1:1/"), "does not exist"),
    ],
)
def test_wrong_usage_is_exit_code_2(arguments: tuple[str, ...], complaint: str) -> None:
    result = ivr(*arguments)

    assert result.exit_code == 2, result.output
    assert complaint in result.output


def test_a_dialogue_that_cant_be_read_fails_by_itself(url: str, good: Path, tmp_path: Path) -> None:
    bad, latin = tmp_path / "x.call", tmp_path / "latin.call"
    bad.write_text("hello")
    latin.write_bytes("# One\n# café\n".encode("latin-1"))
    junit = tmp_path / "calls.xml"

    result = ivr("replay", bad, latin, good, "--url", url, "--junit", junit, *FAST)

    assert result.exit_code == 1
    assert "x.call:1: a line can't begin with “hello”" in result.output
    assert "latin.call:2: this isn't UTF-8 text" in result.output
    assert "1 of 3 passed" in result.output
    assert 'failures="2"' in junit.read_text(encoding="utf-8")


def test_an_application_that_isnt_there_is_exit_code_3(good: Path) -> None:
    for arguments in (("phone",), ("replay", good, "--url")):
        result = ivr(*arguments, "http://127.0.0.1:1/voice", *FAST)

        assert result.exit_code == 3
        assert "nothing listens at 127.0.0.1:1: is the application running" in result.output


def test_a_port_that_is_taken_is_exit_code_3(url: str) -> None:
    port = url.split(":")[2].split("/")[0]

    result = ivr("phone", url, "--rest-port", port)

    assert result.exit_code == 3
    assert f"the REST API can't start: another program uses port {port}" in result.output


def test_a_page_whose_port_is_taken_is_exit_code_3(url: str) -> None:
    port = url.split(":")[2].split("/")[0]

    result = ivr("network", "--number", f"{LINE}={url}", "--port", port, *FAST)

    assert result.exit_code == 3
    assert f"the page can't start: another program uses port {port}" in result.output


def test_a_voice_that_is_missing_is_exit_code_3(
    url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    result = ivr("phone", url, "--speak", *FAST)

    assert result.exit_code == 3
    assert "--speak needs espeak-ng" in result.output


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_person_types_at_a_terminal(url: str) -> None:
    import pty

    master, slave = pty.openpty()
    command = [sys.executable, "-m", "ivr", "phone", url, "--rate", "5", "--rest-port", "0"]
    with subprocess.Popen(
        command, stdin=slave, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        output = ""
        for line in process.stdout:
            output += line
            if "Welcome to support." in line:
                os.write(master, b"1")
    os.close(slave)
    os.close(master)

    assert process.returncode == 0, output
    assert "Keys 0-9, * and # are pressed as you type them; q hangs up." in output
    assert ">> press 1" in output
    assert "Goodbye." in output


# ---- ivr replay


@pytest.mark.parametrize("rate", ["0", "20"])
def test_dialogues_are_played(url: str, good: Path, rate: str) -> None:
    result = ivr("replay", good, "--url", url, "--rate", rate, "--rest-port", "0")

    assert result.exit_code == 0, result.output
    assert f"passed  {good}  A caller who wants English." in result.output
    assert "1 of 1 passed" in result.output


def test_a_dialogue_that_doesnt_come_true_is_exit_code_1(url: str, good: Path, bad: Path) -> None:
    result = ivr("replay", bad, good, "--url", url, *FAST)

    assert result.exit_code == 1
    assert f"FAILED  {bad}" in result.output
    assert f"{bad}:6: caller didn't hear what was expected" in result.output
    assert "1 of 2 passed" in result.output


def test_webhooks_that_fail_fail_the_dialogue(tmp_path: Path) -> None:
    file = tmp_path / "x.call"
    file.write_text(
        f"from +33155500101 to {LINE}\n> call, press 1\n< (hung up)\n< …\n", encoding="utf-8"
    )

    with served(menu_app(key="<Foo/>")) as origin:
        result = ivr("replay", file, "--url", f"{origin}/voice", *FAST)

    assert result.exit_code == 1
    assert "the exchange isn't in order" in result.output


def test_another_number_may_be_dialled(good: Path) -> None:
    dialled = []

    def voice(fields: dict[str, str]) -> str:
        dialled.append(fields["To"])
        return "<Hangup/>"

    with served(menu_app(voice=voice)) as origin:
        ivr("replay", good, "--url", f"{origin}/voice", "--number", "+18005550100", *FAST)

    assert dialled == ["+18005550100"]


def test_results_for_programs(url: str, good: Path, bad: Path) -> None:
    junit = good.with_suffix(".xml")

    result = ivr("replay", good, bad, "--url", url, "--json", "--junit", junit, *FAST)

    assert result.exit_code == 1
    answer = json.loads(result.output)
    assert (answer["passed"], answer["failed"]) == (1, 1)
    assert [call["passed"] for call in answer["calls"]] == [True, False]
    assert answer["calls"][1]["line"] == 6
    suite = ElementTree.parse(junit).getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    failure = suite[1][0]
    assert (failure.get("message") or "").endswith("caller didn't hear what was expected")
    assert "difference" in (failure.text or "")
