"""The shapes of Twilio's answers, as its description of the API (2010-04-01) has them, and a check.

`check` is a tap of every network in these tests: whatever a test asks of the REST API, each answer
has all the fields of its resource and no others, each of its own kind; a list has the fields of a
page, and an error those of an error. (https://www.twilio.com/docs/usage/twilios-response)
"""

from __future__ import annotations

import json
import re
from typing import Any

from ivr.simulator.rest.sdk import RestRequest

DATE = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000")
PAGE = {
    *("page", "page_size", "start", "end"),
    *("uri", "first_page_uri", "next_page_uri", "previous_page_uri"),
}
ERROR = {"code", "message", "more_info", "status"}
# Enumerations that several resources have, or that are long.
WORDS = {
    "SOURCE": "DialVerb Conference OutboundAPI Trunking RecordVerb StartCallRecordingAPI"
    " StartConferenceRecordingAPI StartCallRecordingTwiML",  # the last by the page of <Recording>
    "CALL": "queued ringing in-progress completed busy failed no-answer canceled",
    "TEXT": "queued sending sent failed delivered undelivered receiving received accepted"
    " scheduled read partially_delivered canceled",
    "REASON": "conference-ended-via-api participant-with-end-conference-on-exit-left"
    " participant-with-end-conference-on-exit-kicked last-participant-kicked last-participant-left",
    "REGISTRATION": "registered unregistered pending-registration registration-failure"
    " pending-unregistration unregistration-failure",
    "TAPE": "in-progress paused stopped processing completed absent deleted",
}
# Kinds: "text", "date" (RFC 2822), "truth", "whole", "number", "map", "any"; two letters are those
# that a SID begins with; words with "|" are an enumeration. "?": nullable.
SHAPES: dict[str, str] = {
    "Account": """
        text?: auth_token friendly_name uri
        date?: date_created date_updated
        AC?: owner_account_sid sid
        active|suspended|closed: status
        map?: subresource_uris
        Trial|Full: type
    """,
    "Application": """
        AC?: account_sid
        text?: api_version friendly_name message_status_callback sms_fallback_url
            sms_status_callback sms_url status_callback uri voice_fallback_url voice_url
        date?: date_created date_updated
        AP?: sid
        GET|POST?: sms_fallback_method sms_method status_callback_method
            voice_fallback_method voice_method
        truth?: voice_caller_id_lookup public_application_connect_enabled
    """,
    "AvailableCountry": """
        text?: country_code country uri
        truth?: beta
        map?: subresource_uris
    """,
    "AvailableNumber": """
        text?: friendly_name phone_number lata locality rate_center region postal_code
            iso_country address_requirements
        number?: latitude longitude
        truth?: beta
        map?: capabilities
    """,
    "Balance": """
        AC?: account_sid
        text?: balance currency
    """,
    "Call": """
        CA?: sid parent_call_sid
        date?: date_created date_updated start_time end_time
        AC?: account_sid
        text?: to to_formatted from from_formatted duration price price_unit direction
            answered_by api_version forwarded_from caller_name queue_time uri
        PN?: phone_number_sid
        CALL: status
        GP?: group_sid
        TK?: trunk_sid
        map?: subresource_uris
    """,
    "CallRecording": """
        AC?: account_sid
        text?: api_version duration uri price_unit track
        CA?: call_sid
        CF?: conference_sid
        date?: date_created date_updated start_time
        RE?: sid
        number?: price
        any?: encryption_details
        TAPE: status
        whole: channels
        SOURCE: source
        whole?: error_code
    """,
    "Conference": """
        AC?: account_sid
        date?: date_created date_updated
        text?: api_version friendly_name region uri
        CF?: sid
        init|in-progress|completed: status
        map?: subresource_uris
        REASON: reason_conference_ended
        CA?: call_sid_ending_conference
    """,
    "ConferenceRecording": """
        AC?: account_sid
        text?: api_version duration price price_unit uri
        CA?: call_sid
        CF?: conference_sid
        date?: date_created date_updated start_time
        RE?: sid
        TAPE: status
        whole: channels
        SOURCE: source
        whole?: error_code
        any?: encryption_details
    """,
    "Event": """
        any?: request response
    """,
    "Feedback": """
        AC?: account_sid
        SM/MM?: message_sid
        confirmed|unconfirmed: outcome
        date?: date_created date_updated
        text?: uri
    """,
    "IncomingPhoneNumber": """
        AC?: account_sid
        AD?: address_sid emergency_address_sid
        none|any|local|foreign: address_requirements
        text?: api_version friendly_name phone_number origin sms_fallback_url sms_url
            status_callback uri voice_fallback_url voice_url status type
        truth?: beta voice_caller_id_lookup
        map?: capabilities
        date?: date_created date_updated
        RI?: identity_sid
        PN?: sid
        AP?: sms_application_sid voice_application_sid
        GET|POST?: sms_fallback_method sms_method status_callback_method
            voice_fallback_method voice_method
        TK?: trunk_sid
        voice|fax: voice_receive_mode
        Active|Inactive: emergency_status
        REGISTRATION: emergency_address_status
        BU?: bundle_sid
    """,
    "Key": """
        SK?: sid
        text?: friendly_name
        date?: date_created date_updated
    """,
    "Media": """
        AC?: account_sid
        text?: content_type uri
        date?: date_created date_updated
        SM/MM?: parent_sid
        ME?: sid
    """,
    "Member": """
        CA?: call_sid
        date?: date_enqueued
        whole: position wait_time
        text?: uri
        QU?: queue_sid
    """,
    "Message": """
        text?: body num_segments from to price error_message uri num_media price_unit
            api_version
        inbound|outbound-api|outbound-call|outbound-reply: direction
        date?: date_updated date_sent date_created
        AC?: account_sid
        TEXT: status
        MG?: messaging_service_sid
        SM/MM?: sid
        whole?: error_code
        map?: subresource_uris
    """,
    "NewKey": """
        SK?: sid
        text?: friendly_name secret
        date?: date_created date_updated
    """,
    "Notification": """
        AC?: account_sid
        text?: api_version error_code log message_text more_info request_url uri
        CA?: call_sid
        date?: date_created date_updated message_date
        GET|POST?: request_method
        NO?: sid
    """,
    "OneNotification": """
        AC?: account_sid
        text?: api_version error_code log message_text more_info request_url
            request_variables response_body response_headers uri
        CA?: call_sid
        date?: date_created date_updated message_date
        GET|POST?: request_method
        NO?: sid
    """,
    "OutgoingCallerId": """
        PN?: sid
        date?: date_created date_updated
        text?: friendly_name phone_number uri
        AC?: account_sid
    """,
    "Participant": """
        AC?: account_sid
        CA?: call_sid call_sid_to_coach
        text?: label queue_time uri
        truth?: coaching end_conference_on_exit muted hold start_conference_on_enter
        CF?: conference_sid
        date?: date_created date_updated
        queued|connecting|ringing|connected|complete|failed: status
    """,
    "Payment": """
        AC?: account_sid
        CA?: call_sid
        PK?: sid
        date?: date_created date_updated
        text?: uri
    """,
    "Queue": """
        date?: date_updated date_created
        whole: current_size average_wait_time max_size
        text?: friendly_name uri
        AC?: account_sid
        QU?: sid
    """,
    "Recording": """
        AC?: account_sid
        text?: api_version duration price price_unit uri media_url
        CA?: call_sid
        CF?: conference_sid
        date?: date_created date_updated start_time
        RE?: sid
        TAPE: status
        whole?: channels error_code
        SOURCE: source
        any?: encryption_details
        map?: subresource_uris
    """,
    "Siprec": """
        SR?: sid
        AC?: account_sid
        CA?: call_sid
        text?: name uri
        in-progress|stopped: status
        date?: date_updated
    """,
    "Stream": """
        MZ?: sid
        AC?: account_sid
        CA?: call_sid
        text?: name uri
        in-progress|stopped: status
        date?: date_updated
    """,
    "Transcription": """
        GT?: sid
        AC?: account_sid
        CA?: call_sid
        text?: name uri
        in-progress|stopped: status
        date?: date_updated
    """,
    "UserDefinedMessage": """
        AC?: account_sid
        CA?: call_sid
        KX?: sid
        date?: date_created
    """,
    "UserDefinedMessageSubscription": """
        AC?: account_sid
        CA?: call_sid
        ZY?: sid
        date?: date_created
        text?: uri
    """,
    "ValidationRequest": """
        AC?: account_sid
        CA?: call_sid
        text?: friendly_name phone_number validation_code
    """,
}

# What answers a request, by its path below the account: a resource's shape, and for a path that may
# also be read as a whole the key of its list.
ANSWERS = (
    (r"/Calls/\w+/Recordings/[\w.]+", "CallRecording", ""),
    (r"/Calls/\w+/Recordings", "CallRecording", "recordings"),
    (r"/Calls/\w+/Notifications", "Notification", "notifications"),
    (r"/Calls/\w+/Notifications/\w+", "OneNotification", ""),
    (r"/Calls/\w+/Events", "Event", "events"),
    (r"/Calls/\w+/Streams(/\w+)?", "Stream", ""),
    (r"/Calls/\w+/Siprec(/\w+)?", "Siprec", ""),
    (r"/Calls/\w+/Transcriptions(/\w+)?", "Transcription", ""),
    (r"/Calls/\w+/Payments(/\w+)?", "Payment", ""),
    (r"/Calls/\w+/UserDefinedMessages", "UserDefinedMessage", ""),
    (r"/Calls/\w+/UserDefinedMessageSubscriptions", "UserDefinedMessageSubscription", ""),
    (r"/Calls/\w+", "Call", ""),
    (r"/Calls", "Call", "calls"),
    (r"/Conferences/[^/]+/Participants/[^/]+", "Participant", ""),
    (r"/Conferences/[^/]+/Participants", "Participant", "participants"),
    (r"/Conferences/\w+/Recordings/[\w.]+", "ConferenceRecording", ""),
    (r"/Conferences/\w+/Recordings", "ConferenceRecording", "recordings"),
    (r"/Conferences/[^/]+", "Conference", ""),
    (r"/Conferences", "Conference", "conferences"),
    (r"/Queues/\w+/Members/\w+", "Member", ""),
    (r"/Queues/\w+/Members", "Member", "queue_members"),
    (r"/Queues/\w+", "Queue", ""),
    (r"/Queues", "Queue", "queues"),
    (
        r"/IncomingPhoneNumbers/(Local|Mobile|TollFree)",
        "IncomingPhoneNumber-",
        "incoming_phone_numbers",
    ),
    (r"/IncomingPhoneNumbers/\w+", "IncomingPhoneNumber", ""),
    (r"/IncomingPhoneNumbers", "IncomingPhoneNumber", "incoming_phone_numbers"),
    (r"/AvailablePhoneNumbers/\w\w/\w+", "AvailableNumber", "available_phone_numbers"),
    (r"/AvailablePhoneNumbers/\w\w", "AvailableCountry", ""),
    (r"/AvailablePhoneNumbers", "AvailableCountry", "countries"),
    (r"/OutgoingCallerIds/\w+", "OutgoingCallerId", ""),
    (r"/OutgoingCallerIds", "OutgoingCallerId", "outgoing_caller_ids"),
    (r"/Recordings/\w+", "Recording", ""),
    (r"/Recordings", "Recording", "recordings"),
    (r"/Messages/\w+/Media/\w+", "Media", ""),
    (r"/Messages/\w+/Media", "Media", "media_list"),
    (r"/Messages/\w+/Feedback", "Feedback", ""),
    (r"/Messages/\w+", "Message", ""),
    (r"/Messages", "Message", "messages"),
    (r"/Applications/\w+", "Application", ""),
    (r"/Applications", "Application", "applications"),
    (r"/Keys/\w+", "Key", ""),
    (r"/Keys", "Key", "keys"),
    (r"/Notifications/\w+", "OneNotification", ""),
    (r"/Notifications", "Notification", "notifications"),
    (r"/Balance", "Balance", ""),
    (r"", "Account", ""),
)
# Answers of products with a host of their own: their fields, as the `twilio` library reads them.
VERIFICATION = (
    "sid service_sid account_sid to channel status valid amount payee date_created date_updated"
)
OTHERS = {
    r"(https://lookups.twilio.com)?/v2/PhoneNumbers/[^/]+": "calling_country_code country_code"
    " phone_number national_format valid validation_errors caller_name sim_swap call_forwarding"
    " line_type_intelligence line_status identity_match reassigned_number sms_pumping_risk"
    " phone_number_quality_score pre_fill url",
    r"(https://verify.twilio.com)?/v2/Services/\w+": "sid account_sid friendly_name code_length"
    " lookup_enabled psd2_enabled skip_sms_to_landlines dtmf_input_required tts_name"
    " do_not_share_warning_enabled custom_code_enabled push totp default_template_sid whatsapp"
    " passkeys verify_event_subscription_enabled date_created date_updated url links",
    r"(https://verify.twilio.com)?/v2/Services/\w+/Verifications(/[^/]+)?": f"{VERIFICATION}"
    " lookup send_code_attempts sna url",
    r"(https://verify.twilio.com)?/v2/Services/\w+/VerificationCheck": f"{VERIFICATION}"
    " sna_attempts_error_codes",
}
# Posting to these answers something else than what is listed.
MADE = {"/Keys": "NewKey", "/OutgoingCallerIds": "ValidationRequest"}
# Never null, whatever the description says: every example of Twilio's has them.
THERE = {"sid", "account_sid", "status", "uri", "date_created", "friendly_name", "api_version"}


def check(what: object) -> None:
    """Hold a `RestRequest` against the description; anything else passes."""
    if not isinstance(what, RestRequest) or what.outcome is None:
        return
    status, body = what.outcome
    if body.startswith("{"):  # a malformed answer is a fault that a test has injected
        check_answer(what.method, what.path, status, json.loads(body))


def check_answer(method: str, path: str, status: int, answer: Any) -> None:
    """Raises AssertionError that says what is wrong with an answer of the API of 2010-04-01."""
    where = f"{method} {path} answered {status}"
    product = next((form for form in OTHERS if re.fullmatch(form, path)), "")
    if not product and not path.startswith("/2010-04-01/"):
        return
    if status >= 400:
        assert set(answer) == ERROR, f"{where}: {sorted(set(answer) ^ ERROR)}"
        assert (type(answer["code"]), answer["status"]) == (int, status), f"{where}: {answer}"
        return
    if answer is None:
        return
    if product:
        assert set(answer) == {*OTHERS[product].split()}, f"{where}: {sorted(answer)}"
        return
    inner = re.sub(r"^/2010-04-01/Accounts(/AC\w+)?", "", path).removesuffix(".json")
    if path == "/2010-04-01/Accounts.json" and method == "GET":
        name, listed = "Account", "accounts"
    else:
        name, listed = next(
            (name, listed) for form, name, listed in ANSWERS if re.fullmatch(form, inner)
        )
    if method == "GET" and listed:
        page = {"uri"} if listed in ("countries", "available_phone_numbers") else PAGE
        assert set(answer) == {*page, listed}, f"{where}: {sorted(set(answer) ^ {*page, listed})}"
        for each in answer[listed]:
            check_shape(name, each, where)
    else:
        name = MADE.get(inner, name) if method == "POST" else name
        check_shape(name, answer, where)


def check_shape(name: str, answer: dict[str, Any], where: str) -> None:
    kinds = FIELDS[name]
    assert set(answer) == set(kinds), f"{where}, {name}: {sorted(set(answer) ^ set(kinds))}"
    for field, kind in kinds.items():
        problem = wrong(kind, answer[field], field)
        assert not problem, f"{where}, {name}.{field}: {answer[field]!r} {problem}"


def wrong(kind: str, value: Any, field: str) -> str:
    """What is wrong with a value of that kind; "" if nothing is."""
    if value is None:
        return "is null" if field in THERE else ""
    kind = kind.removesuffix("?")
    simple = {"text": str, "truth": bool, "whole": int, "map": dict, "any": object}
    if kind in simple:
        right = isinstance(value, simple[kind]) and (kind == "truth" or not isinstance(value, bool))
    elif kind == "number":
        right = isinstance(value, (int, float, str))  # its examples have them as text
    elif kind == "date":
        right = isinstance(value, str) and DATE.fullmatch(value) is not None
    elif kind in WORDS or "|" in kind:
        right = value in (WORDS[kind].split() if kind in WORDS else kind.split("|"))
    else:
        right = re.fullmatch(rf"({kind.replace('/', '|')})[0-9a-f]{{32}}", str(value)) is not None
    return "" if right else f"isn't {kind}"


def _fields(table: str) -> dict[str, str]:
    kinds: dict[str, str] = {}
    kind = ""
    for word in table.split():
        if word.endswith(":"):
            kind = word.removesuffix(":")
        else:
            kinds[word] = kind
    return kinds


FIELDS = {name: _fields(table) for name, table in SHAPES.items()}
# "/Local", "/Mobile" and "/TollFree" don't say the type, which their name says.
FIELDS["IncomingPhoneNumber-"] = {
    name: kind for name, kind in FIELDS["IncomingPhoneNumber"].items() if name != "type"
}
