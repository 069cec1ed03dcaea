"""Client-Initiated Backchannel Authentication: a thin layer that turns requests into flows and their ends into answers.

The HTTP side is ``protocols.oauth2_ciba.endpoints``.
"""

from protocols.oauth2.assertions import CallbackAnswer
from protocols.oauth2_ciba.cancellation import remove_client
from protocols.oauth2_ciba.decoys import Dispatch, is_decoy
from protocols.oauth2_ciba.deliveries import PING_SENDER, PUSH_SENDER
from protocols.oauth2_ciba.development import Decided, DecisionMaker, DecisionRefused, approve, deny, expire
from protocols.oauth2_ciba.hints import HintIssuer, IdTokenHintPolicy
from protocols.oauth2_ciba.layer import Ciba
from protocols.oauth2_ciba.notifications import NotificationSender
from protocols.oauth2_ciba.records import CibaRecords
from protocols.oauth2_ciba.settings import CibaSettings, Limits
from protocols.oauth2_ciba.tables import CIBA_TABLES
from protocols.oauth2_ciba.waiting import WaitLimits

__all__ = [
    "CIBA_TABLES",
    "PING_SENDER",
    "PUSH_SENDER",
    "CallbackAnswer",
    "Ciba",
    "CibaRecords",
    "CibaSettings",
    "Decided",
    "DecisionMaker",
    "DecisionRefused",
    "Dispatch",
    "HintIssuer",
    "IdTokenHintPolicy",
    "Limits",
    "NotificationSender",
    "WaitLimits",
    "approve",
    "deny",
    "expire",
    "is_decoy",
    "remove_client",
]
