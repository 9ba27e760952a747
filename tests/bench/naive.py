"""The naive line: a machine for each request, an ORM, and Twilio's own classes."""

from __future__ import annotations

import os
from typing import Any

from flask import Flask, Response, request
from sqlalchemy import create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from transitions import Machine
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import Gather, VoiceResponse

from tests.bench.traffic import ORIGIN, TOKEN, VOICE

STATES = [
    "arrival", "language", "menu", "case", "which", "read_back", "search", "wish", "hold", "after",
]  # fmt: skip


class Base(DeclarativeBase):
    pass


class Call(Base):
    __tablename__ = "calls"
    sid: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    turn: Mapped[int]


class Heard(Base):
    __tablename__ = "heard"
    id: Mapped[int] = mapped_column(primary_key=True)
    call: Mapped[str]
    digits: Mapped[str]


class Talk:
    state = ""


def naive() -> Flask:
    """One row a call and one a key, durable as the line's are."""
    engine = create_engine(os.environ["BENCH_DATABASE"])
    event.listen(engine, "connect", _normal)
    Base.metadata.create_all(engine)
    app, validator = Flask("naive"), RequestValidator(TOKEN)

    @app.post(VOICE)
    def voice() -> Response:
        url = ORIGIN + request.full_path.rstrip("?")
        if not validator.validate(url, request.form, request.headers["X-Twilio-Signature"]):
            return Response("", 403)
        digits = request.form.get("Digits", "")
        with Session(engine) as session, session.begin():
            call = session.get(Call, request.form["CallSid"])
            if call is None:
                call = Call(sid=request.form["CallSid"], state="arrival", turn=0)
                session.add(call)
            talk: Any = Talk()
            machine = Machine(talk, STATES, initial=call.state)
            machine.add_transition("begin", "arrival", "language")
            machine.add_transition("press_1", "language", "menu")
            machine.add_transition("press_star", "menu", "language")
            machine.add_transition("hang_up", "*", "after")
            talk.trigger({"1": "press_1", "*": "press_star"}.get(digits, "begin"))
            call.state, call.turn = talk.state, call.turn + 1
            session.add(Heard(call=call.sid, digits=digits))
            menu = Gather(num_digits=1, action=f"{VOICE}?turn={call.turn}", timeout=7)
            menu.say(f"This is {call.state}. For English, press 1.")
        answer = VoiceResponse()
        answer.append(menu)
        answer.redirect(f"{VOICE}?turn=1")
        return Response(str(answer), mimetype="text/xml")

    return app


def _normal(connection: Any, _record: object) -> None:
    """The line's own settings, so that the comparison is of what is written, not of the disk."""
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
