"""Which binding messages are fit to be shown to a person (CIBA Core section 7.1): pure."""

import re
import unicodedata

from protocols.oauth2 import OAuthError

# Characters that change the order in which others are read: what is shown would not be what was sent.
_BIDIRECTIONAL = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Letters and a symbol that are drawn as nothing.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
_CONTROLS = frozenset({"Cc", "Cs", "Zl", "Zp"})
# What makes a picture of the character before it, or joins several to one.
_EMOJI_PARTS = frozenset("\u200d\u20e3\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff")


def check_binding_message(message: str, *, longest: int, pattern: str | None, emoji: bool = True) -> None:
    """Raise ``invalid_binding_message`` for what may not be shown; *message* itself is never changed.

    The checks look at its NFC form. Mail programs make links of ``://`` and ``www.``, so neither may be in it. Without
    *emoji* it is plain text that every device draws alike.
    """
    seen = unicodedata.normalize("NFC", message)
    if len(message) > longest:
        raise _refused(f"it may have {longest} characters")
    if any(c in _BIDIRECTIONAL or unicodedata.category(c) in _CONTROLS for c in seen):
        raise _refused("it may hold no control and no direction characters")
    if not any(unicodedata.category(c)[0] in "LNPS" and c not in _BLANK for c in seen):
        raise _refused("it needs a visible character")
    if not emoji and any(c in _EMOJI_PARTS or unicodedata.category(c) == "So" for c in seen):
        raise _refused("it may hold no emoji")
    if "://" in seen or "www." in seen.lower():
        raise _refused("it may hold nothing that looks like a link")
    if pattern is not None and not re.fullmatch(pattern, message):
        raise _refused("it does not have the form that is set for this client")


def _refused(why: str) -> OAuthError:
    return OAuthError("invalid_binding_message", f"the binding_message cannot be shown: {why}")
