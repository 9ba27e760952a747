"""Node's ``twilio``, unmodified, against the REST API over HTTP."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from ivr.simulator import Exchange
from ivr.simulator.rest.serving.server import RestServer
from ivr.twiml.verbs import Conference, Dial, Enqueue
from tests.kit.node import packages
from tests.kit.twiml_app import CALLEE, CALLER, LINE, App

pytestmark = pytest.mark.node

# The library reaches another host by its own `httpClient`: it is told the host, nothing else.
SCRIPT = """
const twilio = require('twilio');
const [url, sid, token] = process.argv.slice(1);
const http = new twilio.RequestClient();
const there = {
  request: (options) => http.request({
    ...options, uri: options.uri.replace('https://api.twilio.com', url),
  }),
};
const client = twilio(sid, token, {httpClient: there});
const FROM = '+33800000001', TO = '+33155500011';

async function main() {
  const told = {};
  const call = await client.calls.create({
    to: TO, from: FROM, url: 'https://line.test/room', statusCallbackEvent: ['ringing', 'answered'],
    statusCallback: 'https://line.test/status',
  });
  told.call = [call.status, call.direction, (await client.calls(call.sid).fetch()).to];
  told.all = (await client.calls.list({pageSize: 2})).length;
  told.limited = (await client.calls.list({limit: 3})).length;
  const rooms = await client.conferences.list({status: 'in-progress'});
  const people = client.conferences(rooms[0].sid).participants;
  told.room = [rooms[0].friendlyName, (await people.list()).length];
  const [one] = await people.list();
  told.muted = (await people(one.callSid).update({muted: true})).muted;
  const [queue] = await client.queues.list();
  told.queue = [queue.friendlyName, queue.currentSize];
  told.front = (await client.queues(queue.sid).members('Front').fetch()).position;
  const text = await client.messages.create({to: TO, from: FROM, body: 'On our way.'});
  told.text = [text.status, text.body];
  const numbers = await client.incomingPhoneNumbers.list();
  told.number = numbers[0].phoneNumber;
  try {
    await client.calls.create({to: 'nonsense', from: FROM, url: 'https://line.test/room'});
  } catch (error) {
    told.error = [error.status, error.code, error.message];
  }
  try {
    await client.calls('CA0').fetch();
  } catch (error) {
    told.missing = [error.status, error.code];
  }
  console.log(JSON.stringify(told));
}
main().catch((error) => { console.error(error); process.exit(1); });
"""


@pytest.fixture(scope="module")
def told() -> Any:
    """What the library made of the network: two people in a room, one in a queue, four calls."""
    folder = packages("clinic")
    exchange = Exchange(seed=1)
    app = App(
        {
            "/room": (Dial((Conference("ward 3"),)),),
            "/queue": (Enqueue("support"),),
            "/status": "",
        }
    )
    exchange.number(LINE, app, "/room")
    exchange.number("+33800000002", app, "/queue")
    exchange.phone(CALLEE)
    for number, line in ((CALLER, LINE), ("+33155500102", LINE), ("+33155500103", "+33800000002")):
        exchange.phone(number).call(line)
    with RestServer(exchange.api) as api:
        command = ["node", "-e", SCRIPT, api.url, exchange.account_sid, exchange.auth_token]
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=300, check=False
        )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_calls_are_made_and_listed_page_by_page(told: Any) -> None:
    assert told["call"] == ["queued", "outbound-api", CALLEE]
    assert told["all"] == 4
    assert told["limited"] == 3


def test_conferences_participants_queues_and_members(told: Any) -> None:
    assert told["room"] == ["ward 3", 2]
    assert told["muted"] is True
    assert told["queue"] == ["support", 1]
    assert told["front"] == 1


def test_texts_and_numbers(told: Any) -> None:
    assert told["text"] == ["queued", "On our way."]
    assert told["number"] == LINE


def test_errors_are_the_librarys_own(told: Any) -> None:
    status, code, message = told["error"]
    assert (status, code) == (400, 21211)
    assert "nonsense, is not valid" in message
    assert told["missing"] == [404, 20404]
