"""REST: numbers that can be bought, made up from the network's seed and each country's plan.

https://www.twilio.com/docs/phone-numbers/api/availablephonenumberlocal-resource
"""

from __future__ import annotations

import re
from itertools import islice

from ivr.simulator.network import numbering
from ivr.simulator.rest.resource import (
    ApiError,
    Endpoint,
    Form,
    Json,
    Resources,
    Response,
    not_built,
)

MOST = 30
OTHERS = ("MachineToMachine", "National", "SharedCost", "Voip")
# "between 2 and 16 characters long": digits, letters and the meta-characters * % + $
PATTERN = re.compile(r"(?=.{2,16}\Z)\+?[0-9A-Za-z*%]+\$?")
# What no number here is an exception to: each takes calls and texts, and needs no address.
SAME = (
    *("Beta", "SmsEnabled", "VoiceEnabled"),
    *("ExcludeAllAddressRequired", "ExcludeForeignAddressRequired", "ExcludeLocalAddressRequired"),
)


def countries(api: Resources, form: Form, _path: tuple[str, ...]) -> Response:
    inner = "/AvailablePhoneNumbers"
    shown = [_country(api, code) for code in numbering.codes()]
    return 200, {"countries": shown[: form.whole("PageSize", 1000, 1)], "uri": api.uri(inner)}


def country(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    return 200, _country(api, _known(api, path[0]))


def listing(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    """GET /AvailablePhoneNumbers/{country}/{Local, Mobile or TollFree}"""
    code, kind = _known(api, path[0]), path[1]
    inner = f"/AvailablePhoneNumbers/{code}/{kind}"
    if kind in OTHERS:
        raise not_built(f"{kind} numbers", "this simulator doesn't support them")
    if kind not in numbering.kinds_of(code):
        raise api.missing(api.uri(inner))
    pattern = form.text("Contains")
    if pattern and not PATTERN.fullmatch(pattern):
        raise ApiError(
            400, 20001, f"Contains must be 2 to 16 digits, letters or *%+$, not {pattern!r}"
        )
    area = form.text("AreaCode")
    if area and not (len(area) == 3 and area.isdecimal()):
        raise ApiError(400, 21451, f"AreaCode {area!r} must be three digits")
    found = numbering.for_sale(
        api.network.seed.number,
        code,
        kind,
        area=area if code in numbering.NORTH_AMERICA else "",
        pattern=pattern,
        state=form.text("InRegion").upper(),
        city=form.text("InLocality"),
    )
    for name in SAME:
        form.given(name)
    free = (each for each in found if each.number not in api.network.numbers)
    fax, pictures = form.truth("FaxEnabled", False), form.truth("MmsEnabled", False)
    able = not fax and (not pictures or code in numbering.NORTH_AMERICA)
    chosen = islice(free, min(MOST, form.whole("PageSize", MOST, 1, 1000)) if able else 0)
    return 200, {"available_phone_numbers": [_show(each) for each in chosen], "uri": api.uri(inner)}


def _known(api: Resources, code: str) -> str:
    if (code := code.upper()) not in numbering.codes():
        raise api.missing(api.uri(f"/AvailablePhoneNumbers/{code}"))
    return code


def _country(api: Resources, code: str) -> Json:
    uri = f"/AvailablePhoneNumbers/{code}"
    words = {"Local": "local", "Mobile": "mobile", "TollFree": "toll_free"}
    return {
        "country_code": code,
        "country": numbering.country_name(code),
        "uri": api.uri(uri),
        "beta": False,
        "subresource_uris": {
            words[kind]: api.uri(f"{uri}/{kind}") for kind in numbering.kinds_of(code)
        },
    }


def _show(each: numbering.ForSale) -> Json:
    """A number as JSON; what the plans don't say of a place is null."""
    return {
        "friendly_name": each.national,
        "phone_number": each.number,
        "lata": None,
        "rate_center": None,
        "latitude": None,
        "longitude": None,
        "locality": each.city or None,
        "region": each.state or None,
        "postal_code": None,
        "iso_country": each.country,
        "address_requirements": "none",
        "beta": False,
        "capabilities": numbering.capabilities(each.country),
    }


ROUTES: tuple[Endpoint, ...] = (
    ("GET", "/AvailablePhoneNumbers", countries),
    ("GET", "/AvailablePhoneNumbers/{country}", country),
    ("GET", "/AvailablePhoneNumbers/{country}/{kind}", listing),
)
