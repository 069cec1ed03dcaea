"""User codes: short enough to be typed with a remote control, and read alike however they are typed (RFC 8628 6.1)."""

import secrets

__all__ = ["fresh_user_code", "read_user_code", "shown_user_code"]

# No vowels, so that no words come about, and nothing that looks like something else: 20 to the 8th, 34 bits.
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
_LENGTH = 8


def fresh_user_code() -> str:
    """Return a new code."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))


def shown_user_code(code: str) -> str:
    """Return *code* as people read it.

    >>> shown_user_code("WDJBMJHT")
    'WDJB-MJHT'
    """
    return f"{code[:4]}-{code[4:]}"


def read_user_code(text: str) -> str | None:
    """Return the code that somebody typed, or None where it can be none.

    >>> read_user_code(" wdjb mjht "), read_user_code("WDJB-MJH1")
    ('WDJBMJHT', None)
    """
    code = "".join(letter for letter in text.upper() if letter not in " -.\t")
    return code if len(code) == _LENGTH and set(code) <= set(_LETTERS) else None
