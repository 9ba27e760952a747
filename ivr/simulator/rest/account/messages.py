"""REST: texts. (https://www.twilio.com/docs/messaging/api/message-resource)"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ivr.simulator.calls.messages import HOW_TO_SEND, MAX_CHARS, Media, Message
from ivr.simulator.network.routes import e164
from ivr.simulator.rest.account.calls import within
from ivr.simulator.rest.resource import (
    ApiError,
    Endpoint,
    Form,
    Json,
    Resources,
    Response,
    not_built,
    rfc2822,
)

# A short code, or "1-11 character string (A-Z, a-z, 0-9)" with at least one letter.
SENDER_ID = re.compile(r"\d{3,6}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")
MAX_MEDIA = 10  # "up to ten media_url parameters per message"


def create(api: Resources, form: Form, _path: tuple[str, ...]) -> Response:
    """POST /Messages: queued, and sent a little later."""
    receiver, sender, body = form.text("To"), form.text("From"), form.text("Body")
    media = form.several("MediaUrl")
    if not receiver:
        raise ApiError(400, 21604, "A 'To' phone number is required.")
    if not sender:
        raise ApiError(400, 21603, "A 'From' phone number is required.")
    if not (body or media):
        raise ApiError(400, 21602, "Message body is required.")
    if len(body) > MAX_CHARS:
        raise ApiError(400, 21617, f"The concatenated message body exceeds the {MAX_CHARS} limit.")
    if len(media) > MAX_MEDIA:
        raise ApiError(400, 21623, f"Number of media files exceeds the limit of {MAX_MEDIA}")
    for each in media:
        if not re.match(r"https?://[^/\s]", each):
            raise ApiError(400, 21620, f"Invalid media URL: {each}")
    to, caller = _parties(api, receiver, sender)
    url = form.url("StatusCallback")
    send = api.network.messages.send
    message = send(caller, to, body, "outbound-api", url, media=media)
    return 201, show(api, message)


def _parties(api: Resources, receiver: str, sender: str) -> tuple[str, str]:
    """To and From, checked and in E.164. (https://www.twilio.com/docs/api/errors/21606, /21266)"""
    for name, each in (("To", receiver), ("From", sender)):
        if re.match("[A-Za-z]+:", each):
            raise not_built(f"{name}={each}", "only texts between telephone numbers are simulated")
    if SENDER_ID.fullmatch(sender):
        raise not_built(f"From={sender}", "short codes and alphanumeric senders aren't simulated")
    to, caller = e164(receiver), e164(sender)
    if not to:
        raise ApiError(400, 21211, f"Invalid 'To' Phone Number: {receiver}")
    if not caller:
        raise ApiError(400, 21212, f"Invalid From Number (caller ID): {sender}")
    if to == caller:
        raise ApiError(400, 21266, f"'To' and 'From' number cannot be the same: {to}")
    if caller not in api.network.numbers:
        raise ApiError(
            400,
            21606,
            f"The 'From' phone number provided ({caller}) is not a valid message-capable Twilio"
            f" phone number for this destination/account. (In this simulator: {HOW_TO_SEND}.)",
        )
    return to, caller


def listing(api: Resources, form: Form, _path: tuple[str, ...]) -> Response:
    """GET /Messages, the newest first."""
    rows: Iterable[Message] = reversed(list(api.network.messages))
    for name, field in (("To", "receiver"), ("From", "sender")):
        if form.has(name):
            rows = [each for each in rows if getattr(each, field) == form.text(name)]
    rows = within(form, "DateSent", rows, lambda each: each.sent_at)
    return api.page(form, "/Messages", "messages", rows, lambda each: show(api, each))


def fetch(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    return 200, show(api, find(api, path[0]))


def update(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    """POST /Messages/{sid}: an empty Body redacts it, Status "canceled" cancels it."""
    message = find(api, path[0])
    if form.text("Status") not in ("", "canceled"):
        raise ApiError(400, 20001, "Status can only be set to canceled")
    if form.text("Body"):
        raise ApiError(400, 20001, "Body can only be set to an empty text")
    if form.has("Status"):
        api.network.messages.cancel(message)
    if form.given("Body"):
        message.body = ""
    return 200, show(api, message)


def delete(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    api.network.messages.delete(find(api, path[0]).sid)
    return 204, None


def media(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    """GET /Messages/{sid}/Media: its pictures."""
    message = find(api, path[0])
    rows = within(form, "DateCreated", message.media, lambda _: message.created_at)
    inner = f"/Messages/{message.sid}/Media"
    return api.page(form, inner, "media_list", rows, lambda each: show_media(api, message, each))


def fetch_media(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    message, each = _media(api, path)
    return 200, show_media(api, message, each)


def delete_media(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    message, each = _media(api, path)
    message.media = tuple(other for other in message.media if other is not each)
    return 204, None


def _media(api: Resources, path: tuple[str, ...]) -> tuple[Message, Media]:
    message = find(api, path[0])
    for each in message.media:
        if each.sid == path[1]:
            return message, each
    raise api.missing(api.uri(f"/Messages/{path[0]}/Media/{path[1]}"))


def show_media(api: Resources, message: Message, each: Media) -> Json:
    created = rfc2822(message.created_at)
    return {
        "sid": each.sid,
        "account_sid": api.network.account_sid,
        "parent_sid": message.sid,
        "content_type": each.content_type,
        "date_created": created,
        "date_updated": created,
        "uri": api.uri(f"/Messages/{message.sid}/Media/{each.sid}"),
    }


def find(api: Resources, sid: str) -> Message:
    message = api.network.messages.get(sid)
    if message is None:
        raise api.missing(api.uri(f"/Messages/{sid}"))
    return message


def show(api: Resources, message: Message) -> Json:
    uri = f"/Messages/{message.sid}"
    return {
        "sid": message.sid,
        "account_sid": api.network.account_sid,
        "api_version": "2010-04-01",
        "body": message.body,
        "date_created": rfc2822(message.created_at),
        "date_sent": rfc2822(message.sent_at),
        "date_updated": rfc2822(message.updated_at),
        "direction": message.direction,
        "error_code": message.error_code or None,
        "error_message": "Unreachable destination handset" if message.error_code else None,
        "from": message.sender,
        "messaging_service_sid": None,
        "num_media": str(len(message.media)),
        "num_segments": str(message.segments),
        "price": None,
        "price_unit": "USD",
        "status": message.status,
        "subresource_uris": api.below(uri, "media"),
        "to": message.receiver,
        "uri": api.uri(uri),
    }


ROUTES: tuple[Endpoint, ...] = (
    ("POST", "/Messages", create),
    ("GET", "/Messages", listing),
    ("GET", "/Messages/{sid}", fetch),
    ("POST", "/Messages/{sid}", update),
    ("DELETE", "/Messages/{sid}", delete),
    ("GET", "/Messages/{sid}/Media", media),
    ("GET", "/Messages/{sid}/Media/{media}", fetch_media),
    ("DELETE", "/Messages/{sid}/Media/{media}", delete_media),
)
