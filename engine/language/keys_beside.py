"""The keys of what stands beside a flow: its tests, and contracts of executors that are written elsewhere."""

from typing import Final

from engine.language.key import construct, may, must

TEST: Final = construct(
    "test",
    "a test: {inputs, mocks, script, ends}",
    "One journey through the flow: what goes in, what executors answer, what people do, how it ends.",
    may(
        "inputs",
        "map of data",
        "The flow's inputs; a time may be written +5m, from the start.",
        "inputs: {amount: 1200}",
    ),
    may(
        "mocks",
        "map of answers",
        "What executors answer, in order; the last answer stays. FLOW@MAJOR mocks a called flow.",
        "mocks: {consent: {recorded: {granted: [pay]}}}",
    ),
    may("script", "list of step", "What people do, in order.", "script: [{expect: ask, act: confirm}]"),
    may(
        "sends",
        "list of map of data",
        "All messages that executors were given, in order, each by some of its parts.",
        "sends: [{message: approval.request, channel: email}]",
    ),
    may("ends", "answer", "The outcome, with its fields where they matter.", "ends: {confirmed: {note: fine}}"),
)
STEP: Final = construct(
    "step",
    "a step: {expect, act, with}",
    "One step of a test: look where the flow stands, let time pass, then act, signal, answer or cancel.",
    may(
        "expect",
        "text",
        "The node where the flow must stand; CALL/NODE for one of a called flow.",
        "expect: ask",
    ),
    may("says", "text id", "A message that must be shown.", "says: login.wrong"),
    may("shows", "map of data", "Values that the prompt must show.", "shows: {requester: Shop}"),
    may(
        "sends",
        "list of map of data",
        "The messages that executors were given since the step before, each by some of its parts.",
        "sends: [{message: expense.ask, recipient: bob}]",
    ),
    may("advance", "duration", "How much time passes then; timers fire when they are due.", "advance: 24h"),
    may("act", "name", "The action that the person takes.", "act: confirm"),
    may("signal", "signal name", "The signal that arrives.", "signal: booked"),
    may("from", "text", "Who sends the signal.", "from: ann"),
    may("with", "map of data", "The fields of the action, or the payload of the signal.", "with: {note: fine}"),
    may("answer", "answer", "What comes of a deferred task at last.", "answer: {accepted: {channel: email}}"),
    may("cancel", "text", "Why the execution is cancelled.", "cancel: changed_my_mind"),
    may(
        "refused",
        "text | list of name",
        "Says that this must be refused: by its code, or by the names of the fields that are wrong.",
        "refused: [password]",
    ),
)

CONTRACT_FILE: Final = construct(
    "executors.yaml",
    "{executors: …}",
    "A file beside flows: contracts of executors of your own, for checking and trying flows before they are written.",
    must(
        "executors",
        "map of contract",
        "The contracts by name.",
        "executors: {transfer: {summary: …, effect: external}}",
    ),
)
CONTRACT: Final = construct(
    "contract",
    "a contract: keys like summary, effect, inputs and outcomes",
    "What an executor takes, answers and promises.",
    must("summary", "text", "What it does, in a sentence.", "summary: Moves money between two accounts."),
    must(
        "effect",
        "effect",
        "transactional: committed with the flow's next state; external: it may run more than once.",
        "effect: external",
    ),
    may(
        "types",
        "map of declaration",
        "Named types for the rest of the contract.",
        "types: {item: {name: id, title: string}}",
    ),
    may("inputs", "map of declaration", "What it takes.", "inputs: {amount: number, to: string}"),
    must(
        "outcomes",
        "map of fields",
        "What it may answer, each with its fields.",
        "outcomes: {moved: {receipt: string}, refused: {}}",
    ),
    may(
        "establishes",
        "map of map of text",
        "What an outcome proves: its fields with authentication or consent.",
        "establishes: {verified: {subject: authentication}}",
    ),
    may("requires", "map of text", "Which inputs must be proven, and how.", "requires: {subject: authentication}"),
    may("idempotent", "flag", "Whether doing it twice is doing it once.", "idempotent: true"),
    may(
        "takes_key", "flag", "Whether it takes the engine's key, so that a repetition is recognised.", "takes_key: true"
    ),
    may("defers", "flag", "Whether the node may go on waiting for what it began.", "defers: true"),
    may(
        "faults",
        "map of text",
        "Its own faults, each with its meaning.",
        "faults: {bank_away: the bank does not answer}",
    ),
)
