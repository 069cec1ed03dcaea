"""Two flows with all that the language has, and tests of them that walk through all of it."""

from typing import Final

from engine.contracts import Contract
from engine.language import Catalogue, FlowSet, Source, check_flows, render_diagnostics

CONTRACTS: Final = (
    Contract.declare(
        name="check_pin",
        summary="Checks a code.",
        effect="external",
        takes_key=True,
        inputs={"subject": "id", "pin": "code"},
        outcomes={"right": {"at": "time"}, "wrong": {"left": "integer"}},
    ),
    Contract.declare(
        name="send",
        summary="Sends a message.",
        effect="transactional",
        defers=True,
        inputs={"recipient": "id", "message": "message", "link": {"type": "url", "secret": True}},
        outcomes={
            "accepted": {"channel": "string", "note": {"type": "string", "optional": True}},
            "refused_by_all": {},
        },
    ),
    Contract.declare(
        name="count",
        summary="Counts.",
        effect="transactional",
        inputs={"what": "string"},
        outcomes={"counted": {"total": "integer"}},
    ),
    Contract.declare(
        name="book",
        summary="Books a trip.",
        effect="external",
        takes_key=True,
        inputs={"traveller": "id"},
        outcomes={"booked": {"reference": "string"}},
        faults={"sold_out": "there is no seat"},
    ),
)

CATALOGUE: Final = Catalogue(languages={"en": {"trip.wrong": "That code is wrong."}})

TELL: Final = """\
flow: tell
version: 1.0.0
language: 1
inputs:
  recipient: id
  message: message
  link: {type: url, secret: true}
outcomes:
  told: {channel: string, note: {type: string, optional: true}}
  untold: {}
start: post
nodes:
  post:
    task: send
    with: {recipient: =inputs.recipient, message: =inputs.message, link: =inputs.link}
    timeout: {after: 1h, to: lost}
    routes: {accepted: done, refused_by_all: lost}
  done: {end: told, with: {channel: =steps.post.channel}}
  lost: {end: untold}
"""

TRIP: Final = """\
flow: trip
version: 1.0.0
language: 1
title: Approve and book a trip
inputs:
  traveller: id
  manager: id
  amount: {type: integer, min: 1}
  link: {type: url, secret: true}
  expires_at: time
outcomes:
  booked: {reference: string, total: integer}
  refused: {by: [manager, pin, sold_out]}
  late: {}
vars: {reminders: {type: integer, default: 0}}
signals:
  paid: {from: =inputs.traveller, payload: {receipt: string}, early: keep}
deadline: {at: =inputs.expires_at, to: too_late}
start: size
nodes:
  size: {decide: [{when: =inputs.amount > 1000, to: tell}], else: reserve}
  tell:
    call: tell@1
    with:
      recipient: =inputs.manager
      message: {id: trip.ask, params: {amount: =inputs.amount}}
      link: =inputs.link
    routes: {told: ask, untold: too_late, fault: too_late}
  ask:
    prompt: {title: "May this trip be booked?"}
    by: =inputs.manager
    show: {traveller: =inputs.traveller, amount: =inputs.amount}
    fields: {pin: code}
    submits: [allow]
    timeout: {after: 24h, to: again}
    routes: {allow: check, deny: refused}
  again:
    decide: [{when: =vars.reminders < 1, to: tell, set: {reminders: =vars.reminders + 1}}]
    else: too_late
  check:
    task: check_pin
    with: {subject: =inputs.manager, pin: =steps.ask.pin}
    retry: {errors: [transient], attempts: 2}
    max_visits: {times: 2, to: wrong_pin}
    routes: {right: reserve, wrong: {to: ask, say: trip.wrong}}
  reserve:
    task: book
    with: {traveller: =inputs.traveller}
    retry: {errors: [transient], attempts: 3, backoff: 2s, factor: 2, max: 10s, jitter: full}
    catch: [{errors: [sold_out], to: sold_out}]
    routes: {booked: pay}
  pay:
    wait: paid
    timeout: {after: 1h, to: too_late}
    routes: {signalled: tally}
  tally:
    task: count
    with: {what: trips}
    routes: {counted: done}
  done: {end: booked, with: {reference: =steps.reserve.reference, total: =steps.tally.total}}
  refused: {end: refused, with: {by: manager}}
  wrong_pin: {end: refused, with: {by: pin}}
  sold_out: {end: refused, with: {by: sold_out}}
  too_late: {end: late}
"""

TELL_TESTS: Final = """\
tests:
  is told at once:
    inputs: {recipient: bob, message: {id: hello}, link: "https://id.example/x"}
    mocks: {send: {accepted: {channel: email}}}
    sends: [{message: hello, recipient: bob, link: "https://id.example/x"}]
    ends: {told: {channel: email}}
  is told later:
    inputs: {recipient: bob, message: {id: hello}, link: "https://id.example/x"}
    mocks: {send: deferred}
    script:
      - {expect: post, advance: 59m, answer: {accepted: {channel: sms, note: "slow, but there"}}}
    ends: {told: {channel: sms}}
  is not told in time:
    inputs: {recipient: bob, message: {id: hello}, link: "https://id.example/x"}
    mocks: {send: {deferred: {for: 2h}}}
    script:
      - {expect: post, advance: 1h}
    ends: untold
  is told by nobody:
    inputs: {recipient: bob, message: {id: hello}, link: "https://id.example/x"}
    mocks: {send: refused_by_all}
    ends: untold
"""

TRIP_TESTS: Final = """\
tests:
  a small trip needs no manager:
    inputs: {traveller: ann, manager: bob, amount: 10, link: "https://id.example/x", expires_at: +2d}
    mocks: {book: {booked: {reference: r1}}, count: {counted: {total: 1}}}
    script:
      - {expect: pay, sends: [], signal: paid, from: eve, with: {receipt: x}, refused: not_allowed}
      - {expect: pay, signal: paid, from: ann, with: {}, refused: [receipt]}
      - {expect: pay, signal: paid, from: ann, with: {receipt: x}}
    ends: {booked: {reference: r1, total: 1}}
  a large trip is approved with the second code:
    inputs: {traveller: ann, manager: bob, amount: 2000, link: "https://id.example/x", expires_at: +2d}
    mocks:
      send: {accepted: {channel: email}}
      check_pin: [{transient: {code: away}}, {wrong: {left: 1}}, {right: {at: +0s}}]
      book: [{transient: {code: away}}, {transient: {code: away}}, {booked: {reference: r1}}]
      count: {counted: {total: 7}}
    script:
      - expect: ask
        shows: {traveller: ann, amount: 2000}
        sends: [{recipient: bob, message: {id: trip.ask, params: {amount: 2000}}}]
        act: allow
        refused: [pin]
      - {expect: ask, act: allow, with: {pin: "1111"}}
      - {expect: ask, says: trip.wrong, sends: [], act: allow, with: {pin: "1234"}}
      - {expect: pay, signal: paid, from: ann, with: {receipt: x}}
    ends: {booked: {reference: r1, total: 7}}
  the money comes before the answer:
    inputs: {traveller: ann, manager: bob, amount: 2000, link: "https://id.example/x", expires_at: +2d}
    mocks:
      send: {accepted: {channel: email}}
      check_pin: {right: {at: +0s}}
      book: {booked: {reference: r1}}
      count: {counted: {total: 7}}
    script:
      - {expect: ask, signal: paid, from: ann, with: {receipt: x}}
      - {expect: ask, act: allow, with: {pin: "1234"}}
    ends: booked
  the code is wrong twice:
    inputs: {traveller: ann, manager: bob, amount: 2000, link: "https://id.example/x", expires_at: +2d}
    mocks: {send: {accepted: {channel: email}}, check_pin: {wrong: {left: 1}}}
    script:
      - {expect: ask, act: allow, with: {pin: "1"}}
      - {expect: ask, act: allow, with: {pin: "2"}}
      - {expect: ask, act: allow, with: {pin: "3"}}
    ends: {refused: {by: pin}}
  the manager says no:
    inputs: {traveller: ann, manager: bob, amount: 2000, link: "https://id.example/x", expires_at: +2d}
    mocks: {send: {accepted: {channel: email}}}
    script: [{expect: ask, act: deny}]
    ends: {refused: {by: manager}}
  the manager is reminded once:
    inputs: {traveller: ann, manager: bob, amount: 2000, link: "https://id.example/x", expires_at: +5d}
    mocks: {send: {accepted: {channel: email}}}
    script:
      - {expect: ask, advance: 24h}
      - {expect: ask, sends: [{recipient: bob}], advance: 24h}
    ends: late
  nobody can be told:
    inputs: {traveller: ann, manager: bob, amount: 2000, link: "https://id.example/x", expires_at: +2d}
    mocks: {send: refused_by_all}
    ends: late
  telling breaks:
    inputs: {traveller: ann, manager: bob, amount: 2000, link: "https://id.example/x", expires_at: +2d}
    mocks: {send: {fault: {code: broken}}}
    ends: late
  there is no seat:
    inputs: {traveller: ann, manager: bob, amount: 10, link: "https://id.example/x", expires_at: +2d}
    mocks: {book: {refused: {code: sold_out}}}
    ends: {refused: {by: sold_out}}
  the money never comes:
    inputs: {traveller: ann, manager: bob, amount: 10, link: "https://id.example/x", expires_at: +2d}
    mocks: {book: {booked: {reference: r1}}}
    script: [{expect: pay, advance: 1h}]
    ends: late
  the time is over while the message is under way:
    inputs: {traveller: ann, manager: bob, amount: 2000, link: "https://id.example/x", expires_at: +10m}
    mocks: {send: deferred}
    script: [{expect: tell/post, advance: 10m}]
    ends: late
  it is cancelled:
    inputs: {traveller: ann, manager: bob, amount: 2000, link: "https://id.example/x", expires_at: +2d}
    mocks: {send: {accepted: {channel: email}}}
    script: [{expect: ask, cancel: changed_my_mind}]
    ends: {cancelled: {reason: changed_my_mind}}
  an answer breaks the contract:
    inputs: {traveller: ann, manager: bob, amount: 10, link: "https://id.example/x", expires_at: +2d}
    mocks: {book: {fault: {code: contract_broken}}}
    ends: {fault: {code: contract_broken, node: reserve}}
"""

MOCKED: Final = """\
tests:
  the manager is told, however that is done:
    inputs: {traveller: ann, manager: bob, amount: 2000, link: "https://id.example/x", expires_at: +2d}
    mocks: {tell@1: [{told: {channel: pigeon}}, untold]}
    script:
      - {expect: ask, sends: [{message: trip.ask, recipient: bob}], advance: 24h}
    ends: late
  telling breaks, however that is done:
    inputs: {traveller: ann, manager: bob, amount: 2000, link: "https://id.example/x", expires_at: +2d}
    mocks: {tell@1: {fault: {code: no_pigeon}}}
    ends: late
  telling takes long:
    inputs: {traveller: ann, manager: bob, amount: 2000, link: "https://id.example/x", expires_at: +2d}
    mocks: {tell@1: {deferred: {for: 3h}}}
    script:
      - {expect: tell/answer, advance: 2h}
      - {advance: 1h}
    ends: late
"""


def flow_set(trip_tests: str = TRIP_TESTS) -> FlowSet:
    """Return both flows with their tests."""
    sources = [Source(file="tell.yaml", text=TELL), Source(file="trip.yaml", text=TRIP)]
    tests = [Source(file="tell.tests.yaml", text=TELL_TESTS), Source(file="trip.tests.yaml", text=trip_tests)]
    report = check_flows(sources, contracts=CONTRACTS, catalogue=CATALOGUE, tests=tests)
    assert report.ok, render_diagnostics(report.diagnostics)
    return FlowSet(flows=report.flows, catalogue=CATALOGUE, tests=report.tests)
