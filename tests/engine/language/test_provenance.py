"""An approval is proven on every path, through steps, variables, records and calls; whatever lacks the proof is told."""

# ruff: noqa: E501 - flows are shown as their authors write them

import pytest

from engine.contracts import Contract
from engine.language import Diagnostic, Source, check_flows
from tests.engine.language.samples import CATALOGUE, CONTRACTS

POST = Contract.declare(
    name="post",
    summary="Hands on a proven approval.",
    effect="transactional",
    inputs={"subject": "id", "methods": {"type": "list of string", "optional": True}, "granted": "list of string"},
    outcomes={"accepted": {}, "refused": {}},
    requires={"subject": "authentication", "methods": "authentication", "granted": "consent"},
)
IDENTIFY = Contract.declare(
    name="identify",
    summary="Finds out who holds a device.",
    effect="external",
    inputs={"code": "code"},
    outcomes={"known": {"subject": "id", "methods": "list of string"}, "unknown": {}},
    establishes={"known": {"subject": "authentication", "methods": "authentication"}},
)

FLOW = """\
flow: approve
version: 1.0.0
language: 1
types:
  permission: {name: id, title: string, description: {type: string, optional: true}, required: {type: boolean, default: false}}
inputs: {subject: id, other: id, permissions: list of permission}
outcomes: {approved: {granted: list of string}, denied: {}}
vars:
  who: {type: id, optional: true}
  what: {type: list of string, default: []}
start: ask_password
nodes:
  ask_password:
    prompt: {title: Sign in}
    fields: {password: password}
    routes: {submit: check, leave: denied}
    max_visits: {times: 5, to: denied}
  check:
    task: password_auth
    with: {subject: =inputs.subject, password: =steps.ask_password.password}
    routes: {authenticated: ask_consent, rejected: ask_password, locked: denied}
  ask_consent:
    prompt: {title: "Do you allow this?"}
    fields: {granted: {type: list of id, choose: =inputs.permissions}}
    submits: [allow]
    routes: {allow: record, deny: denied}
  record:
    task: consent
    with: {subject: =steps.check.subject, asked: =inputs.permissions, granted: =steps.ask_consent.granted, shown: ""}
    routes: {recorded: post, nothing_left: denied}
  post:
    task: post
    with: {subject: =steps.check.subject, methods: =steps.check.methods, granted: =steps.record.granted}
    routes: {accepted: done, refused: denied}
  done: {end: approved, with: {granted: =steps.record.granted}}
  denied: {end: denied}
"""


def check(text: str, *more: str) -> list[Diagnostic]:
    """Return what is wrong with a flow, beside the ones that it calls."""
    sources = [Source(file=f"{index}.yaml", text=one) for index, one in enumerate((text, *more))]
    report = check_flows(sources, contracts=(*CONTRACTS, POST, IDENTIFY), catalogue=CATALOGUE)
    return [found for found in report.diagnostics if found.file == "0.yaml" and found.code != "LH703"]


def edited(*edits: tuple[str, str]) -> str:
    """Return the flow with some places changed, each of which is there exactly once."""
    text = FLOW
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def test_a_proven_approval_is_accepted() -> None:
    assert check(FLOW) == []


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        ("post\n    with: {subject: =steps.check.subject", "post\n    with: {subject: =inputs.subject", "LH851", "'inputs.subject' proves nothing"),
        ("post\n    with: {subject: =steps.check.subject", "post\n    with: {subject: ann", "LH851", "stands in the flow"),
        ("post\n    with: {subject: =steps.check.subject", 'post\n    with: {subject: "=steps.check.subject | default(inputs.subject)"', "LH851", "this expression"),
        ("post\n    with: {subject: =steps.check.subject", "post\n    with: {subject: \"=steps.check.subject if inputs.other == 'x' else inputs.subject\"", "LH851", "this expression"),
        ("methods: =steps.check.methods", "methods: [pwd]", "LH851", "'methods' must come from a sign-in"),
        ("methods: =steps.check.methods", "methods: \"=steps.check.methods + ['otp']\"", "LH851", "this expression"),
        ("granted: =steps.record.granted}\n    routes", "granted: =steps.ask_consent.granted}\n    routes", "LH851", "'granted' must be what a person consented to"),
        ("granted: =steps.record.granted}\n    routes", 'granted: "=inputs.permissions | names"}\n    routes', "LH851", "consented"),
        ("granted: =steps.record.granted}\n    routes", "granted: []}\n    routes", "LH851", "consented"),
        ("granted: =steps.ask_consent.granted, shown", 'granted: "=inputs.permissions | names", shown', "LH851", "a person's own answer to a prompt"),
        ("consent\n    with: {subject: =steps.check.subject", "consent\n    with: {subject: =inputs.subject", "LH851", "on the path ask_password → check → ask_consent → record"),
    ],
)  # fmt: skip
def test_what_is_not_proven_is_refused(old: str, new: str, code: str, words: str) -> None:
    (found,) = check(edited((old, new)))
    assert found.code == code
    assert words in found.message


def test_the_path_that_lacks_the_proof_is_printed() -> None:
    text = edited(
        ("authenticated: ask_consent", "authenticated: {to: ask_consent, set: {who: =steps.check.subject}}"),
        ("leave: denied", "leave: {to: ask_consent, set: {who: =inputs.subject}}"),
        ("consent\n    with: {subject: =steps.check.subject", "consent\n    with: {subject: =vars.who"),
        ("post\n    with: {subject: =steps.check.subject, methods: =steps.check.methods", "post\n    with: {subject: =vars.who"),
    )  # fmt: skip
    asked, posted = check(text)
    assert asked.message.endswith(
        "'vars.who' proves nothing of the kind: on the path ask_password → ask_consent → record"
    )
    assert posted.message.endswith("on the path ask_password → ask_consent → record → post")
    assert posted.hint == "write =steps.check.subject, and let every path to here go through 'check'"


def test_proofs_are_followed_through_variables() -> None:
    text = edited(
        ("authenticated: ask_consent", "authenticated: {to: ask_consent, set: {who: =steps.check.subject}}"),
        ("recorded: post", 'recorded: {to: post, set: {what: "=[steps.record.granted[0]]"}}'),
        ("consent\n    with: {subject: =steps.check.subject", "consent\n    with: {subject: =vars.who"),
        ("post\n    with: {subject: =steps.check.subject", "post\n    with: {subject: =vars.who"),
        ("granted: =steps.record.granted}\n    routes", "granted: =vars.what}\n    routes"),
    )
    assert check(text) == []


def test_a_consent_of_somebody_else_is_refused() -> None:
    second = """\
  ask_other:
    prompt: {title: And you}
    by: =inputs.other
    fields: {password: password}
    routes: {submit: check_other}
    max_visits: {times: 5, to: denied}
  check_other:
    task: password_auth
    with: {subject: =inputs.other, password: =steps.ask_other.password}
    routes: {authenticated: ask_consent, rejected: ask_other, locked: denied}
  ask_consent:"""
    text = edited(("authenticated: ask_consent", "authenticated: ask_other"), ("  ask_consent:", second))
    consented = text.replace(
        "consent\n    with: {subject: =steps.check.subject", "consent\n    with: {subject: =steps.check_other.subject"
    )
    (found,) = check(consented)
    assert (found.code, found.line) == ("LH852", consented[: consented.index("task: post")].count("\n") + 2)
    assert "'granted' may be about another person than 'subject'" in found.message
    assert found.related
    methods = text.replace("methods: =steps.check.methods", "methods: =steps.check_other.methods")
    assert [one.code for one in check(methods)] == ["LH852"]
    whole = consented.replace(
        "post\n    with: {subject: =steps.check.subject, methods: =steps.check.methods",
        "post\n    with: {subject: =steps.check_other.subject, methods: =steps.check_other.methods",
    )
    assert check(whole) == []


def test_an_answer_of_somebody_else_is_no_consent() -> None:
    (found,) = check(edited(("    submits: [allow]", "    by: =inputs.other\n    submits: [allow]")))
    assert found.code == "LH852"
    assert check(edited(("    submits: [allow]", "    by: =inputs.subject\n    submits: [allow]"))) == []
    assert check(edited(("    submits: [allow]", "    by: =steps.check.subject\n    submits: [allow]"))) == []


def test_two_sign_ins_of_one_person_are_one_person() -> None:
    second = """\
  ask_again:
    prompt: {title: Once more}
    fields: {password: password}
    routes: {submit: check_again}
    max_visits: {times: 5, to: denied}
  check_again:
    task: password_auth
    with: {subject: =steps.check.subject, password: =steps.ask_again.password}
    routes: {authenticated: ask_consent, rejected: ask_again, locked: denied}
  ask_consent:"""
    text = edited(
        ("authenticated: ask_consent", "authenticated: ask_again"),
        ("  ask_consent:", second),
        ("methods: =steps.check.methods", "methods: =steps.check.methods + steps.check_again.methods"),
    )
    assert check(text) == []


IDENTIFIED = (
    ("fields: {password: password}", "fields: {code: code}"),
    ("task: password_auth\n    with: {subject: =inputs.subject, password: =steps.ask_password.password}", "task: identify\n    with: {code: =steps.ask_password.code}"),
    ("routes: {authenticated: ask_consent, rejected: ask_password, locked: denied}", "routes: {known: ask_consent, unknown: ask_password}"),
)  # fmt: skip


def test_who_was_found_out_by_signing_in_is_followed() -> None:
    assert check(edited(*IDENTIFIED)) == []


AGAIN = """\
  ask_again:
    prompt: {title: Again}
    fields: {code: code}
    routes: {submit: check_again}
    max_visits: {times: 5, to: denied}
  check_again:
    task: identify
    with: {code: =steps.ask_again.code}
    routes: {known: post, unknown: ask_again}
  post:
"""


def test_a_consent_from_before_another_sign_in_is_refused() -> None:
    text = edited(
        *IDENTIFIED,
        ("recorded: post", "recorded: ask_again"),
        ("  post:\n", AGAIN),
        ("post\n    with: {subject: =steps.check.subject, methods: =steps.check.methods", "post\n    with: {subject: =steps.check_again.subject, methods: =steps.check_again.methods"),
    )  # fmt: skip
    (found,) = check(text)
    assert found.code == "LH852"
    looped = edited(
        *IDENTIFIED,
        ("known: ask_consent", "known: first_time"),
        ("recorded: post", "recorded: {to: ask_password, set: {what: =steps.record.granted}}"),
        ("  record:\n", "  first_time:\n    decide: [{when: vars.what | length == 0, to: ask_consent}]\n    else: post\n  record:\n"),
        ("granted: =steps.record.granted}\n    routes", "granted: =vars.what}\n    routes"),
        ("granted: =steps.record.granted}}", "granted: =vars.what}}"),
    )  # fmt: skip
    looped = looped.replace("when: vars.what | length == 0", 'when: "=(vars.what | length) == 0"')
    codes = [one.code for one in check(looped)]
    assert codes == ["LH851"], "the default of the variable was consented to by nobody"


SIGN_IN = """\
flow: sign_in
version: 1.0.0
language: 1
inputs: {person: id}
outcomes: {signed_in: {who: id, how: list of string}, failed: {}}
start: ask
nodes:
  ask:
    prompt: {title: Sign in}
    fields: {password: password}
    routes: {submit: check, leave: failed}
    max_visits: {times: 5, to: failed}
  check:
    task: password_auth
    with: {subject: =inputs.person, password: =steps.ask.password}
    routes: {authenticated: done, rejected: ask, locked: failed}
  done: {end: signed_in, with: {who: =steps.check.subject, how: =steps.check.methods}}
  failed: {end: failed}
"""
CALLING = (
    (FLOW[FLOW.index("  ask_password:") : FLOW.index("  ask_consent:")], "  check:\n    call: sign_in@1\n    with: {person: =inputs.subject}\n    routes: {signed_in: ask_consent, failed: denied}\n"),
    ("start: ask_password", "start: check"),
    ("consent\n    with: {subject: =steps.check.subject", "consent\n    with: {subject: =steps.check.who"),
    ("post\n    with: {subject: =steps.check.subject, methods: =steps.check.methods", "post\n    with: {subject: =steps.check.who, methods: =steps.check.how"),
)  # fmt: skip


def test_proofs_are_followed_through_calls() -> None:
    assert check(edited(*CALLING), SIGN_IN) == []
    by_person = (("    submits: [allow]", "    by: =inputs.subject\n    submits: [allow]"),)
    assert check(edited(*CALLING, *by_person), SIGN_IN) == []
    by_other = (("    submits: [allow]", "    by: =inputs.other\n    submits: [allow]"),)
    assert [one.code for one in check(edited(*CALLING, *by_other), SIGN_IN)] == ["LH852"]


def test_a_callee_that_proves_it_on_some_paths_only_proves_nothing() -> None:
    leaky = SIGN_IN.replace("leave: failed", "leave: skipped").replace(
        "  failed: {end: failed}",
        "  failed: {end: failed}\n  skipped: {end: signed_in, with: {who: =inputs.person, how: []}}",
    )
    codes = [(one.code, one.message.partition(" ")[0]) for one in check(edited(*CALLING), leaky)]
    assert codes == [("LH851", "'subject'"), ("LH851", "'subject'"), ("LH851", "'methods'")]


def test_a_whole_record_carries_what_its_parts_prove() -> None:
    text = edited(
        ("  who: {type: id, optional: true}", "  who: {type: {subject: id, note: string}, optional: true}"),
        ("authenticated: ask_consent", "authenticated: {to: ask_consent, set: {who: {subject: =steps.check.subject, note: =inputs.other}}}"),
        ("post\n    with: {subject: =steps.check.subject", "post\n    with: {subject: =vars.who.subject"),
    )  # fmt: skip
    assert check(text) == []
    assert [one.code for one in check(text.replace("=vars.who.subject", "=vars.who.note"))] == ["LH602"]
    swapped = text.replace("{subject: =steps.check.subject, note", "{subject: =inputs.other, note")
    assert [one.code for one in check(swapped)] == ["LH851"]


def test_nothing_follows_from_what_is_wrong_already() -> None:
    assert [one.code for one in check(edited(("task: password_auth", "task: pasword_auth")))] == ["LH301"]
    assert [one.code for one in check(edited(("authenticated: ask_consent", "authentcated: ask_consent")))] == [
        "LH401",
        "LH402",
    ]
    assert [one.code for one in check(edited(*CALLING))] == ["LH302"]


def test_the_deadline_may_come_when_something_else_was_noted() -> None:
    text = edited(
        ("inputs: {subject: id,", "inputs: {subject: id, until: time,"),
        ("start: ask_password\n", "deadline: {at: =inputs.until, to: late}\nstart: ask_password\n"),
        ("leave: denied", "leave: {to: ask_consent, set: {who: =inputs.other}}"),
        ("authenticated: ask_consent", "authenticated: {to: ask_consent, set: {who: =steps.check.subject}}"),
        ("consent\n    with: {subject: =steps.check.subject", "consent\n    with: {subject: =inputs.subject"),
        (
            "post\n    with: {subject: =steps.check.subject, methods: =steps.check.methods",
            "post\n    with: {subject: =vars.who",
        ),
        ("recorded: post", "recorded: denied"),
        ("granted: =steps.record.granted}\n    routes", 'granted: "=vars.what"}\n    routes'),
        ("=steps.record.granted}}", "=vars.what}}"),
        ("  done:", '  late:\n    decide: [{when: "=vars.who is defined", to: post}]\n    else: denied\n  done:'),
    )
    found = [(one.code, one.message) for one in check(text) if one.message.startswith("'subject'")]
    assert [code for code, _ in found] == ["LH851", "LH851"]
    assert found[1][1].endswith("on the path ask_password → ask_consent → late → post")
