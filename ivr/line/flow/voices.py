"""Which language codes a voice of ``<Say>`` speaks.

Of Amazon Polly's voices, the standard and neural ones of Chinese, English, French, German, Italian,
Japanese and Spanish stand here; of others nothing is known, and nothing said against them.
Sources: https://docs.aws.amazon.com/polly/latest/dg/available-voices.html,
https://www.twilio.com/docs/voice/twiml/say/text-speech
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_STANDARD = {
    "cmn-CN": "Zhiyu",
    "de-DE": "Hans Marlene Vicki",
    "en-AU": "Nicole Russell",
    "en-GB": "Amy Brian Emma",
    "en-GB-WLS": "Geraint",
    "en-IN": "Aditi Raveena",
    "en-US": "Ivy Joanna Joey Justin Kendra Kevin Kimberly Matthew Salli",
    "es-ES": "Conchita Enrique Lucia",
    "es-MX": "Mia",
    "es-US": "Lupe Miguel Penelope Penélope",
    "fr-CA": "Chantal",
    "fr-FR": "Celine Céline Lea Léa Mathieu",
    "hi-IN": "Aditi",
    "it-IT": "Bianca Carla Giorgio",
    "ja-JP": "Mizuki Takumi",
}

_NEURAL = {
    "cmn-CN": "Zhiyu",
    "de-AT": "Hannah",
    "de-CH": "Sabrina",
    "de-DE": "Daniel Vicki",
    "en-AU": "Olivia",
    "en-GB": "Amy Arthur Brian Emma",
    "en-IE": "Niamh",
    "en-IN": "Kajal",
    "en-NZ": "Aria",
    "en-US": "Danielle Gregory Ivy Joanna Joey Justin Kendra Kevin Kimberly Matthew Ruth Salli "
    "Stephen",
    "en-ZA": "Ayanda",
    "es-ES": "Lucia Sergio",
    "es-MX": "Andres Andrés Mia",
    "es-US": "Lupe Pedro",
    "fr-BE": "Isabelle",
    "fr-CA": "Gabrielle Liam",
    "fr-FR": "Lea Léa Remi Rémi",
    "hi-IN": "Kajal",
    "it-IT": "Adriano Bianca",
    "ja-JP": "Kazuha Takumi Tomoko",
    "yue-CN": "Hiujin",
}

_BASIC = "de de-DE en en-GB en-US es es-ES fr fr-FR it it-IT"

_ALICE = (
    "ca-ES da-DK de-DE en-AU en-CA en-GB en-IN en-US es-ES es-MX fi-FI fr-CA fr-FR it-IT ja-JP "
    "ko-KR nb-NO nl-NL pl-PL pt-BR pt-PT ru-RU sv-SE zh-CN zh-HK zh-TW"
)


def _table() -> dict[str, tuple[str, ...]]:
    spoken = {"man": _BASIC.split(), "woman": _BASIC.split(), "alice": _ALICE.split()}
    for ending, voices in (("", _STANDARD), ("-Neural", _NEURAL)):
        for code, names in voices.items():
            for name in names.split():
                spoken.setdefault(f"Polly.{name}{ending}", []).append(code)
    return {voice: tuple(codes) for voice, codes in spoken.items()}


VOICES: Mapping[str, tuple[str, ...]] = MappingProxyType(_table())


def refusal(voice: str, code: str) -> str:
    """Why ``voice`` can't speak ``code``, and what to do; empty if it can, or isn't known."""
    codes = VOICES.get(voice, ())
    if not codes or code.lower() in {each.lower() for each in codes}:
        return ""
    others = [other for other, spoken in VOICES.items() if code in spoken]
    instead = f"or take one that speaks {code}: {', '.join(others)}" if others else "or another one"
    return f"voice {voice} speaks {', '.join(codes)}, not {code}; name its own language, {instead}"
