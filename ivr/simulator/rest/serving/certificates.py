"""Certificates made for the occasion: for Twilio's hosts, as this process answers for them.

The authority that signs them exists in this process only, and only programs that are told of it
trust it.
"""

from __future__ import annotations

import os
import re
import ssl
import warnings
from contextlib import suppress
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import trustme

DEFAULT_HOST = "api.twilio.com"  # for clients that don't say which host they want
CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----")
# Where a program may already have been told which authorities to trust.
BUNDLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")


class Certificates:
    """An authority, and a certificate for each host that is asked for."""

    def __init__(self) -> None:
        self._contexts: dict[str, ssl.SSLContext] = {}

    @cached_property
    def _authority(self) -> trustme.CA:
        import trustme  # on first use: most tests send no request to Twilio

        return trustme.CA(organization_name="ivr-simulator", organization_unit_name="test only")

    @property
    def authority(self) -> str:
        """What has to be trusted, in PEM."""
        return self._authority.cert_pem.bytes().decode("ascii")

    def bundle(self) -> str:
        """The authority and all that this machine trusts, in PEM."""
        return "\n".join([self.authority, *_trusted()])

    @cached_property
    def context(self) -> ssl.SSLContext:
        """For a server; the certificate follows from the host that the client names."""
        made = _context(self, DEFAULT_HOST)

        def named(connection: ssl.SSLObject, host: str | None, _: ssl.SSLContext) -> None:
            if host is not None and host != DEFAULT_HOST:
                connection.context = self._for(host)

        made.sni_callback = named
        return made

    def _for(self, host: str) -> ssl.SSLContext:
        if host not in self._contexts:
            self._contexts[host] = _context(self, host)
        return self._contexts[host]


def _context(certificates: Certificates, host: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    certificates._authority.issue_cert(host).configure_cert(context)
    return context


def _trusted() -> list[str]:
    """The bundles of authorities that this machine's programs trust."""
    found = [os.environ[name] for name in BUNDLES if os.environ.get(name)]
    found += [path for path in (ssl.get_default_verify_paths().cafile, _certifi()) if path]
    texts: dict[str, None] = {}
    for path in dict.fromkeys(found):
        if Path(path).is_file():
            texts[Path(path).read_text(encoding="utf-8", errors="replace")] = None
    return list(texts)


def _certifi() -> str:
    try:
        import certifi
    except ImportError:
        return ""
    return str(certifi.where())


@lru_cache(maxsize=1)
def java_store(bundle: str, password: str) -> bytes:
    """A `Certificates.bundle` in the form that Java reads (PKCS 12)."""
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
    from cryptography.hazmat.primitives.serialization.pkcs12 import (
        PKCS12Certificate,
        serialize_java_truststore,
    )
    from cryptography.x509 import Certificate, load_pem_x509_certificate

    found: dict[Certificate, None] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for text in CERTIFICATE.findall(bundle):
            with suppress(ValueError, UserWarning):  # one that is odd stays out
                found[load_pem_x509_certificate(text.encode())] = None
    kept = [PKCS12Certificate(each, str(number).encode()) for number, each in enumerate(found)]
    return serialize_java_truststore(kept, BestAvailableEncryption(password.encode()))
