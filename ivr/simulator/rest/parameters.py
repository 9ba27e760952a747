"""Parameters of Twilio's that a request may have here and that don't do what they do at Twilio.

`SIMPLIFIED` has why nothing comes of a parameter; `REFUSED` has the value with which it changes
nothing, so that it is let through: with any other the request is refused, and nothing is done.
Whatever a request has beside those that its resource reads is noted in the debugger's log.
"""

from __future__ import annotations

from collections.abc import Mapping

from ivr.simulator.rest.products.taskrouter import parameters as taskrouter

SILENT = "there is no sound, so no silence to trim"
BRANDED = "only for branded calls"
TALKATIVE = "callees always say something when they pick up"
PUSH = "there is no push service"
UNASKED = "SIP phones here don't ask for it"
RECOGNIZED = "words are heard as they are said: there is no sound to recognize"
ONE_VERSION = "there is one version of the API"
TEXTS = "only for texts that a real network carries"

_LEG = {
    "CallReason": BRANDED,
    "ClientNotificationUrl": PUSH,
    "MachineDetectionSilenceTimeout": TALKATIVE,
    "SipAuthPassword": UNASKED,
    "SipAuthUsername": UNASKED,
    "Trim": SILENT,
}
_NUMBER = {
    "ApiVersion": ONE_VERSION,
    "EmergencyStatus": "there are no emergency calls here",
}
_NUMBERS = {
    "Beta": "no number here is in beta",
    "Origin": "every number here is Twilio's",
}
_APPLICATION = {
    "ApiVersion": ONE_VERSION,
    "MessageStatusCallback": "never requested: each text has its own",
    "PublicApplicationConnectEnabled": "there is one account",
    "SmsStatusCallback": "never requested: each text has its own",
}
_CODES = {
    "DtmfInputRequired": "the code is told at once",
    "TtsName": "there is no sound, so no voice",
}
SIMPLIFIED: Mapping[str, Mapping[str, str]] = {
    **taskrouter.SIMPLIFIED,
    "POST /Calls": _LEG,
    "POST /Calls/{call}/Recordings": {"Trim": SILENT},
    "POST /Calls/{call}/(Transcriptions)": dict.fromkeys(
        (
            *("EnableAutomaticPunctuation", "Hints", "ProfanityFilter", "SpeechModel"),
            "TranscriptionEngine",
        ),
        RECOGNIZED,
    )
    | dict.fromkeys(("InboundTrackLabel", "OutboundTrackLabel"), "callbacks name the tracks only"),
    "POST /Conferences/{sid}/Participants": _LEG
    | {
        "CallerDisplayName": "telephones here show numbers only",
        "ConferenceTrim": SILENT,
        "EarlyMedia": "nobody hears anything before the callee picks up",
        "JitterBufferSize": "there is no sound",
        "Region": "there is one network",
    },
    "POST /IncomingPhoneNumbers": _NUMBER,
    "POST /IncomingPhoneNumbers/(Local|Mobile|TollFree)": _NUMBER,
    "POST /IncomingPhoneNumbers/{sid}": _NUMBER,
    "GET /IncomingPhoneNumbers": _NUMBERS,
    "GET /IncomingPhoneNumbers/(Local|Mobile|TollFree)": _NUMBERS,
    "POST /Applications": _APPLICATION,
    "POST /Applications/{sid}": _APPLICATION,
    "POST /Messages": dict.fromkeys(
        (
            *("AddressRetention", "Attempt", "ContentRetention", "FallbackFrom", "ForceDelivery"),
            *("MaxPrice", "PersistentAction", "ProvideFeedback", "RiskCheck", "SendAsMms"),
            *("ShortenUrls", "SmartEncoded", "TrafficType", "ValidityPeriod"),
        ),
        TEXTS,
    ),
    "POST /Calls/{call}/Payments": dict.fromkeys(
        ("BankAccountType", "Currency", "Description", "Parameter", "TokenType"),
        "no connector is asked: every payment succeeds",
    ),
    "POST /v2/Services": _CODES,
    "POST /v2/Services/{sid}": _CODES,
    "POST /v2/Services/{sid}/Verifications": {
        "AppHash": "texts carry no app hash",
        "DeviceIp": "there is no fraud protection here",
        "Locale": "codes are told in English",
        "RiskCheck": "there is no fraud protection here",
        "Tags": "nothing is recorded of them",
    },
    "GET /Recordings": {"IncludeSoftDeleted": "what is deleted is gone"},
    "GET /Recordings/{sid}": {"IncludeSoftDeleted": "what is deleted is gone"},
}

_TAKEN = {
    "AddressSid": "",
    "BundleSid": "",
    "EmergencyAddressSid": "",
    "IdentitySid": "",
    "TrunkSid": "",
    "VoiceCallerIdLookup": "false",
    "VoiceReceiveMode": "voice",
}
_LOOKED_UP = {"VoiceCallerIdLookup": "false"}
_TRANSCRIBED = dict.fromkeys(
    (
        *("ConfigurationId", "ConversationConfiguration", "ConversationId"),
        "IntelligenceService",
    ),
    "",
) | {"EnableProviderData": "false"}
_SERVICE = {
    "DefaultTemplateSid": "",
    "LookupEnabled": "false",
    "Passkeys.AuthenticatorAttachment": "",
    "Passkeys.DiscoverableCredentials": "",
    "Passkeys.RelyingParty.Id": "",
    "Passkeys.RelyingParty.Name": "",
    "Passkeys.RelyingParty.Origins": "",
    "Passkeys.UserVerification": "",
    "Psd2Enabled": "false",
    "Push.ApnCredentialSid": "",
    "Push.FcmCredentialSid": "",
    "Push.IncludeDate": "",
    "SkipSmsToLandlines": "false",
    "Totp.CodeLength": "",
    "Totp.Issuer": "",
    "Totp.Skew": "",
    "Totp.TimeStep": "",
    "VerifyEventSubscriptionEnabled": "false",
    "Whatsapp.From": "",
    "Whatsapp.MsgServiceSid": "",
}
_NEAR = dict.fromkeys(
    (
        *("Distance", "InLata", "InPostalCode", "InRateCenter"),
        *("NearLatLong", "NearNumber"),
    ),
    "",
)
REFUSED: Mapping[str, Mapping[str, str]] = {
    **taskrouter.REFUSED,
    "POST ": {"Status": "active"},
    "POST /Calls/{call}/Payments": {
        "Confirmation": "false",
        "Input": "dtmf",
        "RequireMatchingInputs": "",
    },
    "POST /v2/Services": _SERVICE,
    "POST /v2/Services/{sid}": _SERVICE,
    "POST /v2/Services/{sid}/Verifications": dict.fromkeys(
        (
            *("Amount", "ChannelConfiguration", "CustomMessage", "Payee", "RateLimits"),
            *("TemplateCustomSubstitutions", "TemplateSid", "Templates"),
        ),
        "",
    )
    | {"EnableSnaClientToken": "false"},
    "POST /v2/Services/{sid}/VerificationCheck": {"Amount": "", "Payee": "", "SnaClientToken": ""},
    "GET /v2/PhoneNumbers/{number}": dict.fromkeys(
        (
            *("AddressCountryCode", "AddressLine1", "AddressLine2", "City", "DateOfBirth"),
            *("FirstName", "LastName", "LastVerifiedDate", "NationalId", "PartnerSubId"),
            *("PostalCode", "State", "VerificationSid"),
        ),
        "",
    ),
    "POST /Calls/{call}/(Transcriptions)": _TRANSCRIBED,
    "GET /AvailablePhoneNumbers/{country}/{kind}": _NEAR,
    "POST /Calls": {"Byoc": "", "CallerId": ""},
    "POST /Conferences/{sid}/Participants": {"Byoc": "", "CallerId": ""},
    "POST /IncomingPhoneNumbers": _TAKEN,
    "POST /IncomingPhoneNumbers/(Local|Mobile|TollFree)": _TAKEN,
    "POST /IncomingPhoneNumbers/{sid}": _TAKEN | {"AccountSid": ""},
    "POST /Applications": _LOOKED_UP,
    "POST /Applications/{sid}": _LOOKED_UP,
    "POST /Messages": {
        "ApplicationSid": "",
        "ContentSid": "",
        "ContentVariables": "",
        "MessagingServiceSid": "",
        "ScheduleType": "",
        "SendAt": "",
    },
}
