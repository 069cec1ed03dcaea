"""The operator's API as a list of operations, beside the flow execution API in one document."""

from functools import partial
from typing import Any, Final

from engine.http.operations import Answer, Operation
from engine.http.operator import OperatorHandlers, Operators
from engine.http.operator_models import (
    MOST_FLOW_TEXT,
    CancelExecution,
    CheckBody,
    CheckFlow,
    DoneBody,
    ExecutionDetailBody,
    ExecutionQuery,
    ExecutionsBody,
    GivePersonToken,
    LetterQuery,
    LettersBody,
    PersonTokenBody,
    PublishedBody,
    PublishFlows,
    RollBack,
    TakenBackBody,
    VersionsBody,
)
from engine.http.persons import PersonTokenHandlers
from engine.http.publishing import VersionHandlers
from engine.language import Catalogue
from engine.runtime.engine import Engine

_GO_BACK: Final = {"rollBackFlow": {"flow": "/items/0/flow"}}
_SETTLE: Final = {name: {"message": "/items/0/id"} for name in ("retryDeadLetter", "dropDeadLetter")}
_LONG_BODY: Final = MOST_FLOW_TEXT * 6 + 1024
# What an operator's token may be given, and what it allows.
OPERATOR_SCOPES: Final = {
    "flows:read": "list flows and their versions",
    "flows:check": "check the text of a flow",
    "flows:publish": "publish flows, and go back to older versions",
    "executions:read": "list executions and read their history",
    "executions:cancel": "end executions",
    "persons:act": "give out tokens to act for persons at their steps, and take them back",
    "messages:read": "list dead letters",
    "messages:write": "send dead letters again, or drop them",
}


def operator_operations(
    engine: Engine, *, operators: Operators, catalogue: Catalogue | None = None
) -> list[Operation[Any]]:
    """Return the operations for ``routes(also=…)``; *operators* knows the tokens, *catalogue* has the texts' ids."""
    handlers = OperatorHandlers(engine, operators=operators)
    persons = PersonTokenHandlers(engine)
    versions = VersionHandlers(engine, catalogue=catalogue or Catalogue())

    def operation(scope: str, **parts: Any) -> Operation[Any]:
        return Operation(security="operator", scope=scope, allow=partial(handlers.allow, scope=scope), **parts)

    return [
        operation(
            "flows:read",
            id="listFlowVersions",
            method="GET",
            path="/operator/flows",
            about="List every version of every flow, and how many executions stand in it.",
            handler=versions.versions,
            answers={200: Answer(about="the versions", model=VersionsBody, links=_GO_BACK)},
        ),
        operation(
            "flows:check",
            id="checkFlow",
            method="POST",
            path="/operator/flows/check",
            about="Check the text of a flow against the executors that are installed. Nothing is stored.",
            handler=versions.check,
            answers={200: Answer(about="what the compiler says", model=CheckBody)},
            body=CheckFlow,
            body_at_least=_LONG_BODY,
        ),
        operation(
            "flows:publish",
            id="publishFlows",
            method="POST",
            path="/operator/flows/publish",
            about="Have new executions run on these flows. Nothing is published where one has a mistake.",
            handler=versions.publish,
            answers={200: Answer(about="published", model=PublishedBody)},
            body=PublishFlows,
            body_at_least=_LONG_BODY,
        ),
        operation(
            "flows:publish",
            id="rollBackFlow",
            method="POST",
            path="/operator/flows/{flow}/rollback",
            about="Have new executions run on an older version again.",
            handler=versions.roll_back,
            answers={200: Answer(about="went back", model=PublishedBody)},
            body=RollBack,
            problems=(409,),
        ),
        operation(
            "executions:read",
            id="listExecutions",
            method="GET",
            path="/operator/executions",
            about="List executions, newest first.",
            handler=handlers.executions,
            answers={200: Answer(about="one page", model=ExecutionsBody)},
            query=ExecutionQuery,
            problems=(422,),
        ),
        operation(
            "executions:read",
            id="readExecution",
            method="GET",
            path="/operator/executions/{execution}",
            about="Show one execution and what happened to it, secrets masked.",
            handler=handlers.execution,
            answers={200: Answer(about="the execution", model=ExecutionDetailBody)},
        ),
        operation(
            "executions:cancel",
            id="endExecution",
            method="POST",
            path="/operator/executions/{execution}/cancel",
            about="End an execution, whoever started it. One that has ended stays as it is.",
            handler=handlers.cancel,
            answers={200: Answer(about="how it stands", model=DoneBody)},
            body=CancelExecution,
        ),
        operation(
            "persons:act",
            id="givePersonToken",
            method="POST",
            path="/operator/executions/{execution}/person-tokens",
            about="Give out a token to act for a person at the steps of an execution that are `by` them.",
            handler=persons.give,
            answers={201: Answer(about="the token, told this once", model=PersonTokenBody)},
            body=GivePersonToken,
        ),
        operation(
            "persons:act",
            id="takePersonTokensBack",
            method="DELETE",
            path="/operator/executions/{execution}/person-tokens",
            about="Make every person's token for an execution worthless.",
            handler=persons.take_back,
            answers={200: Answer(about="how many those were", model=TakenBackBody)},
        ),
        operation(
            "messages:read",
            id="listDeadLetters",
            method="GET",
            path="/operator/dead-letters",
            about="List messages that were given up.",
            handler=handlers.letters,
            answers={200: Answer(about="the messages, without what they say", model=LettersBody, links=_SETTLE)},
            query=LetterQuery,
            problems=(422,),
        ),
        operation(
            "messages:write",
            id="retryDeadLetter",
            method="POST",
            path="/operator/dead-letters/{message}/retry",
            about="Send a dead letter again, from the first try.",
            handler=handlers.retry,
            answers={200: Answer(about="queued", model=DoneBody)},
            problems=(409,),
        ),
        operation(
            "messages:write",
            id="dropDeadLetter",
            method="POST",
            path="/operator/dead-letters/{message}/drop",
            about="Give a dead letter up for good, and erase what it said.",
            handler=handlers.drop,
            answers={200: Answer(about="dropped", model=DoneBody)},
            problems=(409,),
        ),
    ]
