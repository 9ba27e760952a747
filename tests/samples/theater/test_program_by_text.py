"""What the application sends by REST arrives at the telephone."""

from ivr.simulator import Exchange


def test_the_program_is_sent_by_text(exchange: Exchange) -> None:
    caller = exchange.phone("+12125550173")
    caller.call("+14155550170")
    caller.press("1")
    caller.hears("Box office. … It is on its way.")
    exchange.wait(10)

    assert [message.body for message in caller.messages] == [
        "Tonight: Hamlet. Doors open at seven, NEW YORK."
    ]
