"""What a request's body says: a form, urlencoded or in parts, at once or in chunks."""

from __future__ import annotations

from email.message import Message
from io import BufferedIOBase
from urllib.parse import parse_qs

from ivr.simulator.rest.resource import ApiError, not_built

LONGEST_LENGTH = 12  # digits of a length that anything has
LONGEST_LINE = 1024  # of a chunk's length, or of a trailer
MAX_FORM = 1024 * 1024
FORMS = ("", "application/x-www-form-urlencoded", "text/plain")


def read(file: BufferedIOBase, headers: Message, most: int = MAX_FORM) -> bytes:
    """The body of a request. Raises `ApiError` 400 or 413; then what follows can't be read."""
    if headers.get("Transfer-Encoding", "").lower() == "chunked":
        return _chunks(file, most)
    written = headers.get("Content-Length") or "0"
    if not (written.isascii() and written.isdecimal()):
        raise ApiError(400, 20001, "Content-Length isn't a number")
    length = most + 1 if len(written) > LONGEST_LENGTH else int(written)
    if length > most:
        raise ApiError(413, 20001, f"The form is longer than {most} bytes")
    return file.read(length)


def _chunks(file: BufferedIOBase, most: int) -> bytes:
    body = b""
    while True:
        line = file.readline(LONGEST_LINE)
        try:
            length = int(line.partition(b";")[0], 16)
        except ValueError:
            raise ApiError(400, 20001, "A chunk's length isn't a number") from None
        if not 0 <= length <= most - len(body):
            raise ApiError(413, 20001, f"The form is longer than {most} bytes")
        if length == 0:
            while file.readline(LONGEST_LINE).strip():  # trailers
                pass
            return body
        body += file.read(length)
        file.readline(LONGEST_LINE)


def form(body: bytes, headers: Message) -> dict[str, list[str]]:
    """The values of a form. Raises `ApiError` for a body that is something else."""
    kind = headers.get_content_type() if headers.get("Content-Type") else ""
    if kind == "multipart/form-data":
        return _parts(body, headers)
    if body and kind not in FORMS:
        raise not_built(f"a body of {kind}", "this simulator takes forms only")
    return parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)


def _parts(body: bytes, headers: Message) -> dict[str, list[str]]:
    """https://www.rfc-editor.org/rfc/rfc7578"""
    from email.parser import BytesParser  # on first use: Twilio's own libraries send none
    from email.policy import HTTP

    head = f"Content-Type: {headers['Content-Type']}\r\n\r\n".encode("latin-1")
    values: dict[str, list[str]] = {}
    for part in BytesParser(policy=HTTP).parsebytes(head + body).walk():
        name = part.get_param("name", header="content-disposition")
        if isinstance(name, str) and not part.is_multipart():
            content = part.get_payload(decode=True)
            text = content.decode("utf-8", "replace") if isinstance(content, bytes) else ""
            values.setdefault(name, []).append(text)
    return values
