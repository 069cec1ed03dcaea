"""Every key of the flow language: the one table that the parser, the JSON Schema and the reference read."""

from collections.abc import Mapping
from typing import Final

from engine.contracts import frozen
from engine.language.key import construct, may, must
from engine.language.keys_beside import CONTRACT, CONTRACT_FILE, STEP, TEST

SHAPES: Final[Mapping[str, str]] = frozen(
    {
        "name": "a name: small letters, digits and _, beginning with a letter, at most 64",
        "version": "a version: three numbers, like 1.0.0",
        "language": "the number 1",
        "text": "a text",
        "text id": "the id of a text in texts/LANG.yaml",
        "node": "the name of a node of this flow",
        "executor": "the name of an executor",
        "flow reference": "a flow and its major version, like notification_dispatch@1",
        "signal name": "the name of one of the flow's signals",
        "outcome": "the name of one of the flow's outcomes",
        "path": "a path, like inputs.subject",
        "fault": "transient, refused, fault, or a fault of the executor",
        "visits": "a whole number from 1 to 10000",
        "attempts": "a whole number from 2 to 100",
        "factor": "a number from 1 to 100",
        "number": "a number",
        "flag": "true or false",
        "duration": "a duration: a number with ms, s, m, h or d",
        "pattern": "a regular expression",
        "early": "keep or refuse",
        "effect": "transactional or external",
        "jitter": "full or none",
        "audience": "initiator, person, approvers, operators or nobody",
        "value": "a literal, an =expression, or a list or record of them",
        "condition": "an =expression that is true or false",
        "data": "literal data",
        "type": "a type: string, integer, …, a name of types, list of one, a list of words, a record",
        "declaration": "a type, or a type with options",
        "fields": "names with declarations",
        "field": "a declaration; with `choose`, what there is to choose from",
        "any node": "a node: keys with exactly one of task, prompt, decide, call, wait and end",
        "answers": "an answer, or a list of answers",
        "answer": "an outcome, or an outcome with its fields",
    }
)

FLOW: Final = construct(
    "flow",
    "a flow: keys like flow, version, start and nodes",
    "One flow: a file.",
    must("flow", "name", "What the flow is called; `call: NAME@MAJOR` names it.", "flow: confirm_amount"),
    must(
        "version",
        "version",
        "The author's number. Raise it with every change; a new major breaks callers.",
        "version: 1.0.0",
    ),
    must("language", "language", "The version of the flow language.", "language: 1"),
    may("type", "name", "What kind of flow it is; a deployment may demand outcomes of it.", "type: authentication"),
    may("title", "text", "What it is for, in a line.", "title: Ask somebody to confirm an amount"),
    may(
        "types",
        "map of declaration",
        "Named types, each usable below it and in the rest of the flow.",
        "types: {permission: {name: id, title: string}}",
    ),
    may("inputs", "map of declaration", "What whoever starts it gives.", "inputs: {amount: {type: integer, min: 1}}"),
    must(
        "outcomes",
        "map of fields",
        "The answers that it may end with, each with its fields.",
        "outcomes: {confirmed: {note: string}, refused: {}}",
    ),
    may(
        "vars",
        "map of declaration",
        "What it remembers beside steps; `set` writes it.",
        "vars: {reminders: {type: integer, default: 0}}",
    ),
    may(
        "signals",
        "map of signal",
        "Messages from outside that `wait` waits for.",
        "signals: {booked: {from: =inputs.clerk}}",
    ),
    may(
        "deadline",
        "deadline",
        "When the whole flow is over, and the node where it then goes on.",
        "deadline: {at: =inputs.expires_at, to: late}",
    ),
    must("start", "node", "The node where it begins.", "start: ask"),
    must("nodes", "map of any node", "Its nodes by name.", "nodes: {done: {end: confirmed}}"),
    may(
        "keep",
        "list of path",
        "Values that later versions may want, although no node of this one reads them again.",
        "keep: [inputs.subject]",
    ),
    may(
        "migrate",
        "migrate",
        "How executions of an older version go on in this one.",
        "migrate: {from: 1.0.0, nodes: {ask: ask_person}}",
    ),
    may(
        "tests",
        "map of test",
        "Tests of the flow; or write them in NAME.tests.yaml beside it.",
        "tests: {agrees: {inputs: {amount: 5}, ends: confirmed}}",
    ),
)

_ROUTES: Final = "Where it goes on, by {}; every one needs a route."
_TIMEOUT = may(
    "timeout", "timeout", "Where it goes on when nothing has happened in time.", "timeout: {after: 24h, to: late}"
)
_VISITS = may(
    "max_visits",
    "max visits",
    "How often it may be entered, and where it goes on after that.",
    "max_visits: {times: 5, to: locked}",
)

TASK: Final = construct(
    "task",
    "a node",
    "Have a machine do something: an executor works and answers with one of its outcomes.",
    must("task", "executor", "The executor.", "task: password_auth"),
    may(
        "with",
        "map of value",
        "The executor's inputs.",
        "with: {subject: =inputs.subject, password: =steps.ask.password}",
    ),
    may(
        "retry",
        "retry",
        "Which faults are tried again, and how often.",
        "retry: {errors: [transient], attempts: 5, backoff: 500ms}",
    ),
    may(
        "catch",
        "list of catch",
        "Where faults lead; the first that fits is taken. An uncaught fault ends the flow.",
        "catch: [{errors: [transient], to: later}]",
    ),
    _TIMEOUT,
    _VISITS,
    may(
        "routes",
        "map of target",
        _ROUTES.format("outcome of the executor") + " `fault` catches every fault.",
        "routes: {authenticated: ask_consent, rejected: ask, locked: locked}",
    ),
)
PROMPT: Final = construct(
    "prompt",
    "a node",
    "Ask a person: show something, take fields, offer actions.",
    must(
        "prompt",
        "text id | texts",
        "Its texts: an id of the catalogue, or texts of its own.",
        "prompt: {title: Is this amount right?}",
    ),
    may("show", "map of value", "What the person sees.", "show: {amount: =inputs.amount}"),
    may(
        "fields",
        "map of field",
        "What the person fills in.",
        "fields: {note: {type: string, max: 200, optional: true}}",
    ),
    may(
        "submits", "list of name", "The actions that check and set the fields; left out: submit.", "submits: [confirm]"
    ),
    may("by", "value", "Who must answer; left out: whoever has the link.", "by: =inputs.manager"),
    _TIMEOUT,
    _VISITS,
    may("routes", "map of target", "The actions, and where each leads.", "routes: {confirm: done, refuse: refused}"),
)
DECIDE: Final = construct(
    "decide",
    "a node",
    "Choose by values: the first case that holds is taken.",
    must("decide", "list of case", "The cases, in order.", 'decide: [{when: "=inputs.amount > 1000", to: ask}]'),
    must("else", "node | target", "Where it goes on when no case holds.", "else: small"),
    _VISITS,
)
CALL: Final = construct(
    "call",
    "a node",
    "Run another flow and go on with its outcome.",
    must("call", "flow reference", "The flow and its major version.", "call: notification_dispatch@1"),
    may("with", "map of value", "The other flow's inputs.", "with: {recipient: =inputs.manager, link: =inputs.link}"),
    _TIMEOUT,
    _VISITS,
    may(
        "routes",
        "map of target",
        _ROUTES.format("outcome of the other flow") + " `fault` catches its faults.",
        "routes: {sent: ask, undeliverable: late}",
    ),
)
WAIT: Final = construct(
    "wait",
    "a node",
    "Wait for a signal from outside.",
    must("wait", "signal name", "The signal.", "wait: booked"),
    _TIMEOUT,
    _VISITS,
    may("routes", "map of target", "`signalled`: where it goes on when the signal came.", "routes: {signalled: done}"),
)
END: Final = construct(
    "end",
    "a node",
    "Answer: the flow is over.",
    must("end", "outcome", "One of the flow's outcomes.", "end: confirmed"),
    may("with", "map of value", "The outcome's fields.", "with: {note: =steps.ask.note}"),
)
NODES: Final = (TASK, PROMPT, DECIDE, CALL, WAIT, END)

TARGET: Final = construct(
    "target",
    "the name of a node",
    "Where to go on; the name alone is short for `{to: NAME}`.",
    must("to", "node", "The next node.", "to: ask"),
    may("set", "map of value", "Variables to set on the way.", 'set: {reminders: "=vars.reminders + 1"}'),
    may("say", "text id | say", "A message that the next prompt shows.", "say: login.wrong"),
)
SAY: Final = construct(
    "say",
    "the id of a text",
    "A message with parameters.",
    must("id", "text id", "The message's text.", "id: login.wrong"),
    may("params", "map of value", "What is put into it.", "params: {left: =steps.check.attempts_left}"),
)
CASE: Final = construct(
    "case",
    "{when: =…, to: NODE}",
    "One way out of a decision.",
    must("when", "condition", "The condition.", 'when: "=inputs.amount > 1000"'),
    *TARGET.keys,
)
CATCH: Final = construct(
    "catch",
    "{errors: [transient], to: NODE}",
    "Where certain faults of a task lead.",
    may("errors", "list of fault", "Which faults; left out: all.", "errors: [transient]"),
    *TARGET.keys,
)
TIMEOUT: Final = construct(
    "timeout",
    "{after: 24h, to: NODE}",
    "When a node is left unfinished: `after` counts from each entry, `at` is a time. One of them must be there.",
    may("after", "duration", "How long it may take.", "after: 24h"),
    may("at", "value", "The time at which it is over.", "at: =inputs.expires_at"),
    must("to", "node | target", "Where it then goes on.", "to: late"),
)
MAX_VISITS: Final = construct(
    "max visits",
    "{times: 3, to: NODE}",
    "A bound for a loop.",
    must("times", "visits", "How often the node runs; the next entry goes on without running it.", "times: 5"),
    must("to", "node | target", "Where the next entry goes on.", "to: locked"),
)
RETRY: Final = construct(
    "retry",
    "{errors: [transient], attempts: 3}",
    "Which faults of a task are tried again.",
    may("errors", "list of fault", "Which faults; left out: transient.", "errors: [transient]"),
    must("attempts", "attempts", "How many tries in all.", "attempts: 5"),
    may("backoff", "duration", "The pause before the second try; left out: none.", "backoff: 500ms"),
    may("factor", "factor", "What each further pause is multiplied by; left out: 2.", "factor: 2"),
    may("max", "duration", "The longest pause; left out: 1m.", "max: 10s"),
    may("jitter", "jitter", "Whether a pause is shortened at random; left out: full.", "jitter: full"),
)
TEXTS: Final = construct(
    "texts",
    "texts",
    "Texts that stand in the flow itself, for a first flow without a catalogue.",
    must("title", "text", "The question.", "title: Is this amount right?"),
    may("help", "text", "A sentence below it.", "help: Look at the invoice."),
    may("fields", "map of text", "Labels of the fields.", "fields: {note: Why?}"),
    may("actions", "map of text", "Labels of the actions.", "actions: {confirm: It is right}"),
    may("show", "map of text", "Labels of what is shown.", "show: {amount: Amount}"),
)
SIGNAL: Final = construct(
    "signal",
    "{from: =…, payload: …}",
    "A message from outside: who may send it, what is in it, and whether it may come before the flow waits for it.",
    must("from", "value", "An id, or a list of ids.", "from: =inputs.clerk"),
    may("payload", "map of declaration", "What it carries; checked when it arrives.", "payload: {reference: string}"),
    may("early", "early", "What happens to one that comes before the wait; left out: refuse.", "early: keep"),
)
DEADLINE: Final = construct(
    "deadline",
    "{at: =…, to: NODE}",
    "When the whole flow is over.",
    must("at", "value", "The time.", "at: =inputs.expires_at"),
    must("to", "node", "Where it then goes on: to an end, without asking anybody.", "to: late"),
)
MIGRATE: Final = construct(
    "migrate",
    "{from: 1.0.0, nodes: …}",
    "How executions of an older version go on in this one.",
    must("from", "version", "The older version.", "from: 1.0.0"),
    may("nodes", "map of node", "Old nodes by name, each with the new one.", "nodes: {ask: ask_person}"),
)
DECLARATION: Final = construct(
    "declaration with options",
    "a declaration",
    "A type with options that narrow it; the type alone where there are none.",
    must("type", "type", "The type.", "type: string"),
    may("optional", "flag", "Whether it may be left out. An absent value is read by `| default(…)`.", "optional: true"),
    may("default", "data", "What it is where it is left out.", "default: 0"),
    may("secret", "flag", "Whether it may go only where secrets are accepted.", "secret: true"),
    may("audience", "audience", "Who may see it.", "audience: person"),
    may("min", "number", "The least number, or the least length.", "min: 1"),
    may("max", "number", "The greatest number, or the greatest length.", "max: 80"),
    may("pattern", "pattern", "A regular expression that the whole text matches.", "pattern: '[A-Z]{2}[0-9]+'"),
)
FIELD: Final = construct(
    "field with options",
    "a field",
    "What a person fills in: a declaration, and what there is to choose from.",
    *(key for key in DECLARATION.keys if key.name != "default"),
    may("default", "value", "What stands in it at first.", 'default: "=inputs.permissions | names"'),
    may(
        "choose",
        "value",
        "A list of texts, or of records with a `name`, to choose from.",
        "choose: =inputs.permissions",
    ),
)

CONSTRUCTS: Final = (
    FLOW, *NODES, TARGET, SAY, CASE, CATCH, TIMEOUT, MAX_VISITS, RETRY, TEXTS, SIGNAL, DEADLINE, MIGRATE,
    DECLARATION, FIELD, TEST, STEP, CONTRACT_FILE, CONTRACT,
)  # fmt: skip
