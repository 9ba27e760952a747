"""What a program's environment says, so that its requests to Twilio go to a REST server here.

Programs in Python and Node.js begin by running a file of ours, so they can't reach Twilio at all.
All others are told of a proxy and of whom to trust, by the variables that they go by, and keep to
it as far as their libraries do (docs/testing/requests-to-twilio.md).
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

from ivr.simulator.rest.serving.certificates import java_store
from ivr.simulator.rest.serving.connections import certificates
from ivr.simulator.rest.serving.server import RestServer

HERE = Path(__file__).parent
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
ALL_PROXIES = ("ALL_PROXY", "all_proxy")  # only overridden: they would be for everything
NO_PROXIES = ("NO_PROXY", "no_proxy")
THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
TRUSTED = (
    *("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),  # OpenSSL and Go, Python, curl
    *("NODE_EXTRA_CA_CERTS", "TWILIO_CA_BUNDLE"),  # Node.js, and Twilio's library for it
)
PASSWORD = "changeit"  # Java's own default; nothing in there is secret
# At the end of `rerouting.py` it is what Python runs before a program.
SITE = """

def _site():
    import sys

    with open({authority!r}) as file:
        authority = file.read()
    Rerouting(lambda: ("127.0.0.1", {port}), lambda: authority).begin()
    leave_out_proxies()
    here = os.path.dirname(os.path.abspath(__file__))
    for folder in sys.path:  # the one that this one hides
        path = os.path.join(folder, "sitecustomize.py")
        if os.path.abspath(folder or ".") != here and os.path.isfile(path):
            with open(path) as file:
                exec(compile(file.read(), path, "exec"), dict(globals(), __file__=path))
            break


_site()
"""


def behind(rest: RestServer, folder: Path, around: Mapping[str, str]) -> dict[str, str]:
    """The variables to add to those ``around`` for a program whose Twilio is ``rest``.

    ``folder`` is empty and ours; what they refer to is written there, and must be there as long as
    the program is. What isn't for Twilio goes on through the proxy that this process has, if any.
    """
    authority, bundle = folder / "authority.pem", folder / "trusted.pem"
    made = certificates()
    authority.write_text(made.authority, encoding="ascii")
    trusted = made.bundle()
    bundle.write_text(trusted, encoding="utf-8")
    variables = dict.fromkeys(TRUSTED, str(bundle))
    variables |= dict.fromkeys(PROXIES, rest.url)
    variables |= {name: rest.url for name in ALL_PROXIES if around.get(name)}
    variables |= dict.fromkeys(NO_PROXIES, _direct(around))
    return (
        variables
        | _python(rest, folder, authority, around)
        | _node(rest, authority, around)
        | _php(folder, bundle, around)
        | _java(rest, folder, trusted, around)
    )


def _direct(around: Mapping[str, str]) -> str:
    """The hosts that are reached without the proxy: none of Twilio's, and not all."""
    given = ",".join(around.get(name, "") for name in NO_PROXIES).split(",")
    names = [name.strip() for name in given]
    kept = [name for name in names if name and name != "*" and "twilio.com" not in name]
    return ",".join(dict.fromkeys([*THIS_MACHINE, *kept]))


def _python(
    rest: RestServer, folder: Path, authority: Path, around: Mapping[str, str]
) -> dict[str, str]:
    site = folder / "python"
    site.mkdir()
    rerouting = (HERE / "rerouting.py").read_text(encoding="utf-8")
    written = rerouting + SITE.format(authority=str(authority), port=rest.port)
    (site / "sitecustomize.py").write_text(written, encoding="utf-8")
    return {"PYTHONPATH": _joined(os.pathsep, str(site), around.get("PYTHONPATH", ""))}


def _node(rest: RestServer, authority: Path, around: Mapping[str, str]) -> dict[str, str]:
    path = str(HERE / "rerouting.cjs").replace("\\", "\\\\").replace('"', '\\"')
    return {
        "NODE_OPTIONS": _joined(" ", around.get("NODE_OPTIONS", ""), f'--require "{path}"'),
        "IVR_REROUTED_TO": str(rest.port),
        "IVR_REROUTED_CA": str(authority),
    }


def _php(folder: Path, bundle: Path, around: Mapping[str, str]) -> dict[str, str]:
    """An empty name in the list of folders is PHP's own."""
    settings = folder / "php"
    settings.mkdir()
    (settings / "trusted.ini").write_text(
        f'openssl.cafile="{bundle}"\ncurl.cainfo="{bundle}"\n', encoding="utf-8"
    )
    return {"PHP_INI_SCAN_DIR": f"{around.get('PHP_INI_SCAN_DIR', '')}{os.pathsep}{settings}"}


def _java(
    rest: RestServer, folder: Path, trusted: str, around: Mapping[str, str]
) -> dict[str, str]:
    """Java reads no variables but this one, and only files of its own form."""
    if shutil.which("java", path=around.get("PATH")) is None and "JAVA_HOME" not in around:
        return {}
    store = folder / "trusted.p12"
    store.write_bytes(java_store(trusted, PASSWORD))
    settings = {
        "javax.net.ssl.trustStore": str(store),
        "javax.net.ssl.trustStoreType": "PKCS12",
        "javax.net.ssl.trustStorePassword": PASSWORD,
        "http.nonProxyHosts": "localhost|127.*|[::1]",
    }
    for scheme in ("http", "https"):
        settings |= {f"{scheme}.proxyHost": rest.host, f"{scheme}.proxyPort": str(rest.port)}
    options = shlex.join(f"-D{name}={value}" for name, value in settings.items())
    return {"JAVA_TOOL_OPTIONS": _joined(" ", around.get("JAVA_TOOL_OPTIONS", ""), options)}


def _joined(between: str, *parts: str) -> str:
    return between.join(part for part in parts if part)
