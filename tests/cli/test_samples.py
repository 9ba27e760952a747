"""The sample lines, played by `ivr replay` against their URLs; none answers just anybody.

pytest plays the same dialogues, which lie beside the lines, on programs that it starts.
"""

from __future__ import annotations

import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner

from ivr.cli.main import main
from ivr.simulator import program
from tests.kit.node import packages
from tests.kit.processes import free_port

SAMPLES = Path(__file__).parents[1] / "samples"
ACCOUNT, TOKEN = "AC0123456789abcdef0123456789abcdef", "the-token-of-this-test"
PYTHON = {
    "restaurant": "-m flask --app flask_line run --port {port}",
    "taxi_rank": "-m uvicorn fastapi_line:app --port {port}",
}


def started(sample: str) -> tuple[str, Path]:
    """The command that somebody would start a sample by, and its folder."""
    if sample == "clinic":
        return "node line.js", packages("clinic")
    return f"{sys.executable} {PYTHON[sample]}", SAMPLES / sample


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
def test_a_sample_replays_over_http_and_answers_nobody_else(
    sample: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = sorted(str(path) for path in (SAMPLES / sample).glob("*.call"))
    command, folder = started(sample)
    monkeypatch.chdir(folder)
    url = f"http://localhost:{free_port()}/voice"
    options = ["--url", url, "--rate", "0", "--rest-port", "0", "--run", command]
    done = CliRunner().invoke(main, ["replay", *files, *options])

    assert done.exit_code == 0, done.output
    assert f"{len(files)} of {len(files)} passed" in done.output

    environment = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN}
    with program(command, folder=folder, environment=environment, within=300) as running:
        url = f"{running.url}/voice"
        assert {refused(url, None), refused(url, "c2lnbmVkIGJ5IG5vYm9keQ==")} <= {400, 403}

        options = ["--url", url, "--rate", "0", "--rest-port", "0"]
        stranger = CliRunner().invoke(main, ["replay", files[0], *options, "--seed", "7"])

        assert stranger.exit_code == 1
        assert "11200: HTTP 403" in stranger.output
