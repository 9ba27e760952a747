"""A number of the account that is dialled by an application: two calls, end to end."""

from __future__ import annotations

from typing import Any

import pytest

from ivr.simulator import Exchange, Handset
from ivr.simulator.dialogues import exchange_for, play
from ivr.simulator.expectations.syntax import parse
from ivr.twiml.verbs import (
    Conference,
    Dial,
    Gather,
    Number,
    Parameter,
    Pause,
    Play,
    Record,
    Redirect,
    Reject,
    Say,
)
from ivr.twiml.verbs import Hangup as HangUp
from tests.kit.twiml_app import CALLEE, CALLER, LINE, App, network

SHOP = "+33800000002"  # another application's number, on the same network
TO_SHOP = Dial((Number(SHOP),), action="/over")
MENU = (Gather(action="/key", num_digits=1, verbs=(Say("Welcome to the shop. Press a key."),)),)
KEYED = (Say("Thank you."), Dial((Number(CALLEE),)))


def two_lines(
    first: Any = (TO_SHOP,), shop: Any = MENU, **pages: Any
) -> tuple[Exchange, App, App, Handset]:
    """A line, and a shop whose number it may dial; each has an application of its own."""
    exchange, app, caller = network({"/voice": first, "/over": (Say("Over."),), "/status": ()})
    other = App(
        {"/shop": shop, "/key": KEYED, "/status": ()} | {f"/{k}": v for k, v in pages.items()}
    )
    exchange.number(SHOP, other, "/shop", origin="https://shop.test", status_callback="/status")
    exchange.phone(CALLEE)
    return exchange, app, other, caller


# "<Dial>, Calls.create and Participants.create to a number of the account ring its voice URL as an
# inbound call of its own (own CallSid, Direction inbound)"
def test_the_number_that_is_dialled_is_asked_as_if_anybody_had_called() -> None:
    exchange, _, shop, caller = two_lines()
    caller.call(LINE)

    (asked,) = shop.asked("/shop")
    assert (asked["Direction"], asked["CallStatus"]) == ("inbound", "ringing")
    assert (asked["From"], asked["To"]) == (CALLER, SHOP)
    assert "ParentCallSid" not in asked
    placed = exchange.client.calls.list(to=SHOP, parent_call_sid=caller.calls[0].sid)[0]
    assert placed.direction == "outbound-dial"
    assert placed.sid != asked["CallSid"]
    assert {each.direction for each in exchange.client.calls.list(to=SHOP)} == {
        "inbound",
        "outbound-dial",
    }


def test_the_caller_hears_the_other_application_and_is_heard_by_it() -> None:
    exchange, _, shop, caller = two_lines(
        shop=(
            Gather(
                action="/key",
                input="speech",
                speech_timeout="auto",
                verbs=(Say("What do you need?"),),
            ),
        )
    )
    caller.call(LINE)
    assert caller.last_heard == "What do you need?"
    assert caller.audible
    exchange.wait(3)
    caller.say("A lamp")
    exchange.wait(0)

    assert shop.asked("/key")[0]["SpeechResult"] == "A lamp"
    assert caller.last_heard == "Thank you."


def test_keys_reach_the_menu_of_the_other_application() -> None:
    exchange, _, shop, caller = two_lines()
    caller.call(LINE)
    assert caller.listening
    exchange.wait(2)
    caller.press("4")

    assert shop.asked("/key")[0]["Digits"] == "4"


def test_two_people_talk_through_two_applications_and_either_ends_it() -> None:
    exchange, app, shop, caller = two_lines()
    callee = exchange.phone(CALLEE)
    caller.call(LINE)
    caller.press("4")
    exchange.wait(2)
    callee.answer()

    assert caller.connected_to == {callee}
    assert callee.connected_to == {caller}
    caller.say("Do you have lamps?")
    callee.say("We do.")
    assert [each.text for each in callee.heard][-1] == "Do you have lamps?"
    assert [each.text for each in caller.heard][-1] == "We do."

    exchange.wait(20)
    callee.hang_up()  # the shop's document ends, and with it both calls
    assert caller.last_heard == "Over."
    (over,) = app.asked("/over")
    assert over["DialCallStatus"] == "completed"
    assert over["DialCallDuration"] == shop.asked("/status")[0]["CallDuration"]
    assert exchange.debugger == []


def test_the_caller_hangs_up_on_both() -> None:
    exchange, _, shop, caller = two_lines()
    callee = exchange.phone(CALLEE)
    caller.call(LINE)
    caller.press("4")
    exchange.wait(2)
    callee.answer()
    exchange.wait(5)
    caller.hang_up()
    exchange.wait(0)

    assert callee.leg is None
    assert shop.asked("/status")[0]["CallStatus"] == "completed"
    assert all(leg.ended for leg in exchange.legs.values())
    exchange.strict()


def test_hanging_up_while_it_rings_leaves_the_other_call_unanswered() -> None:
    exchange, _, shop, caller = two_lines(shop=(Pause(20), Say("Hello")))
    caller.call(LINE)
    exchange.wait(5)
    assert caller.connected_to == set()
    caller.hang_up()
    exchange.wait(0)

    assert shop.asked("/status")[0]["CallStatus"] == "no-answer"


# "first to answer wins"; a leading <Pause> delays picking up, <Reject> never does
@pytest.mark.parametrize(
    ("shop", "status"),
    [
        ((Reject("busy"),), "busy"),
        ((Reject(),), "no-answer"),
        ((Pause(300),), "no-answer"),
        ((HangUp(),), "completed"),
        ((), "no-answer"),
    ],
)
def test_the_dial_learns_how_the_other_number_took_it(shop: Any, status: str) -> None:
    exchange, app, _, caller = two_lines(shop=shop)
    caller.call(LINE)
    exchange.wait(60)

    (over,) = app.asked("/over")
    assert over["DialCallStatus"] == status
    assert over["DialBridged"] == ("true" if status == "completed" else "false")
    assert all(leg.because for leg in exchange.legs.values() if leg.ended)


def test_the_dialled_number_reports_its_progress_on_both_sides() -> None:
    every = "initiated ringing answered completed"
    noun = Number(SHOP, status_callback="/status", status_callback_event=every)
    _, app, shop, caller = two_lines(first=(Dial((noun,)),))
    caller.call(LINE)
    caller.hang_up()

    told = [each["CallStatus"] for each in app.asked("/status")]
    assert told == ["initiated", "ringing", "in-progress", "completed"]
    assert [each["CallStatus"] for each in shop.asked("/status")] == ["completed"]


def test_both_sides_can_record() -> None:
    first = (Dial((Number(SHOP),), action="/over", record="record-from-answer"),)
    exchange, app, shop, caller = two_lines(
        first=first, shop=(Say("Leave a message."), Record(action="/key", play_beep=False))
    )
    caller.call(LINE)
    exchange.wait(4)
    caller.say("Please call me back about the lamp")
    exchange.wait(10)

    assert shop.asked("/key")[0]["RecordingUrl"]
    caller.hang_up()
    assert int(app.asked("/over")[0]["RecordingDuration"]) >= 10
    assert {each.source for each in exchange.client.recordings.list()} == {"RecordVerb", "DialVerb"}


# "sendDigits after answer, before bridge": how one application gets through another's menu
def test_tones_are_keys_at_the_other_end() -> None:
    _, _, shop, caller = two_lines(first=(Dial((Number(SHOP, send_digits="ww7"),)),))
    caller.call(LINE)
    caller.network.wait(5)

    assert shop.asked("/key")[0]["Digits"] == "7"


ASKS = "<Response><Say>Are you open?</Say><Pause length='9'/></Response>"


def test_a_call_made_by_rest_talks_to_the_application_that_answers() -> None:
    exchange, _, shop, _ = two_lines(
        shop=(Gather(action="/key", input="speech", timeout=3, verbs=(Say("Yes?"),)),)
    )
    made = exchange.client.calls.create(
        to=SHOP,
        from_=LINE,
        twiml=ASKS,
    )
    exchange.wait(5)

    assert shop.asked("/shop")[0]["From"] == LINE
    assert shop.asked("/key")[0]["SpeechResult"] == "Are you open?"
    exchange.wait(20)
    assert exchange.client.calls(made.sid).fetch().status == "completed"


def test_a_participant_of_a_conference_may_be_another_number() -> None:
    exchange, _, shop, caller = two_lines(first=(Dial((Conference("Room"),)),))
    caller.call(LINE)
    exchange.client.conferences("Room").participants.create(from_=LINE, to=SHOP)
    exchange.wait(1)
    assert caller.last_heard == "Welcome to the shop. Press a key."

    caller.press("4")

    assert shop.asked("/key")[0]["Digits"] == "4"


# "The same seed and the same actions give the same bytes."
def test_people_in_a_conference_answer_another_number_in_the_same_order_every_time() -> None:
    shop = (Gather(action="/key", num_digits=8, verbs=(Say("Press a key each."),)),)
    exchange, _, other, _ = two_lines(shop=shop)
    people = [exchange.phone(f"+3360000001{key}") for key in range(8)]
    participants = exchange.client.conferences("Room").participants
    for key, phone in enumerate(people):
        phone.will("answer", press=str(key))
        participants.create(from_=LINE, to=phone.number)
    exchange.wait(1)
    participants.create(from_=LINE, to=SHOP)
    exchange.wait(10)

    by_call = sorted(range(8), key=lambda key: people[key].calls[0].sid)
    assert other.asked("/key")[0]["Digits"] == "".join(map(str, by_call))


def test_scripted_people_speak_through_two_applications() -> None:
    exchange, _, _, caller = two_lines(
        first=(Dial((Number(SHOP),)),), shop=(Dial((Number(CALLEE),)),)
    )
    exchange.phone(CALLEE).will("answer", say="Hello there")
    caller.call(LINE)
    exchange.wait(5)

    assert [each.text for each in caller.heard][-1] == "Hello there"


def test_a_dialogue_follows_a_call_through_two_applications() -> None:
    text = f"""
from {CALLER} to {LINE}
phone clerk {CALLEE}
> call
< Welcome to the shop. Press a key.
> press 4
< Thank you.
clerk < (rings)
clerk > answer
< (connected to clerk)
> say "A lamp, please"
clerk > hang up
< Over.
"""
    dialogue = parse(text, "two.call")
    exchange = exchange_for(dialogue)
    exchange.number(LINE, App({"/voice": (TO_SHOP,), "/over": (Say("Over."),)}), "/voice")
    shop = App({"/shop": MENU, "/key": KEYED})
    exchange.number(SHOP, shop, "/shop", origin="https://shop.test")

    play(dialogue, exchange)

    assert [each.text for each in exchange.phone(CALLEE).heard] == ["A lamp, please"]


def test_a_number_may_lead_on_to_a_third() -> None:
    exchange, _, _, caller = two_lines(shop=(Dial((Number("+33800000003"),)),))
    third = App({"/": (Say("You are third."), Gather(timeout=60))})
    exchange.number("+33800000003", third, origin="https://third.test")
    caller.call(LINE)

    assert caller.last_heard == "You are third."
    caller.hang_up()
    assert all(leg.ended for leg in exchange.legs.values())


# ---- loops -------------------------------------------------------------------------------------


def test_a_number_that_dials_itself_ends_with_a_reason() -> None:
    exchange, app, caller = network(
        {"/voice": (Dial((Number(LINE),), action="/over"),), "/over": ()}
    )
    caller.call(LINE)
    exchange.wait(60)

    (notice,) = exchange.debugger
    assert (notice.level, notice.code) == ("error", 0)
    assert f"{LINE} may be calling itself" in notice.text
    assert caller.leg is None
    assert all(leg.ended for leg in exchange.legs.values())
    assert "failed" in {each["DialCallStatus"] for each in app.asked("/over")}


def test_numbers_that_call_each_other_by_rest_end_with_a_reason() -> None:
    exchange, _, _ = network({})
    clients = exchange.client.calls

    def calls_again(_params: dict[str, str]) -> Any:
        clients.create(to=LINE, from_=LINE, twiml="<Response/>")
        return (HangUp(),)

    exchange.in_process["https://line.test"].pages["/voice"] = calls_again  # type: ignore[attr-defined]
    exchange.phone(CALLER).call(LINE)
    exchange.wait(10)

    assert "may be calling itself" in exchange.debugger[-1].text


def test_calls_between_the_same_two_rooms_do_not_echo_for_ever() -> None:
    exchange, _, _, caller = two_lines(
        first=(Dial((Conference("Here"),)),), shop=(Dial((Conference("There"),)),)
    )
    caller.call(LINE)
    menu = "+33800000003"
    exchange.number(menu, App({"/": MENU}), origin="https://menu.test")
    for number in (SHOP, SHOP, SHOP, menu):
        exchange.client.conferences("Here").participants.create(from_=LINE, to=number)
    exchange.wait(2)
    assert caller.connected_to == set()
    assert caller.listening

    caller.say("Is anybody there?")
    caller.press("*")

    assert [each.text for each in caller.heard].count("Is anybody there?") < 10


# ---- a TwiML application as what is called -----------------------------------------------------


# docs/voice/twiml/dial/application
APP_SAYS = (Gather(action="/key", num_digits=1, verbs=(Say("Billing."),)),)


def billing(first: str, **pages: Any) -> tuple[Exchange, App, Handset, str]:
    """A line that dials a TwiML application; ``first`` has AP in place of its SID."""
    exchange, app, caller = network(
        {"/billing": APP_SAYS, "/over": (Say("Over."),), "/status": ()}
        | {f"/{name}": page for name, page in pages.items()}
    )
    made = exchange.client.applications.create(
        friendly_name="Billing", voice_url="https://line.test/billing"
    )
    app.pages["/voice"] = f"<Response>{first.replace('APP', made.sid)}</Response>"
    return exchange, app, caller, made.sid


def test_an_application_is_dialled_without_losing_the_caller() -> None:
    _, app, caller, sid = billing(
        "<Dial action='/over'><Application><ApplicationSid>APP</ApplicationSid>"
        "<Parameter name='Ticket' value='9876'/></Application></Dial>"
    )
    caller.call(LINE)

    (asked,) = app.asked("/billing")
    assert (asked["From"], asked["To"], asked["Direction"]) == (CALLER, sid, "inbound")
    assert asked["Param_Ticket"] == "9876"
    assert asked["CustomerId"] == asked["AccountSid"]
    assert caller.last_heard == "Billing."


# "copyParentTo: uses the parent call's To parameter"; "customerId: any string up to 256 characters"
def test_the_application_may_see_the_number_that_was_called_and_a_customer() -> None:
    exchange, app, caller, _ = billing(
        "<Dial><Application copyParentTo='true' customerId='acme'>APP</Application></Dial>"
    )
    caller.call(LINE)

    (asked,) = app.asked("/billing")
    assert (asked["To"], asked["CustomerId"]) == (LINE, "acme")
    assert exchange.debugger == []


# docs/voice/twiml/dial/application/usage: <Hangup> and <Reject> with <Parameter>: ReturnParam_…
@pytest.mark.parametrize(
    ("end", "status"),
    [
        (HangUp((Parameter("Outcome", "paid"),)), "completed"),
        (Reject("busy", (Parameter("Outcome", "paid"),)), "busy"),
    ],
)
def test_the_application_gives_something_back(end: Any, status: str) -> None:
    _, app, caller, _ = billing(
        "<Dial action='/over'><Application>APP</Application></Dial>", billing=(end,)
    )
    caller.call(LINE)

    (over,) = app.asked("/over")
    assert (over["DialCallStatus"], over["ReturnParam_Outcome"]) == (status, "paid")


def test_an_application_that_does_not_exist_is_a_failure_with_a_reason() -> None:
    exchange, app, caller, _ = billing("<Dial action='/over'><Application>AP0</Application></Dial>")
    caller.call(LINE)

    assert app.asked("/over")[0]["DialCallStatus"] == "failed"
    assert "AP0 isn't a TwiML application" in exchange.debugger[0].text


# "Participants.create and Calls.create accept app:AP… (with parameters)"
def test_an_application_is_called_by_rest_with_parameters() -> None:
    exchange, app, _, sid = billing("<Say>Hello</Say>")

    exchange.client.calls.create(
        to=f"app:{sid}?case=C1&note=a+b", from_=LINE, twiml="<Response><Pause/></Response>"
    )
    exchange.wait(0)

    (asked,) = app.asked("/billing")
    assert (asked["case"], asked["note"], asked["ApplicationSid"]) == ("C1", "a b", sid)


# ---- a SIM card --------------------------------------------------------------------------------


def test_a_telephone_is_dialled_by_its_sim_card() -> None:
    exchange, app, caller = network(
        {"/voice": "<Response><Dial action='/over'><Sim>DE12</Sim></Dial></Response>", "/over": ()}
    )
    sim = exchange.phone("sim:DE12")
    caller.call(LINE)
    sim.answer()
    assert caller.connected_to == {sim}
    sim.hang_up()

    assert app.asked("/over")[0]["DialCallStatus"] == "completed"
    sim.call(LINE)
    assert app.asked("/voice")[-1]["From"] == "sim:DE12"


def test_redirecting_the_incoming_side_goes_on_with_the_same_caller() -> None:
    exchange, _, shop, caller = two_lines(other=(Say("Elsewhere."), Redirect("/shop")))
    caller.call(LINE)
    sid = shop.asked("/shop")[0]["CallSid"]
    exchange.wait(1)

    exchange.client.calls(sid).update(url="https://shop.test/other")
    exchange.wait(0.1)

    assert caller.last_heard == "Elsewhere."


def test_files_are_heard_at_the_other_end() -> None:
    _, _, _, caller = two_lines(shop=(Play("https://elsewhere.test/ring.mp3"), Pause(9)))
    caller.call(LINE)

    assert ("play", "https://elsewhere.test/ring.mp3") in [(e.kind, e.text) for e in caller.heard]
