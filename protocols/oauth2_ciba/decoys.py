"""People who are not there: a request for somebody who cannot be asked is stored under a name made up for them.

Such a name is a keyed hash, the same each time, so that limits count for it as they do for a person. It begins with
what no subject id of ours begins with: whoever delivers messages can tell, and throws them away.
"""

from enum import Enum

from engine.storage import Keyring

_PREFIX = "decoy:"


class Dispatch(Enum):
    """What becomes of a message that is about to leave."""

    SEND = "there is somebody to be told"
    DROP = "there is nothing to be told any more"
    DISCARD = "nobody is behind the request: the message goes nowhere, and counts as delivered"


def decoy_for(keyring: Keyring, who: str) -> str:
    """Return the name for *who*: a subject id, or a hint that means nobody, in its one form."""
    return _PREFIX + keyring.mac("ciba.decoy", who).hex()[:32]


def is_decoy(subject: str) -> bool:
    """Say whether *subject* is such a name and no person.

    >>> is_decoy("decoy:00"), is_decoy("4f2a")
    (True, False)
    """
    return subject.startswith(_PREFIX)
