"""What the settings of the pages must be before they are opened to people."""

from __future__ import annotations

from urllib.parse import urlsplit

from ivr.errors import SettingsError
from ivr.server.settings import Settings

SHORTEST_SECRET = 32  # characters: 128 bits, in hexadecimal
LEAST_DIFFERENT = 10  # … of which a random one has more, in hexadecimal too
# Words, rows of keys, and the key that stands in Flask's manual.
WELL_KNOWN = (
    "secret", "password", "passwort", "changeme", "change-me", "change_me", "example", "insecure",
    "letmein", "qwerty", "asdfgh", "0123456789", "1234567890", "abcdefgh",
    "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf",
)  # fmt: skip


def check(settings: Settings) -> None:
    """Raise `SettingsError` for what would let others in, or nobody."""
    settings.require("secret_key")
    if why := guessable(settings.secret_key):
        raise SettingsError(
            f"IVR_SECRET_KEY {why}: whoever guesses it can sign in as anyone. Make one with: "
            "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
        )
    proxies(settings)
    pages_origin(settings)
    if settings.oidc_issuer:
        settings.require("oidc_client_id", "oidc_client_secret", "pages_url")


def guessable(secret: str) -> str:
    """Why this is no secret to sign with; ``""`` for one that looks random."""
    if len(secret) < SHORTEST_SECRET:
        return f"has {len(secret)} characters, and {SHORTEST_SECRET} are the fewest"
    if secret in (secret + secret)[1:-1]:
        return "is the same few characters again and again"
    if len(set(secret)) < LEAST_DIFFERENT:
        return f"has only {len(set(secret))} different characters"
    if word := next((each for each in WELL_KNOWN if each in secret.lower()), ""):
        return f"has '{word}' in it, which stands in manuals and in lists of passwords"
    return ""


def proxies(settings: Settings) -> int:
    """How many proxies to trust. Raises `SettingsError`."""
    written = settings.trusted_proxies
    if not (written.isascii() and written.isdecimal() and len(written) < 3):
        raise SettingsError(
            f"IVR_TRUSTED_PROXIES is '{written}': it must be the number of proxies in front of the "
            "web pages, such as 1"
        )
    return int(written)


def pages_origin(settings: Settings) -> str:
    """The address of the pages without a slash at its end, ``""`` if it isn't set. Raises
    `SettingsError` for what is none."""
    address = settings.pages_url
    parts = urlsplit(address)
    bare = parts.path in ("", "/") and not parts.query and not parts.fragment
    if address and not (parts.scheme in ("http", "https") and parts.hostname and bare):
        raise SettingsError(
            f"IVR_PAGES_URL is '{address}': it must be the address at which people reach the web "
            "pages, without a path, such as https://support.example.com"
        )
    return address.rstrip("/")


__all__ = ["check", "guessable", "pages_origin", "proxies"]
