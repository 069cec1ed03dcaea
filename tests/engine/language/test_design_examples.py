"""The examples of the language's design compile as they stand there."""

# ruff: noqa: E501 - the examples, word for word

from typing import Final

from engine.contracts import Contract, frozen
from engine.language import Catalogue, CheckReport, Source, check_flows
from tests.engine.language.samples import PERMISSION

CONTRACTS: Final = (
    Contract.declare(
        name="password_auth",
        summary="Checks a password.",
        effect="external",
        takes_key=True,
        inputs={"subject": "id", "password": "password"},
        outcomes={
            "authenticated": {"subject": "id", "methods": "list of string"},
            "rejected": {"attempts_left": "integer"},
            "locked": {},
        },
        establishes={"authenticated": {"subject": "authentication", "methods": "authentication"}},
    ),
    Contract.declare(
        name="consent",
        summary="Records a consent.",
        effect="transactional",
        types={"permission": PERMISSION},
        inputs={"subject": "id", "asked": "list of permission", "granted": "list of id", "shown": "string"},
        outcomes={"recorded": {"granted": "list of string"}, "nothing_left": {}},
        establishes={"recorded": {"granted": "consent"}},
        requires={"subject": "authentication", "granted": "answer"},
    ),
    Contract.declare(
        name="assertion_post",
        summary="Hands on a proven approval.",
        effect="external",
        takes_key=True,
        inputs={
            "callback": "endpoint",
            "correlation": "id",
            "subject": "id",
            "methods": "list of string",
            "granted": "list of string",
        },
        outcomes={"accepted": {}, "refused": {}},
        requires={"subject": "authentication", "methods": "authentication", "granted": "consent"},
    ),
)

LOGIN_APPROVAL: Final = """\
# yaml-language-server: $schema=./flow.schema.json
flow: login_approval
version: 1.0.0
language: 1
type: authentication            # which outcomes a deployment demands of it; changes nothing at run time
title: Sign in, see what is asked, decide

types:
  permission: {name: id, title: string, description: {type: string, optional: true}, required: {type: boolean, default: false}}
inputs:
  subject: {type: id}                               # who must sign in
  requester: {type: string, max: 80}
  binding_message: {type: string, max: 256, optional: true}
  permissions: {type: list of permission}
  callback: {type: endpoint}                        # a callback that a protocol layer registered, never a free URL
  correlation: {type: id}
  expires_at: {type: time}
outcomes:
  approved: {granted: list of string}
  denied: {by: [person, not_me, lockout]}
  expired: {}
deadline: {at: =inputs.expires_at, to: late}
start: ask_password

nodes:
  ask_password:
    prompt: login.password                          # the id of its texts in the catalogue
    show: {requester: =inputs.requester, message: "=inputs.binding_message | default('')"}
    fields: {password: {type: password}}
    routes: {submit: check, not_me: not_me}
    max_visits: {times: 5, to: locked}

  check:
    task: password_auth
    with: {subject: =inputs.subject, password: =steps.ask_password.password}
    routes:
      authenticated: ask_consent
      rejected: {to: ask_password, say: login.wrong}
      locked: locked

  ask_consent:
    prompt: consent.permissions
    show: {requester: =inputs.requester, message: "=inputs.binding_message | default('')"}
    fields: {granted: {type: list of id, choose: =inputs.permissions, default: "=inputs.permissions | names"}}
    submits: [allow]
    routes: {allow: record, deny: refused, not_me: not_me}

  record:
    task: consent
    with: {subject: =steps.check.subject, asked: =inputs.permissions, granted: =steps.ask_consent.granted,
           shown: "=inputs.binding_message | default('')"}
    routes: {recorded: post, nothing_left: refused}

  post:
    task: assertion_post
    with: {callback: =inputs.callback, correlation: =inputs.correlation,
           subject: =steps.check.subject, methods: =steps.check.methods, granted: =steps.record.granted}
    retry: {errors: [transient], attempts: 5, backoff: 500ms, factor: 2, max: 10s, jitter: full}
    routes: {accepted: done, refused: late}

  done: {end: approved, with: {granted: =steps.record.granted}}
  refused: {end: denied, with: {by: person}}
  not_me: {end: denied, with: {by: not_me}}
  locked: {end: denied, with: {by: lockout}}
  late: {end: expired}
"""

# The tests beside it; a plain y is no text, and stands in quotes.
TESTS: Final = """\
tests:                              # in the flow, or beside it in NAME.tests.yaml
  wrong once, then approves:
    inputs: {subject: ann, requester: Shop, permissions: [{name: pay, title: Pay}], callback: test, correlation: c1, expires_at: +5m}
    mocks: {password_auth: [{rejected: {attempts_left: 4}}, {authenticated: {subject: ann, methods: [pwd]}}], consent: {recorded: {granted: [pay]}}, assertion_post: {accepted: {}}}
    script:
      - {expect: ask_password, act: submit, with: {password: x}}
      - {expect: ask_password, says: login.wrong, act: submit, with: {password: "y"}}
      - {expect: ask_consent, advance: 119s, act: allow, with: {granted: [pay]}}
    ends: {approved: {granted: [pay]}}
"""

# What the design shows of the parts that the first example does not need, with the nodes that it leaves out.
EXPENSE: Final = """\
flow: expense
version: 1.0.0
language: 1
inputs: {manager: id, amount: integer, link: url}
outcomes: {booked: {reference: string}, refused: {}, expired: {}}
vars: {reminders: {type: integer, default: 0}}
signals:
  booked: {from: =inputs.manager, payload: {reference: string}, early: keep}
start: size
nodes:
  size: {decide: [{when: "=inputs.amount > 1000", to: tell}], else: done_small}
  tell:
    call: notification_dispatch@1
    with: {recipient: =inputs.manager, message: {id: expense.ask, params: {amount: =inputs.amount}}, link: =inputs.link}
    routes: {sent: ask, undeliverable: late, fault: late}
  ask:
    prompt: expense.decide
    by: =inputs.manager
    fields: {why: {type: string, max: 200, optional: true}}
    submits: [allow, deny]
    timeout: {after: 24h, to: again}
    routes: {allow: book, deny: said_no}
  again: {decide: [{when: "=vars.reminders < 2", to: tell, set: {reminders: =vars.reminders + 1}}], else: late}
  book: {wait: booked, timeout: {after: 1h, to: late}, routes: {signalled: done}}
  done: {end: booked, with: {reference: =steps.book.reference}}
  done_small: {end: booked, with: {reference: small}}
  said_no: {end: refused}
  late: {end: expired}
"""

DISPATCH: Final = """\
flow: notification_dispatch
version: 1.0.0
language: 1
inputs: {recipient: id, message: message, link: url}
outcomes: {sent: {}, undeliverable: {}}
start: ask
nodes:
  ask: {prompt: {title: Is it there?}, show: {to: =inputs.recipient, link: =inputs.link, text: =inputs.message}, routes: {submit: sent, lost: lost}}
  sent: {end: sent}
  lost: {end: undeliverable}
""".replace("Is it there?", '"Is it there?"')

TEXTS: Final = (
    *("login.password.title", "login.password.fields.password.label", "login.wrong", "consent.permissions.title"),
    *("login.password.actions.submit.label", "login.password.actions.not_me.label"),
    *("login.password.show.requester", "login.password.show.message"),
    *("consent.permissions.fields.granted.label", "consent.permissions.show.requester"),
    *("consent.permissions.show.message", "consent.permissions.actions.allow.label"),
    *("consent.permissions.actions.deny.label", "consent.permissions.actions.not_me.label"),
    *("expense.ask", "expense.decide.title", "expense.decide.fields.why.label"),
    *("expense.decide.actions.allow.label", "expense.decide.actions.deny.label"),
)
CATALOGUE: Final = Catalogue(languages=frozen({"en": frozen(dict.fromkeys(TEXTS, "Words"))}))


def check(*flows: tuple[str, str], tests: str = "") -> CheckReport:
    """Check examples together."""
    sources = [Source(file=file, text=text) for file, text in flows]
    beside = [Source(file=f"{flows[0][0].removesuffix('.yaml')}.tests.yaml", text=tests)] if tests else []
    return check_flows(sources, contracts=CONTRACTS, catalogue=CATALOGUE, tests=beside)


def test_the_first_example_compiles() -> None:
    report = check(("login_approval.yaml", LOGIN_APPROVAL), tests=TESTS)
    assert report.diagnostics == ()
    assert [graph.name for graph in report.flows] == ["login_approval"]
    assert [one.name for one in report.tests["login_approval"]] == ["wrong once, then approves"]


def test_the_parts_that_it_does_not_need_compile() -> None:
    report = check(("expense.yaml", EXPENSE), ("notification_dispatch.yaml", DISPATCH))
    assert report.diagnostics == ()
    assert len(report.flows) == 2
