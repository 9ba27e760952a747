"""Programs that ask Twilio for something, unmodified: the network answers, whoever they ask by."""

from __future__ import annotations

import http.server
import os
import shutil
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ivr.simulator import Exchange, program
from ivr.simulator.programs import Program
from tests.kit import clients
from tests.kit.environment import require
from tests.kit.twiml_app import CALLEE, CALLER, LINE

PYTHON = """
import os, http.server
{imports}

class Line(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        said = "<Response><Say>%s</Say></Response>" % ask()
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.end_headers()
        self.wfile.write(said.encode())

def ask():
    try:
{asks}
    except Exception as error:
        return type(error).__name__ + ": " + str(error).replace("<", "").replace("&", "")

http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Line).serve_forever()
"""
CREATES = """
        client = Client(os.environ["TWILIO_ACCOUNT_SID"], os.environ["TWILIO_AUTH_TOKEN"])
        client.calls.create(to="+33155500011", from_="+33800000001", url="http://line.test/")
        return str([call.direction for call in client.calls.list()])
"""
ASYNC = """
        import asyncio
        from twilio.http.async_http_client import AsyncTwilioHttpClient
        async def go():
            async with AsyncTwilioHttpClient() as carrier:
                client = Client(os.environ["TWILIO_ACCOUNT_SID"], os.environ["TWILIO_AUTH_TOKEN"],
                                http_client=carrier)
                return str([call.direction for call in await client.calls.list_async()])
        return asyncio.run(go())
"""
NODE = """
const http = require('http');
async function ask() {{
{asks}
}}
http.createServer((request, response) => {{
  request.resume();
  request.on('end', async () => {{
    const said = await ask().catch((error) => `${{error.code}}: ${{error.message}}`);
    response.setHeader('Content-Type', 'text/xml');
    response.end(`<Response><Say>${{said}}</Say></Response>`);
  }});
}}).listen(process.env.PORT);
"""
NODE_CREATES = """
  console.log(require('twilio/package.json').version);
  const client = require('twilio')(process.env.TWILIO_ACCOUNT_SID, process.env.TWILIO_AUTH_TOKEN);
  await client.calls.create({to: '+33155500011', from: '+33800000001', url: 'http://line.test/'});
  return (await client.calls.list()).map((call) => call.direction).join(' ');
"""
FETCHES = """
  const {TWILIO_ACCOUNT_SID: sid, TWILIO_AUTH_TOKEN: token} = process.env;
  const answer = await fetch(`https://HOST/2010-04-01/Accounts/${sid}/Calls.json`, {
    headers: {Authorization: 'Basic ' + Buffer.from(`${sid}:${token}`).toString('base64')},
  });
  const body = await answer.json();
  return `${answer.status} ${body.message || body.calls.length}`;
"""


def python(folder: Path, asks: str, imports: str = "from twilio.rest import Client") -> list[str]:
    (folder / "line.py").write_text(PYTHON.format(imports=imports, asks=asks))
    return [sys.executable, str(folder / "line.py")]


def node(folder: Path, asks: str) -> list[str]:
    require("Node.js", shutil.which("node") is not None)
    (folder / "line.js").write_text(NODE.format(asks=asks))
    return ["node", str(folder / "line.js")]


def said(running: Program, strict: bool = True) -> str:
    """What somebody hears who calls the line."""
    exchange = Exchange(seed=1)
    exchange.number(LINE, running, "/")
    exchange.phone(CALLEE).will("busy")
    caller = exchange.phone(CALLER)
    caller.call(LINE)
    exchange.wait(30)
    if strict:
        exchange.strict()
    return caller.last_heard


# ---- Twilio's libraries


CLIENT = "import twilio; print(twilio.__version__); from twilio.rest import Client"


@pytest.mark.parametrize("version", clients.PYTHON)
def test_twilio_python(version: str, tmp_path: Path) -> None:
    found = clients.python(version)
    with program(python(tmp_path, CREATES, CLIENT), environment=found) as running:
        assert said(running) == "['outbound-api', 'inbound']"
        assert running.printed.startswith(f"{version}.")


@pytest.mark.parametrize("version", ["8", "9"])
def test_twilio_python_asynchronously(version: str, tmp_path: Path) -> None:
    """It takes no notice of a proxy in the environment."""
    found = clients.python(version)
    with program(python(tmp_path, ASYNC, CLIENT), environment=found) as running:
        assert said(running) == "['inbound']"
        assert running.printed.startswith(f"{version}.")


@pytest.mark.node
@pytest.mark.parametrize("version", clients.NODE)
@pytest.mark.parametrize("proxy", ["", "http://127.0.0.1:1"])
def test_twilio_node(version: str, proxy: str, tmp_path: Path) -> None:
    """Of all proxies it takes HTTP_PROXY. (twilio-node, RequestClient)"""
    found = {**clients.node(version), "HTTP_PROXY": proxy}
    with program(node(tmp_path, NODE_CREATES), environment=found) as running:
        assert said(running) == "outbound-api inbound"
        assert running.printed.startswith(f"{version}.")


# ---- without them


@pytest.mark.node
def test_nodes_fetch_takes_no_proxy_and_gets_there(tmp_path: Path) -> None:
    with program(node(tmp_path, FETCHES.replace("HOST", "api.twilio.com"))) as running:
        assert said(running) == "200 1"


@pytest.mark.node
def test_another_host_is_refused_by_name(tmp_path: Path) -> None:
    with program(node(tmp_path, FETCHES.replace("HOST", "studio.twilio.com"))) as running:
        heard = said(running, strict=False)

    assert heard.startswith("501 GET https://studio.twilio.com/2010-04-01/Accounts/AC")


@pytest.mark.node
def test_a_proxy_of_nodes_own_reaches_nobody(tmp_path: Path) -> None:
    """An agent that has connected to a proxy secures that connection."""
    asks = """
  const socket = require('net').connect(Number(process.env.ELSEWHERE), '127.0.0.1');
  await new Promise((done) => socket.on('connect', done));
  return new Promise((done, failed) => {
    const options = {socket, servername: 'api.twilio.com'};
    const secured = require('tls').connect(options, () => done('yes'));
    secured.on('error', failed);
  });
"""
    from ivr.simulator.rest.serving.certificates import Certificates

    with socket.create_server(("127.0.0.1", 0)) as real:

        def answer() -> None:
            connection, _ = real.accept()
            with connection:
                try:
                    Certificates().context.wrap_socket(connection, server_side=True)
                except OSError as error:
                    seen.append(str(error))

        seen: list[str] = []
        answering = threading.Thread(target=answer)
        answering.start()
        port = {"ELSEWHERE": str(real.getsockname()[1])}
        with program(node(tmp_path, asks), environment=port) as running:
            heard = said(running)
        answering.join()
    assert "certificate" in heard
    assert seen


CURL = """<?php
$sid = getenv('TWILIO_ACCOUNT_SID');
$curl = curl_init("https://api.twilio.com/2010-04-01/Accounts/$sid/Calls.json");
curl_setopt($curl, CURLOPT_USERPWD, "$sid:" . getenv('TWILIO_AUTH_TOKEN'));
curl_setopt($curl, CURLOPT_RETURNTRANSFER, true);
$answer = curl_exec($curl);
$said = $answer === false ? curl_error($curl) : count(json_decode($answer)->calls);
header('Content-Type: text/xml');
echo "<Response><Say>$said</Say></Response>";
"""
NET_HTTP = """
require 'json'
require 'net/http'
require 'socket'

def calls
  sid = ENV['TWILIO_ACCOUNT_SID']
  uri = URI("https://api.twilio.com/2010-04-01/Accounts/#{sid}/Calls.json")
  asking = Net::HTTP::Get.new(uri)
  asking.basic_auth(sid, ENV['TWILIO_AUTH_TOKEN'])
  answer = Net::HTTP.start(uri.host, uri.port, use_ssl: true) { |http| http.request(asking) }
  JSON.parse(answer.body)['calls'].length
rescue StandardError => error
  error.message
end

server = TCPServer.new('127.0.0.1', ENV['PORT'].to_i)
loop do
  client = server.accept
  client.readpartial(65536) rescue next
  said = "<Response><Say>#{calls}</Say></Response>"
  head = "HTTP/1.1 200 OK\\r\\nContent-Type: text/xml\\r\\nContent-Length: #{said.bytesize}"
  client.write("#{head}\\r\\nConnection: close\\r\\n\\r\\n#{said}")
  client.close
end
"""
JAVA = """
import com.sun.net.httpserver.HttpServer;
import java.net.*;
import java.util.Base64;

public class Line {
  static String calls() {
    try {
      String sid = System.getenv("TWILIO_ACCOUNT_SID");
      String key = sid + ":" + System.getenv("TWILIO_AUTH_TOKEN");
      URL url = new URL("https://api.twilio.com/2010-04-01/Accounts/" + sid + "/Calls.json");
      URLConnection asking = url.openConnection();
      String encoded = Base64.getEncoder().encodeToString(key.getBytes());
      asking.setRequestProperty("Authorization", "Basic " + encoded);
      return new String(asking.getInputStream().readAllBytes()).contains("inbound") ? "1" : "0";
    } catch (Exception error) {
      return error.toString();
    }
  }

  public static void main(String[] arguments) throws Exception {
    int port = Integer.parseInt(System.getenv("PORT"));
    HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
    server.createContext("/", exchange -> {
      byte[] said = ("<Response><Say>" + calls() + "</Say></Response>").getBytes();
      exchange.getResponseHeaders().set("Content-Type", "text/xml");
      exchange.sendResponseHeaders(200, said.length);
      exchange.getResponseBody().write(said);
      exchange.close();
    });
    server.start();
  }
}
"""


@pytest.mark.parametrize(
    ("needs", "file", "source", "command"),
    [
        (
            "php -r 'exit((int) !extension_loaded(\"curl\"));'",
            "line.php",
            CURL,
            "php -S 127.0.0.1:{port} line.php",
        ),
        ("ruby -e 1", "line.rb", NET_HTTP, "ruby line.rb"),
        ("java -version 2>/dev/null", "Line.java", JAVA, "java Line.java"),
    ],
)
def test_other_languages_go_by_the_proxy(
    needs: str, file: str, source: str, command: str, tmp_path: Path
) -> None:
    language = needs.split()[0]
    there = shutil.which(language) is not None and not os.system(needs)
    require(f"{language}, for which “{needs}” works,", there)
    (tmp_path / file).write_text(source)
    with program(command, folder=tmp_path) as running:
        assert said(running) == "1"


# ---- what isn't for Twilio


class Elsewhere(http.server.BaseHTTPRequestHandler):
    """Another service that the application uses."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"hello from {self.headers['Host']}".encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.end_headers()
        self.wfile.write(body[::-1])

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@contextmanager
def elsewhere() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    serving = threading.Thread(target=server.serve_forever, args=(0.01,))
    serving.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        serving.join()


THROUGH = """
        import http.client
        def ask(method, url, body=None):
            proxy = os.environ["HTTP_PROXY"].rpartition("/")[2]
            connection = http.client.HTTPConnection(proxy)
            connection.request(method, url, body)
            return connection.getresponse()
        there = "http://localhost:%s/x" % os.environ["THERE"]
        got = ask("GET", there).read().decode().rpartition(":")[0]
        posted = ask("POST", there, b"abc").read().decode()
        return "%s, %s, %s" % (got, posted, ask("GET", "http://localhost:1/").status)
"""
TUNNELED = """
        import http.client
        here = os.environ["HTTPS_PROXY"].rpartition(":")[2]
        connection = http.client.HTTPConnection("127.0.0.1", int(here))
        connection.set_tunnel("localhost", int(os.environ["THERE"]))
        connection.request("GET", "/")
        got = connection.getresponse().read().decode().rpartition(":")[0]
        connection = http.client.HTTPConnection("127.0.0.1", int(here))
        connection.set_tunnel("localhost", 1)
        try:
            connection.request("GET", "/")
        except OSError as error:
            return got + ", " + str(error)[:30]
"""


@pytest.mark.parametrize(
    ("asks", "answer"),
    [
        (THROUGH, "hello from localhost, cba, 502"),
        (TUNNELED, "hello from localhost, Tunnel connection failed: 502 "),
    ],
)
def test_other_hosts_are_passed_on_to(asks: str, answer: str, tmp_path: Path) -> None:
    with elsewhere() as port:
        environment = {"THERE": str(port)}
        with program(python(tmp_path, asks, ""), environment=environment) as running:
            assert said(running).strip() == answer.strip()


def test_the_environment_around_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules, options, hosts without a proxy, and a `sitecustomize` that ours hides."""
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "sitecustomize.py").write_text("import os; os.environ['THEIRS'] = 'was run'")
    monkeypatch.setenv("NO_PROXY", "intranet.example,*,.twilio.com")
    monkeypatch.setenv("NODE_OPTIONS", "--no-warnings")
    names = ("THEIRS", "NO_PROXY", "NODE_OPTIONS", "HTTPS_PROXY")
    asks = f"        return '|'.join(os.environ[name] for name in {names})\n"
    path = {"PYTHONPATH": str(theirs)}
    with program(python(tmp_path, asks, ""), environment=path) as running:
        was_run, direct, options, proxy = said(running).split("|")

    assert was_run == "was run"
    assert direct.startswith("localhost,127.0.0.1,::1,intranet.example")
    assert "*" not in direct
    assert options.startswith("--no-warnings --require ")
    assert proxy.startswith("http://127.0.0.1:")


def test_an_account_of_its_own(tmp_path: Path) -> None:
    account = {"TWILIO_ACCOUNT_SID": "AC" + 32 * "5", "TWILIO_AUTH_TOKEN": "its own"}
    with program(python(tmp_path, CREATES), environment=account) as running:
        assert said(running) == "['outbound-api', 'inbound']"
        exchange = Exchange(seed=4)
        exchange.number(LINE, running, "/")
        assert exchange.account_sid == account["TWILIO_ACCOUNT_SID"]
        assert os.environ.get("TWILIO_ACCOUNT_SID") != exchange.account_sid
