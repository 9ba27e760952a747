"""REST: the account, its balance and its API keys.

https://www.twilio.com/docs/iam/api/account, /docs/iam/api-keys,
https://www.twilio.com/docs/usage/api (Balance)
"""

from __future__ import annotations

from ivr.simulator.network.numbers import ApiKey
from ivr.simulator.rest.resource import (
    ACCOUNTS,
    Endpoint,
    Form,
    Json,
    Resources,
    Response,
    not_built,
    rfc2822,
)

SUBRESOURCES = (
    "applications",
    "available_phone_numbers",
    "balance",
    "calls",
    "conferences",
    "incoming_phone_numbers",
    "keys",
    "messages",
    "notifications",
    "outgoing_caller_ids",
    "queues",
    "recordings",
)


def fetch(api: Resources, _form: Form, _path: tuple[str, ...]) -> Response:
    return 200, show(api)


def update(api: Resources, form: Form, _path: tuple[str, ...]) -> Response:
    """POST /Accounts/{sid}: its name. An account that is suspended or closed isn't simulated."""
    account = api.network.account
    account.friendly_name = form.text("FriendlyName", account.friendly_name)
    account.updated_at = api.network.clock.now()
    return 200, show(api)


def listing(api: Resources, form: Form, _path: tuple[str, ...]) -> Response:
    """GET /Accounts: this one, as it has no subaccounts."""
    account = api.network.account
    named = form.text("FriendlyName", account.friendly_name) == account.friendly_name
    active = form.text("Status", "active") == "active"
    rows = [account] if named and active else []
    return api.page(form, ACCOUNTS, "accounts", rows, lambda _: show(api))


def create(_api: Resources, _form: Form, _path: tuple[str, ...]) -> Response:
    """POST /Accounts: a subaccount would have its own numbers, calls and token."""
    raise not_built("Subaccounts", "this simulator has one account")


def show(api: Resources) -> Json:
    network = api.network
    return {
        "sid": network.account_sid,
        "owner_account_sid": network.account_sid,
        "auth_token": None,  # clients already have it
        "friendly_name": network.account.friendly_name,
        "status": "active",
        "type": "Full",
        "date_created": rfc2822(network.clock.start),
        "date_updated": rfc2822(network.account.updated_at),
        "subresource_uris": api.below("", *SUBRESOURCES),
        "uri": f"{api.root}.json",
    }


def balance(api: Resources, _form: Form, _path: tuple[str, ...]) -> Response:
    """GET /Balance: as the test has set it, since nothing costs anything here."""
    account = api.network.account
    return 200, {
        "account_sid": api.network.account_sid,
        "balance": account.balance,
        "currency": account.currency,
    }


# ---- keys


def create_key(api: Resources, form: Form, _path: tuple[str, ...]) -> Response:
    """POST /Keys: the only answer with the secret."""
    key = api.network.api_key(form.text("FriendlyName"))
    return 201, {**_key(api, key), "secret": key.secret}


def keys(api: Resources, form: Form, _path: tuple[str, ...]) -> Response:
    every = api.network.keys.values()
    return api.page(form, "/Keys", "keys", every, lambda key: _key(api, key))


def fetch_key(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    return 200, _key(api, _find_key(api, path[0]))


def update_key(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    key = _find_key(api, path[0])
    name = form.text("FriendlyName", key.friendly_name)
    api.network.keys[key.sid] = key = key._replace(friendly_name=name)
    return 200, _key(api, key)


def delete_key(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    del api.network.keys[_find_key(api, path[0]).sid]
    return 204, None


def _find_key(api: Resources, sid: str) -> ApiKey:
    key = api.network.keys.get(sid)
    if key is None:
        raise api.missing(api.uri(f"/Keys/{sid}"))
    return key


def _key(api: Resources, key: ApiKey) -> Json:
    start = rfc2822(api.network.clock.start)
    return {
        "sid": key.sid,
        "friendly_name": key.friendly_name,
        "date_created": start,
        "date_updated": start,
    }


ROUTES: tuple[Endpoint, ...] = (
    ("GET", ACCOUNTS, listing),
    ("POST", ACCOUNTS, create),
    ("GET", "", fetch),
    ("POST", "", update),
    ("GET", "/Balance", balance),
    ("POST", "/Keys", create_key),
    ("GET", "/Keys", keys),
    ("GET", "/Keys/{sid}", fetch_key),
    ("POST", "/Keys/{sid}", update_key),
    ("DELETE", "/Keys/{sid}", delete_key),
)
