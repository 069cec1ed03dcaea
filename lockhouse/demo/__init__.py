"""`lockhouse demo`: the whole journey on one machine, with real parts, in a folder that is gone afterwards.

A real server as a process of its own, a real SMTP server as somebody's mailbox, and our client library as the client.
The reader plays the person; without a terminal the demo plays the person through the same pages and forms.
"""

import sys
from importlib.util import find_spec

__all__ = ["run_demo"]

_EXTRA = ("aiosmtpd",)


def run_demo(*, auto: bool) -> int:
    """Show the journey and return the exit status: 0 only when the client got tokens and verified them.

    With *auto*, or where there is no terminal to play in, the demo plays the person too.
    """
    missing = [name for name in _EXTRA if find_spec(name) is None]
    if missing:
        sys.stderr.write(
            f'The demo needs the packages of the extra "demo"; not found: {", ".join(missing)}.\n'
            "Install them with: pip install 'lockhouse[demo]'\n"
        )
        return 2
    from lockhouse.demo.journey import play  # noqa: PLC0415 - it imports what only the extra brings

    return play(auto=auto or not (sys.stdin.isatty() and sys.stdout.isatty()))
