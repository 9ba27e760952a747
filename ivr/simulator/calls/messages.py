"""Texts: those that an application sends, and those that a telephone sends to an application.

https://www.twilio.com/docs/messaging/api/message-resource, /docs/messaging/twiml, and
https://www.twilio.com/docs/messaging/guides/webhook-request
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from mimetypes import guess_type
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from ivr.errors import TwiMLError
from ivr.simulator.interpreter.interpreter import resolve
from ivr.simulator.network.network import Network
from ivr.simulator.network.numbers import Addresses
from ivr.simulator.network.routes import e164
from ivr.simulator.webhooks.answers import content_type
from ivr.simulator.webhooks.delivery import Delivery, Jar
from ivr.simulator.webhooks.documents import TWIML_TYPES, check
from ivr.twiml.reading import Node, tree

SENDING = 1.0  # seconds until a text is sent
DELIVERING = 2.0  # and seconds from then until it is delivered
UNREACHABLE = 30003  # https://www.twilio.com/docs/api/errors/30003
HOW_TO_SEND = "exchange.number() makes it one; a verified number can't send texts"
MAX_CHARS = 1600  # characters; https://www.twilio.com/docs/api/errors/21617
SEGMENT = 160
SCHEMA = 12200
MAX_REDIRECTS = 10  # our limit: documents in a row for one text
DELIVERED = frozenset({"delivered", "received"})
REPORTED = frozenset({"sent", "delivered", "undelivered"})


class Media(NamedTuple):
    """A picture, or something else, that comes with a text. Its ``content_type`` is that of its
    name, since nothing is fetched."""

    sid: str
    url: str

    @property
    def content_type(self) -> str:
        return guess_type(urlsplit(self.url).path)[0] or "application/octet-stream"


@dataclass(slots=True)
class Message:
    """A text.

    ``status``: queued, sent, then delivered or undelivered; canceled; received for one from a
    telephone. ``direction``: inbound, outbound-api, outbound-reply or, from a call's <Sms>,
    outbound-call.
    """

    sid: str
    sender: str
    receiver: str
    body: str
    direction: str
    status: str
    created_at: datetime
    updated_at: datetime
    sent_at: datetime | None = None
    error_code: int = 0
    callback: str = ""
    method: str = "POST"
    media: tuple[Media, ...] = ()  # pictures and the like

    @property
    def segments(self) -> int:
        return max(1, -(-len(self.body) // SEGMENT))


class Recipient(Protocol):
    """What a text asks of a telephone."""

    messages: list[Message]  # those that have been delivered

    @property
    def reachable(self) -> bool:
        """Whether texts are delivered here."""


class Messages:
    """All texts of a network, by SID."""

    def __init__(self, network: Network, phones: Mapping[str, Recipient]) -> None:
        self._network = network
        self._phones = phones
        self._kept: dict[str, Message] = {}
        self._jars: dict[tuple[str, str], Jar] = {}

    def __iter__(self) -> Iterator[Message]:
        return iter(list(self._kept.values()))

    def get(self, sid: str) -> Message | None:
        return self._kept.get(sid)

    def delete(self, sid: str) -> None:
        del self._kept[sid]

    # ---- to a telephone

    def send(
        self,
        sender: str,
        receiver: str,
        body: str,
        direction: str,
        callback: str = "",
        method: str = "POST",
        media: Sequence[str] = (),
    ) -> Message:
        """Queue a text; the telephone, if there is one, gets it a little later. ``media`` are the
        URLs of what comes with it."""
        message = self._new(sender, receiver, body, direction, "queued", media)
        message.callback, message.method = callback, method
        self._network.clock.after(SENDING, self._go, message, "sent")
        return message

    def flaw(self, sender: str, receiver: str, body: str, media: object) -> tuple[int, str] | None:
        """Why a document's text isn't sent, with Twilio's number; None if it is.
        (https://www.twilio.com/docs/api/errors/14101, /14102, /14103)"""
        if not e164(receiver).startswith("+"):
            return 14101, f'to="{receiver}" isn\'t a telephone number'
        if e164(sender) not in self._network.numbers:
            return 14102, f'from="{sender}" isn\'t a number of the account: {HOW_TO_SEND}'
        if not (body or media):
            return 14103, "it has neither words nor media"
        if len(body) > MAX_CHARS:
            return 14103, f"it has more than {MAX_CHARS} characters"
        return None

    def cancel(self, message: Message) -> None:
        """Cancel a text that is still queued."""
        if message.status == "queued":
            self._set_status(message, "canceled")

    def _go(self, message: Message, status: str) -> None:
        if message.status == "canceled":
            return
        self._set_status(message, status)
        if status == "sent":
            message.sent_at = message.updated_at
            self._network.clock.after(DELIVERING, self._arrive, message)

    def _arrive(self, message: Message) -> None:
        phone = self._phones.get(message.receiver)
        if phone is not None and phone.reachable:
            phone.messages.append(message)
            self._go(message, "delivered")
        elif message.receiver in self._network.numbers:  # from one application to another
            self._go(message, "delivered")
            media = [each.url for each in message.media]
            self.receive(message.sender, message.receiver, message.body, media)
        else:
            level, why = "notice", f"{message.receiver} can't be reached"
            if phone is None:
                make = f'make it with exchange.phone("{message.receiver}")'
                level, why = "error", f"no phone has the number {message.receiver}: {make}"
            self._network.note(level, UNREACHABLE, f"a text isn't delivered: {why}")
            message.error_code = UNREACHABLE
            self._go(message, "undelivered")

    def _set_status(self, message: Message, status: str) -> None:
        message.status = status
        message.updated_at = self._network.clock.now()
        if message.callback and status in REPORTED:
            values = self._fields(message)
            values["MessageStatus"] = values["SmsStatus"] = status
            if message.error_code:
                values["ErrorCode"] = str(message.error_code)
            delivery = Delivery(self._network, message.callback, message.method, values)
            self._network.clock.soon(delivery.tell)

    # ---- from a telephone

    def receive(self, sender: str, receiver: str, body: str, media: Sequence[str] = ()) -> Message:
        """A telephone sends a text to a number: its application is called, and may reply."""
        message = self._new(sender, receiver, body, "inbound", "received", media)
        number = self._network.numbers.get(receiver)
        if number is not None:
            answers = self._network.applications.get(number.sms_application, number)
            fetch = _Conversation(
                self._network, self, message, answers, self._jar(sender, receiver)
            )
            if answers.sms_url:
                self._network.clock.soon(fetch.get, answers.sms_url, answers.sms_method)
        return message

    def _jar(self, sender: str, receiver: str) -> Jar:
        """The cookies of a pair of numbers: Twilio keeps them for each From and To."""
        return self._jars.setdefault((sender, receiver), Jar())

    # ---- both

    def _new(
        self,
        sender: str,
        receiver: str,
        body: str,
        direction: str,
        status: str,
        media: Sequence[str],
    ) -> Message:
        now, seed = self._network.clock.now(), self._network.seed
        sid = seed.sid("MM" if media else "SM")
        message = Message(sid, sender, receiver, body, direction, status, now, now)
        message.media = tuple(Media(seed.sid("ME"), url) for url in media)
        self._kept[sid] = message
        return message

    def _fields(self, message: Message) -> dict[str, str]:
        return {
            "AccountSid": self._network.account_sid,
            "ApiVersion": "2010-04-01",
            "From": message.sender,
            "MessageSid": message.sid,
            "SmsSid": message.sid,
            "To": message.receiver,
        }

    def incoming_fields(self, message: Message) -> dict[str, str]:
        """The parameters of the request for a text that an application has received."""
        places = {f"{who}{what}": "" for who in ("From", "To") for what in _PLACES}
        return (
            self._fields(message)
            | places
            | self._network.places.of_text(message.sender, message.receiver)
            | {
                "Body": message.body,
                "NumMedia": str(len(message.media)),
                "NumSegments": str(message.segments),
                "SmsMessageSid": message.sid,
                "SmsStatus": message.status,
            }
            | {f"MediaUrl{n}": each.url for n, each in enumerate(message.media)}
            | {f"MediaContentType{n}": each.content_type for n, each in enumerate(message.media)}
        )


_PLACES = ("City", "Country", "State", "Zip")


class MessageReply(NamedTuple):
    """A <Message> in an answer; "" stands for the default."""

    body: str
    to: str = ""
    sender: str = ""
    callback: str = ""
    action: str = ""
    method: str = "POST"
    media: tuple[str, ...] = ()


class _Conversation:
    """An application's answer to a text: its replies, and the document to go on with."""

    def __init__(
        self,
        network: Network,
        messages: Messages,
        message: Message,
        answers: Addresses,
        jar: Jar,
    ) -> None:
        self.network = network
        self.messages = messages
        self.message = message
        self.answers = answers
        self.jar = jar
        self.hops = 0
        self.fallback = False

    def get(self, url: str, method: str, **extra: str) -> None:
        self.hops += 1
        if self.hops > MAX_REDIRECTS:
            text = f"simulator limit: {MAX_REDIRECTS} documents for one text"
            self.network.note("error", 0, text, url, self.message.sid)
            return
        values = self.messages.incoming_fields(self.message) | extra
        delivery = Delivery(self.network, url, method, values, self.message.sid, self.jar)
        if delivery.start(self._arrived, patience=True):
            self._arrived(delivery)

    def _arrived(self, delivery: Delivery) -> None:
        network, sid = self.network, self.message.sid
        try:
            replies, go_on = self._read(delivery)
        except TwiMLError as error:
            network.note("error", error.code, error.message, delivery.url, sid)
            if self.answers.sms_fallback and not self.fallback:
                self.fallback = True
                code, url = str(error.code), delivery.url
                self.get(
                    self.answers.sms_fallback,
                    self.answers.sms_fallback_method,
                    ErrorCode=code,
                    ErrorUrl=url,
                )
            return
        for reply in replies:
            self._send(reply, delivery.url)
        if go_on:
            self.get(resolve(delivery.url, go_on[0]), go_on[1])

    def _send(self, reply: MessageReply, base: str) -> None:
        callback = resolve(base, reply.callback) if reply.callback else ""
        sender, to = reply.sender or self.message.receiver, reply.to or self.message.sender
        flaw = self.messages.flaw(sender, to, reply.body, reply.media)
        if flaw is not None:
            code, why = flaw
            text = f"<Message> isn't sent: {why}"
            self.network.note("warning", code, text, base, self.message.sid)
            return
        sent = self.messages.send(
            e164(sender),
            e164(to),
            reply.body,
            "outbound-reply",
            callback,
            media=[resolve(base, each) for each in reply.media],
        )
        if reply.action:  # "Twilio makes a request to this URL … with MessageSid, MessageStatus"
            fields = {"MessageSid": sent.sid, "SmsSid": sent.sid, "MessageStatus": sent.status}
            self.get(resolve(base, reply.action), reply.method, **fields)

    def _read(self, delivery: Delivery) -> tuple[list[MessageReply], tuple[str, str] | None]:
        """The replies in an answer, and its <Redirect> as (URL, method). Raises `TwiMLError`."""
        assert delivery.reply is not None
        reply = delivery.reply
        check(reply)
        content, encoding = content_type(reply)
        text = reply.body.decode(encoding or "utf-8", "replace").strip()
        if content == "text/plain":  # "the content is sent as a message"
            return ([MessageReply(text)] if text else []), None
        if not text:
            return [], None
        if content not in TWIML_TYPES:
            raise TwiMLError(12300, f"Content-Type {content} is neither TwiML nor text")
        root = tree(reply.body, encoding)
        if root.tag != "Response":
            raise TwiMLError(12102, f"the root element is <{root.tag}>, not <Response>")
        replies: list[MessageReply] = []
        for node in root.children:
            if node.tag in ("Message", "Sms"):
                replies.append(self._message(node, delivery.url))
            elif node.tag == "Redirect":
                method = node.attributes.get("method", "POST").upper()
                return replies, ("".join(node.text).strip(), method)
            else:
                self._flaw(node, delivery.url)
        return replies, None

    def _message(self, node: Node, url: str) -> MessageReply:
        body = "".join(node.text).strip()
        media: list[str] = []
        for child in node.children:
            if child.tag == "Body":
                body = "".join(child.text).strip()
            elif child.tag == "Media":
                media.append("".join(child.text).strip())
            else:
                self._flaw(child, url)
        given = node.attributes
        return MessageReply(
            body,
            given.get("to", ""),
            given.get("from", ""),
            given.get("statusCallback", ""),
            given.get("action", ""),
            given.get("method", "POST").upper(),
            tuple(media),
        )

    def _flaw(self, node: Node, url: str) -> None:
        text = f"<{node.tag}> is ignored in an answer to a text (line {node.line})"
        self.network.note("warning", SCHEMA, text, url, self.message.sid)
