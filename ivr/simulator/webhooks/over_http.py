"""A request to an application that is reached over HTTP, and why it got no answer.

The codes are those of Twilio's error dictionary (https://www.twilio.com/docs/api/errors).
"""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from ivr.simulator.network.targets import PORTS
from ivr.simulator.webhooks.request import FORM, MAX_BODY, HTTPCall, HTTPReply, failed

PUBLIC = "its public address as origin (--origin)"
# What OpenSSL says of a certificate, and Twilio: 11235 is for another host, 11236 is expired, and
# the rest is 11237, "could not find path to certificate".
# (https://www.twilio.com/en-us/blog/security-update-on-ssl-certificate-validation-html)
CERTIFICATES = {62: 11235, 64: 11235, 10: 11236}


class Failure(NamedTuple):
    """Why nothing came back: Twilio's error, and a sentence for whoever tests."""

    code: int
    why: str


def call_server(call: HTTPCall) -> HTTPReply:
    """Make the request over HTTP; a failure becomes a code of Twilio's error dictionary."""
    began = time.monotonic()
    try:
        connection = _connection(call)
    except http.client.InvalidURL as error:
        return failed(11100, str(error))
    try:
        try:
            connection.connect()
        except TimeoutError:
            host = _host(call.target.reached)
            return failed(11201, f"{host} takes no connection within {call.connect:g} s")
        return _converse(call, connection, began)
    except TimeoutError:
        return failed(11203, f"no answer within {call.total:g} s")
    except (OSError, http.client.HTTPException, ValueError) as error:
        return failed(*_failure(error, call.target.reached))
    finally:
        connection.close()


def unreachable(url: str, certificate: bool = True) -> str:
    """Why nothing can be asked of a URL, as a sentence; "" if its server takes connections.

    ``certificate``: whether it also needs one that is trusted, if it speaks https.
    """
    parts = urlsplit(url)
    try:
        with socket.create_connection(_address(parts), timeout=5) as plain:
            if parts.scheme == "https" and certificate:
                context = ssl.create_default_context()
                context.wrap_socket(plain, server_hostname=parts.hostname).close()
    except TimeoutError:
        return f"{_host(parts)} takes no connection within 5 s: is the address right?"
    except (OSError, ValueError) as error:
        return _failure(error, parts).why
    return ""


def _connection(call: HTTPCall) -> http.client.HTTPConnection:
    host, port = _address(call.target.reached)
    timeout = min(call.connect, call.total)
    if call.target.reached.scheme != "https":
        return http.client.HTTPConnection(host, port, timeout=timeout)
    # What Twilio sees of an application behind a proxy is the proxy's certificate.
    context = ssl._create_unverified_context() if call.target.forwarded else None
    return http.client.HTTPSConnection(host, port, timeout=timeout, context=context)


def _converse(call: HTTPCall, connection: http.client.HTTPConnection, began: float) -> HTTPReply:
    deadline = began + call.total
    headers = {
        "User-Agent": "TwilioProxy/1.1",
        "Accept": "*/*",
        **call.target.forwarded,
        **call.headers,
    }
    if call.method == "POST":
        headers["Content-Type"] = FORM
    path = call.target.path + (f"?{call.query}" if call.query else "")
    connection.sock.settimeout(max(0.001, min(call.read, deadline - time.monotonic())))
    connection.request(call.method, path, call.body if call.method == "POST" else None, headers)
    response = connection.getresponse()
    body = b""
    while len(body) <= MAX_BODY and (piece := response.read1(MAX_BODY)):
        body += piece
        if time.monotonic() > deadline:
            raise TimeoutError("the answer took too long")
    return HTTPReply(response.status, response.getheaders(), body)


# ---- why there was no answer -------------------------------------------------------------------


def _failure(error: Exception, at: SplitResult) -> Failure:
    host = _host(at)
    match error:
        case ConnectionRefusedError():
            return Failure(
                11202, f"nothing listens at {host}: is the application running, and at this port?"
            )
        case socket.gaierror():
            return Failure(
                11210,
                f"no host is named {at.hostname}: is it spelled right? If the application here is"
                f" reached by this name, pass {PUBLIC}",
            )
        case ssl.SSLCertVerificationError():
            return Failure(
                CERTIFICATES.get(error.verify_code, 11237),
                f"the certificate of {host} isn't trusted ({error.verify_message.rstrip('.')});"
                f" for an application of your own, test http:// and pass {PUBLIC}",
            )
        case ssl.SSLError(reason="WRONG_VERSION_NUMBER" | "RECORD_LAYER_FAILURE"):
            return Failure(11220, f"{host} doesn't speak https: is its address http://{host}?")
        case ssl.SSLError():
            return Failure(11220, f"no secure connection to {host}: {error.reason or error}")
        case http.client.RemoteDisconnected() | ConnectionResetError():
            hint = "" if at.scheme == "https" else "; does it expect https://?"
            return Failure(11206, f"{host} closed the connection without an answer{hint}")
        case http.client.BadStatusLine():
            return Failure(11206, f"{host} doesn't answer with HTTP, but with {str(error)[:60]!r}")
        case http.client.HTTPException():
            return Failure(11206, f"the answer of {host} isn't valid HTTP: {error!r}")
        case OSError():
            return Failure(11205, f"no connection to {host}: {error.strerror or error}")
    return Failure(11100, str(error))  # an impossible host name, a path with spaces


def _address(parts: SplitResult) -> tuple[str, int]:
    return parts.hostname or "", parts.port or PORTS[parts.scheme]


def _host(parts: SplitResult) -> str:
    """The host and port, as in a URL."""
    host, port = _address(parts)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


__all__ = ["call_server", "unreachable"]
