"""A request that the network made to an application, as a test looks at it."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import parse_qsl, urlsplit


class Webhook:
    """One attempt of a request, as it stands in ``exchange.requests``.

    ``at`` is when it was made; ``params`` are those of the form or, with GET, of the query.
    ``status`` is the HTTP status, 0 when nothing came back; then ``error`` says why. ``call_sid``
    is "" for a request that belongs to no call. ``token`` is the I-Twilio-Idempotency-Token.
    """

    __slots__ = (
        "_form",
        "at",
        "body",
        "call_sid",
        "error",
        "method",
        "signature",
        "status",
        "token",
        "url",
    )

    def __init__(
        self,
        at: datetime,
        url: str,
        method: str,
        form: str,
        call_sid: str,
        token: str,
        signature: str,
    ) -> None:
        self.at = at
        self.url = url
        self.method = method
        self._form = form
        self.call_sid = call_sid
        self.token = token
        self.signature = signature
        self.status = 0
        self.body = ""
        self.error = ""

    @property
    def params(self) -> dict[str, str]:
        """The parameters by name, decoded."""
        form = self._form if self.method == "POST" else urlsplit(self.url).query
        return dict(parse_qsl(form, keep_blank_values=True))

    def __repr__(self) -> str:
        return f"<Webhook {self.method} {self.url} {self.status} {self.call_sid}>"
