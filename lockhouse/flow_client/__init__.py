"""A typed client of the flow execution API, asynchronous and synchronous. It needs httpx2 and nothing of the engine.

Every call may be lost on its way and is then repeated: starts and signals go under a key, and the same answer to the
same step counts once.
"""

from lockhouse.flow_client.asynchronous import AsyncFlowClient
from lockhouse.flow_client.errors import (
    AnswerLost,
    FieldError,
    FieldsInvalid,
    FlowApiError,
    NotAllowed,
    NotFound,
    StepGone,
    StepTaken,
)
from lockhouse.flow_client.models import Action, Choice, Execution, Field, Message, Shown, Step, Text
from lockhouse.flow_client.patience import Patience
from lockhouse.flow_client.synchronous import FlowClient

__all__ = [
    "Action",
    "AnswerLost",
    "AsyncFlowClient",
    "Choice",
    "Execution",
    "Field",
    "FieldError",
    "FieldsInvalid",
    "FlowApiError",
    "FlowClient",
    "Message",
    "NotAllowed",
    "NotFound",
    "Patience",
    "Shown",
    "Step",
    "StepGone",
    "StepTaken",
    "Text",
]
