"""LH95x: the tests of a flow, checked against the flow before they run."""

from typing import Final

from engine.language.rule import Rule, rule

RULES_TESTS: Final[tuple[tuple[str, Rule], ...]] = (
    rule(
        "LH951",
        "step-unclear",
        "tests",
        "A step of a test looks, lets time pass, and then does one thing: act, signal, answer or cancel.",
        "script: [{act: submit, signal: booked}]",
        "Make two steps of it.",
    ),
    rule(
        "LH952",
        "unknown-mock",
        "tests",
        "The flow, and what it calls, never runs an executor or flow of this name.",
        "mocks: {pasword_auth: {locked: {}}}",
        "Correct the spelling, or delete it.",
    ),
    rule(
        "LH953",
        "unknown-answer",
        "tests",
        "What is mocked has no such outcome. Every executor may also answer fault, refused or transient.",
        "mocks: {consent: {recroded: {granted: []}}}",
        "Write an outcome that the hint names.",
    ),
    rule(
        "LH954",
        "unknown-place",
        "tests",
        "A step expects a node that neither the flow nor one that it calls has.",
        "script: [{expect: ask_pasword, act: submit}]",
        "Correct the spelling.",
    ),
    rule(
        "LH955",
        "unknown-deed",
        "tests",
        "The prompt that a step expects has no such action, or nothing in the flow awaits this signal.",
        "script: [{expect: ask_password, act: sumbit}]",
        "Write an action that the hint names.",
    ),
    rule(
        "LH956",
        "unfit-value",
        "tests",
        "An input, a field of an answer, of an end or of a signal is missing, unknown, or of another type.",
        "inputs: {amount: many}",
        "Write a value of the type that the message names. A time may be written +5m: from now.",
    ),
    rule(
        "LH957",
        "never-said",
        "tests",
        "Nothing in the flow says or shows this.",
        "script: [{expect: ask_password, says: login.wong}]",
        "Write the id of a message that the flow says, or the name of a value that the prompt shows.",
    ),
    rule(
        "LH958",
        "doubled-test",
        "tests",
        "Two tests of one flow have the same name.",
        "tests: {approves: {}}   # in the flow, and beside it as well",
        "Give one of them another name.",
    ),
    rule(
        "LH959",
        "unknown-end",
        "tests",
        "The flow has no such outcome. Every flow can also end as fault or as cancelled.",
        "ends: {aproved: {granted: []}}",
        "Write an outcome that the hint names.",
    ),
)
