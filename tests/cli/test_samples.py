"""The sample lines, played by `ivr replay` against their URLs; none answers just anybody.

pytest plays the same dialogues, which lie beside the lines, on programs that it starts.
"""

from __future__ import annotations

import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from ivr.cli.main import main
from ivr.simulator import Program, program
from tests.kit.node import packages
from tests.kit.processes import free_port

SAMPLES = Path(__file__).parents[1] / "samples"
ACCOUNT, TOKEN = "AC0123456789abcdef0123456789abcdef", "the-token-of-this-test"
PYTHON = {
    "restaurant": "-m flask --app flask_line run --port {port}",
    "taxi_rank": "-m uvicorn fastapi_line:app --port {port}",
}


@contextmanager
def serving(sample: str, rest_port: int) -> Iterator[Program]:
    """A sample as somebody would start it, with a network's account and REST API."""
    if sample == "clinic":
        command, folder = "node line.js", packages("clinic")
    else:
        command, folder = f"{sys.executable} {PYTHON[sample]}", SAMPLES / sample
    environment = {
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "TWILIO_API_URL": f"http://127.0.0.1:{rest_port}",
    }
    with program(command, folder=folder, environment=environment, within=300) as running:
        yield running


def refused(url: str, signature: str | None) -> int:
    """The status with which a request is answered that isn't the carrier's."""
    form = urllib.parse.urlencode({"CallSid": "CA1", "From": "+33155500101"}).encode()
    request = urllib.request.Request(url, form)
    if signature is not None:
        request.add_header("X-Twilio-Signature", signature)
    with pytest.raises(urllib.error.HTTPError) as answer:
        urllib.request.urlopen(request, timeout=60)
    with answer.value as reply:
        return reply.code


@pytest.mark.parametrize(
    "sample", ["restaurant", "taxi_rank", pytest.param("clinic", marks=pytest.mark.node)]
)
def test_a_sample_replays_over_http_and_answers_nobody_else(sample: str) -> None:
    rest_port = free_port()
    files = sorted(str(path) for path in (SAMPLES / sample).glob("*.call"))
    with serving(sample, rest_port) as running:
        url = f"{running.url}/voice"
        options = ["--url", url, "--rate", "0", "--rest-port", str(rest_port)]
        account = ["--account-sid", ACCOUNT, "--auth-token", TOKEN]
        done = CliRunner().invoke(main, ["replay", *files, *options, *account])

        assert done.exit_code == 0, done.output
        assert f"{len(files)} of {len(files)} passed" in done.output
        assert {refused(url, None), refused(url, "c2lnbmVkIGJ5IG5vYm9keQ==")} <= {400, 403}

        stranger = CliRunner().invoke(main, ["replay", files[0], *options, "--seed", "7"])

        assert stranger.exit_code == 1
        assert "11200: HTTP 403" in stranger.output
