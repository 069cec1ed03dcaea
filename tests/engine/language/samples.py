"""Valid flows, contracts and texts that the tests of the language start from."""

# ruff: noqa: E501 - flows are shown as their authors write them

from collections.abc import Mapping
from typing import Final

from engine.contracts import Contract, frozen
from engine.language import Catalogue

PERMISSION: Final = {
    "name": "id",
    "title": "string",
    "description": {"type": "string", "optional": True},
    "required": {"type": "boolean", "default": False},
}

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
        faults={"directory_away": "the directory does not answer"},
    ),
    Contract.declare(
        name="consent",
        summary="Notes what was granted.",
        effect="transactional",
        types={"permission": PERMISSION},
        inputs={"subject": "id", "asked": "list of permission", "granted": "list of id", "shown": "string"},
        outcomes={"recorded": {"granted": "list of string"}, "nothing_left": {}},
        establishes={"recorded": {"granted": "consent"}},
        requires={"subject": "authentication", "granted": "answer"},
    ),
    Contract.declare(
        name="charge",
        summary="Charges a card; never twice by itself.",
        effect="external",
        inputs={
            "amount": "number",
            "account": {"type": "string", "secret": True, "optional": True},
            "when": {"type": "time", "optional": True},
            "kind": {"type": ["small", "large"], "default": "small"},
            "note": {"type": "message", "optional": True},
            "data": {"type": "json", "optional": True},
        },
        outcomes={"charged": {"receipt": "string", "note": {"type": "string", "optional": True}}, "declined": {}},
    ),
)

CATALOGUE: Final = Catalogue(
    languages=frozen(
        {
            "en": frozen(
                {
                    "login.password.title": "Sign in for {{ requester }}",
                    "login.password.fields.password.label": "Password",
                    "login.password.actions.submit.label": "Go on",
                    "login.password.actions.not_me.label": "This is not me",
                    "login.password.show.requester": "Who asks",
                    "login.wrong": "That was wrong; {{ attempts_left }} attempts are left.",
                    "login.slow": "Please wait.",
                }
            ),
            "de": frozen(
                {
                    "login.password.title": "Anmelden für {{ requester }}",
                    "login.password.fields.password.label": "Passwort",
                    "login.password.actions.submit.label": "Weiter",
                    "login.password.actions.not_me.label": "Das bin ich nicht",
                    "login.password.show.requester": "Wer fragt",
                    "login.wrong": "Das war falsch; noch {{ attempts_left }} Versuche.",
                }
            ),
        }
    )
)

LOGIN: Final = """\
flow: login
version: 1.0.0
language: 1
type: authentication
title: Sign in and decide
types:
  permission: {name: id, title: string, description: {type: string, optional: true}, required: {type: boolean, default: false}}
inputs:
  subject: id
  requester: {type: string, max: 80}
  binding_message: {type: string, max: 256, optional: true}
  permissions: list of permission
  expires_at: time
outcomes:
  approved: {granted: list of string}
  denied: {by: [person, not_me, lockout]}
  expired: {}
deadline: {at: =inputs.expires_at, to: late}
start: ask_password
nodes:
  ask_password:
    prompt: login.password
    show: {requester: =inputs.requester}
    fields: {password: {type: password}}
    routes: {submit: check, not_me: not_me}
    max_visits: {times: 5, to: locked}
  check:
    task: password_auth
    with: {subject: =inputs.subject, password: =steps.ask_password.password}
    retry: {errors: [transient, directory_away], attempts: 3}
    routes:
      authenticated: ask_consent
      rejected: {to: ask_password, say: {id: login.wrong, params: {attempts_left: =steps.check.attempts_left}}}
      locked: locked
      fault: late
  ask_consent:
    prompt: {title: "What do you allow?"}
    fields: {granted: {type: list of id, choose: =inputs.permissions, default: "=inputs.permissions | names"}}
    submits: [allow]
    routes: {allow: record, deny: refused}
    timeout: {after: 10m, to: late}
  record:
    task: consent
    with:
      subject: =steps.check.subject
      asked: =inputs.permissions
      granted: =steps.ask_consent.granted
      shown: =inputs.binding_message | default('')
    routes: {recorded: done, nothing_left: refused}
  done: {end: approved, with: {granted: =steps.record.granted}}
  refused: {end: denied, with: {by: person}}
  not_me: {end: denied, with: {by: not_me}}
  locked: {end: denied, with: {by: lockout}}
  late: {end: expired}
"""

NOTIFY: Final = """\
flow: notify
version: 1.2.0
language: 1
inputs: {recipient: id, amount: integer, link: {type: url, optional: true}}
outcomes: {sent: {channel: string}, failed: {}}
start: ask
nodes:
  ask: {prompt: {title: "Was it received?"}, routes: {submit: good, never: bad}}
  good: {end: sent, with: {channel: mail}}
  bad: {end: failed}
"""

EXPENSE: Final = """\
flow: expense
version: 2.0.1
language: 1
inputs:
  amount: integer
  manager: id
  link: {type: url, optional: true}
  kind: [travel, food]
  person: {name: id, nick: {type: string, optional: true}}
  people: {type: list of id, default: []}
  account: {type: string, secret: true}
outcomes: {paid: {receipt: string}, refused: {}}
vars:
  reminders: {type: integer, default: 0}
  reason: {type: string, optional: true}
signals:
  booked: {from: =inputs.manager, payload: {reference: string}, early: keep}
keep: [vars.reason]
start: size
nodes:
  size:
    decide:
      - {when: "=inputs.amount > 1000 and inputs.kind == 'travel'", to: tell}
      - {when: "=inputs.person.nick is defined", to: ask}
    else: pay
  tell:
    call: notify@1
    with: {recipient: =inputs.manager, amount: =inputs.amount}
    routes: {sent: ask, failed: nope, fault: nope}
  ask:
    prompt: {title: "Allow it?"}
    by: =inputs.manager
    show: {who: =inputs.person.name}
    fields: {why: {type: string, max: 200, optional: true}}
    submits: [allow, deny]
    timeout: {after: 24h, to: again}
    routes: {allow: book, deny: {to: nope, set: {reason: "=steps.ask.why | default('none')"}}}
  again:
    decide: [{when: =vars.reminders < 2, to: tell, set: {reminders: =vars.reminders + 1}}]
    else: nope
  book:
    wait: booked
    timeout: {after: 1h, to: nope}
    routes: {signalled: pay}
  pay:
    task: charge
    with: {amount: =inputs.amount, account: =inputs.account, data: {who: =inputs.person, list: [1, =inputs.kind]}}
    catch: [{errors: [transient], to: nope}]
    routes: {charged: done, declined: nope}
  done: {end: paid, with: {receipt: =steps.pay.receipt}}
  nope: {end: refused}
"""

FLOWS: Final[Mapping[str, str]] = {"login.yaml": LOGIN, "notify.yaml": NOTIFY, "expense.yaml": EXPENSE}
