"""Broken flows: each is a sample with one edit, and the code and place that the compiler must give.

``«`` in the edit marks the place where the caret must stand; it is taken out before checking.
"""

# ruff: noqa: E501 - one case, one line

from dataclasses import dataclass
from typing import Final

MARK: Final = "«"


@dataclass(frozen=True, slots=True)
class Broken:
    """One edit of one sample and the rule that it breaks. ``also`` lists other rules that the edit breaks too."""

    code: str
    file: str
    old: str
    new: str
    also: tuple[str, ...] = ()


L, N, E = "login.yaml", "notify.yaml", "expense.yaml"

CORPUS: Final = (
    # YAML
    Broken("LH102", L, "title: Sign in and decide", "title: Sign«\u2028in"),
    Broken("LH102", L, "title: Sign in and decide", "title: Sign«\x00in"),
    Broken("LH102", L, "title: Sign in and decide", 'title: «"Sign\\0in"'),
    Broken("LH102", L, "title: Sign in and decide", 'title: «"Sign\\ud800in"'),
    Broken("LH103", L, "  done: {end: approved", "«\tdone: {end: approved"),
    Broken("LH103", L, "title: Sign in and decide", "title:«\tSign in"),
    Broken("LH104", L, "title: Sign in and decide", "title: Sign in«: now"),
    Broken("LH104", L, "title: Sign in and decide", "title: «@home"),
    Broken(
        "LH104",
        L,
        "routes: {submit: check, not_me: not_me}",
        "routes: {submit: check, not_me: not_me\n    max_visits«: {times: 5, to: locked}\n  unused: }",
    ),
    Broken("LH105", L, "  late: {end: expired}", "  late: {end: expired}\n  «late: {end: expired}"),
    Broken("LH105", L, "start: ask_password", "start: ask_password\n«start: ask_password"),
    Broken("LH105", L, "{submit: check, not_me: not_me}", "{submit: check, not_me: not_me, «submit: check}"),
    Broken("LH106", L, "title: Sign in and decide", "title: «&name Sign in"),
    Broken("LH107", L, "title: Sign in and decide", "title: «*name"),
    Broken("LH108", L, "  late: {end: expired}", "  late: {end: expired, «<<: {with: {}}}"),
    Broken("LH109", L, "version: 1.0.0", "version: «!!str 1.0.0"),
    Broken("LH110", L, "{submit: check, not_me: not_me}", "{submit: check, not_me: not_me, «no: refused}", ("LH901",)),
    Broken("LH110", L, "title: Sign in and decide", "title: «Yes"),
    Broken("LH110", L, "optional: true}\n", "optional: «on}\n", ("LH209",)),
    Broken("LH110", N, "{channel: mail}", "{channel: «y}"),
    Broken("LH110", N, "{channel: mail}", "{channel: «True}"),
    Broken("LH111", L, "{times: 5, to", "{times: «010, to", ("LH203",)),
    Broken("LH111", L, "{times: 5, to", "{times: «0x5, to", ("LH203",)),
    Broken("LH111", L, "{times: 5, to", "{times: «1_000, to", ("LH203",)),
    Broken("LH111", L, "max: 80", "max: «1e2", ("LH209",)),
    Broken("LH111", N, "{channel: mail}", "{channel: «12:30}"),
    Broken("LH111", N, "{channel: mail}", "{channel: «.inf}"),
    Broken("LH112", N, "{channel: mail}", "{channel: «=inputs.recipient | default('x')}"),
    Broken("LH112", N, "{channel: mail}", "{channel: «=inputs.recipient in [1, 2]}"),
    Broken("LH112", N, "{channel: mail}", "{channel: «=inputs.recipient | default(a, b)}"),
    Broken(
        "LH112",
        L,
        "      shown: =inputs.binding_message | default('')",
        "      shown: «=inputs.binding_message ? a : b",
    ),
    Broken("LH113", N, "{channel: mail}", "{channel: «2030-01-31}"),
    Broken("LH114", L, "title: Sign in and decide", "title:«"),
    Broken("LH114", L, "title: Sign in and decide", "title: «null"),
    Broken("LH114", L, "title: Sign in and decide", "title: «~"),
    Broken("LH115", L, "  late: {end: expired}", "  late: {end: expired}\n«---\nflow: second"),
    Broken("LH116", L, "  late: {end: expired}", "  late: {end: expired}\n  «1: {end: expired}"),
    Broken("LH116", L, "  late: {end: expired}", "  late: {end: expired}\n  ? «[a]\n  : {end: expired}"),
    Broken("LH118", N, "{channel: mail}", "{channel: " + "[" * 21 + "«[" + "]" * 22 + "}"),
    # shape
    Broken("LH201", L, "title: Sign in and decide", "«titel: Sign in"),
    Broken("LH201", L, "    show: {requester", "    «shwo: {requester"),
    Broken("LH201", L, "{end: expired}", "{end: expired, «routes: {}}"),
    Broken("LH201", L, "{to: ask_password, say", "{to: ask_password, «sya: x, say"),
    Broken("LH201", L, "{times: 5, to: locked}", "{times: 5, «too: locked, to: locked}"),
    Broken("LH202", L, "start: ask_password\n", ""),
    Broken("LH202", L, "{times: 5, to: locked}", "«{times: 5}"),
    Broken("LH202", L, "{after: 10m, to: late}", "«{to: late}"),
    Broken("LH202", L, "{after: 10m, to: late}", "{after: 10m, «at: =inputs.expires_at, to: late}"),
    Broken("LH202", L, "{type: list of id, choose", "{choose"),
    Broken("LH203", L, "routes: {recorded: done, nothing_left: refused}", "routes: «[done, refused]"),
    Broken("LH203", L, "flow: login", "flow: «{name: login}"),
    Broken("LH203", L, "{times: 5, to", "{times: «five, to"),
    Broken("LH203", E, "early: keep", "early: «kepe"),
    Broken("LH204", L, "  late: {end: expired}", "  late: {end: expired}\n  «Too-Late: {end: expired}"),
    Broken("LH204", L, "flow: login", "flow: «Login"),
    Broken("LH204", L, "  subject: id\n", "  subject: id\n  «_hidden: id\n"),
    Broken("LH205", L, "  late: {end: expired}", "  late: {end: expired}\n  «lost: {with: {}}"),
    Broken("LH205", L, "  late: {end: expired}", "  late: {end: expired, «task: consent}"),
    Broken("LH206", L, "{after: 10m, to: late}", "{after: «10 minutes, to: late}"),
    Broken("LH206", L, "{after: 10m, to: late}", '{after: «"10", to: late}'),
    Broken("LH207", L, "version: 1.0.0", "version: «1.0"),
    Broken("LH207", L, "version: 1.0.0", "version: «v1"),
    Broken("LH207", L, "language: 1", "language: «2"),
    Broken("LH208", L, "{times: 5, to", "{times: «0, to"),
    Broken("LH208", L, "attempts: 3", "attempts: «1"),
    Broken("LH209", L, "  subject: id\n", "  subject: «ident\n"),
    Broken("LH209", L, "{type: string, max: 80}", "{type: string, «maxx: 80}"),
    Broken("LH209", L, "{type: string, max: 80}", "{type: string, min: «90, max: 80}"),
    Broken("LH209", L, "  expires_at: time", "  expires_at: {type: time, max: «5}"),
    Broken("LH209", L, "permissions: list of permission", "permissions: «list of permision"),
    Broken("LH209", L, "by: [person, not_me, lockout]", "by: [person, not_me, lockout, «person]"),
    Broken("LH209", E, "reminders: {type: integer, default: 0}", "reminders: {type: integer, default: «none}"),
    Broken("LH209", E, "{type: string, secret: true}", "{type: string, secret: true, pattern: «'('}"),
    Broken("LH210", L, "  expired: {}", "  expired: {}\n  «cancelled: {}"),
    Broken("LH210", L, "{password: {type: password}}", "{password: {type: password}, «action: string}"),
    Broken("LH210", E, "{reference: string}", "{reference: string, «sender: id}"),
    Broken("LH211", E, "call: notify@1", "call: «notify"),
    # expressions
    Broken("LH231", E, "=vars.reminders < 2", "=vars.reminders <«"),
    Broken("LH231", E, "=vars.reminders < 2", "=vars.reminders «$ 2"),
    Broken("LH231", E, "| default('none')", "| default(«'none)"),
    Broken("LH232", E, "=vars.reminders < 2", "=vars.reminders «* 2 < 2"),
    Broken("LH232", E, "=vars.reminders < 2", "=1 < vars.reminders < «2"),
    Broken("LH232", E, "=vars.reminders < 2", "=vars.reminders < len«(2)"),
    Broken("LH233", E, "=inputs.amount > 1000", "=inputs.amount > «1_000"),
    Broken("LH233", E, "=inputs.amount > 1000", "=inputs.amount > «0x10"),
    Broken("LH234", E, "=inputs.person.name}", "=inputs.person.«__class__}"),
    Broken("LH235", L, "=inputs.subject, password", "=«steps.check, password"),
    Broken("LH239", E, "=inputs.amount > 1000", "=((((((((((«(inputs.amount))))))))))) > 1000"),
    # names
    Broken("LH301", L, "task: password_auth", "task: «pasword_auth"),
    Broken("LH302", E, "call: notify@1", "call: «notify@3"),
    Broken("LH302", E, "call: notify@1", "call: «notfy@1"),
    Broken("LH303", L, "start: ask_password", "start: «ask_pasword"),
    Broken("LH303", L, "submit: check,", "submit: «chekc,"),
    Broken("LH303", L, "{to: ask_password, say", "{to: «ask_pasword, say"),
    Broken("LH303", L, "{after: 10m, to: late}", "{after: 10m, to: «later}"),
    Broken("LH303", L, "{times: 5, to: locked}", "{times: 5, to: «loked}"),
    Broken("LH303", L, "to: late}\nstart", "to: «latte}\nstart"),
    Broken("LH303", E, "else: pay", "else: «pya"),
    Broken("LH303", E, "[transient], to: nope", "[transient], to: «nop"),
    Broken(
        "LH304", L, "with: {subject: =inputs.subject,", "with: {«subjct: =inputs.subject, subject: =inputs.subject,"
    ),
    Broken("LH304", E, "recipient: =inputs.manager,", "recipient: =inputs.manager, «reciever: =inputs.manager,"),
    Broken("LH305", E, "call: notify@1\n    with: {recipient: =inputs.manager, ", "call: «notify@1\n    with: {"),
    Broken(
        "LH305", L, "task: consent\n    with:\n      subject: =steps.check.subject\n", "task: «consent\n    with:\n"
    ),
    Broken("LH306", E, "wait: booked", "wait: «boked"),
    Broken("LH307", L, "late: {end: expired}", "late: {end: «expird}", ("LH407",)),
    Broken("LH308", L, "errors: [transient, directory_away]", "errors: [«transcient, directory_away]"),
    Broken("LH308", E, "errors: [transient]", "errors: [«card_eaten]"),
    Broken("LH310", L, "=inputs.subject, password", "=«subject, password"),
    Broken("LH310", L, "=inputs.subject, password", "=«input.subject, password"),
    Broken("LH311", L, "=inputs.subject, password", "=inputs.«subjct, password"),
    Broken("LH312", E, "=vars.reminders < 2", "=vars.«reminder < 2"),
    Broken("LH312", E, "set: {reminders:", "set: {«remindres:"),
    Broken("LH313", L, "subject: =steps.check.subject", "subject: =steps.«chek.subject"),
    Broken("LH314", L, "subject: =steps.check.subject", "subject: =steps.check.«subjct"),
    Broken("LH314", E, "=steps.ask.why |", "=steps.ask.«wyh |"),
    Broken("LH315", E, "show: {who: =inputs.person.name}", "show: {who: =execution.«expires}"),
    Broken("LH316", E, "show: {who: =inputs.person.name}", "show: {who: =inputs.person.«nmae}"),
    Broken("LH316", E, "show: {who: =inputs.person.name}", "show: {who: =inputs.amount.«name}"),
    Broken(
        "LH317",
        N,
        "  bad: {end: failed}",
        "  bad: {call: «notify@1, with: {recipient: a, amount: 1}, routes: {sent: ask, failed: end_it}}\n  end_it: {end: failed}",
    ),
    Broken("LH320", L, "=inputs.permissions | names", "=inputs.permissions | «nmes"),
    Broken("LH321", E, "nick is defined", "nick «is empty"),
    Broken("LH311", L, "start: ask_password\n", "start: ask_password\nkeep: [inputs.subject, «inputs.subjct]\n"),
    Broken(
        "LH314", L, "start: ask_password\n", "start: ask_password\nkeep: [steps.check.subject, «steps.check.sbject]\n"
    ),
    Broken("LH235", L, "start: ask_password\n", "start: ask_password\nkeep: [«subject]\n"),
    Broken("LH203", L, "start: ask_password\n", "start: ask_password\nkeep: «inputs.subject\n"),
    Broken(
        "LH303",
        L,
        "start: ask_password\n",
        "start: ask_password\nmigrate: {from: 0.9.0, nodes: {ask: ask_password, old: «chek}}\n",
    ),
    Broken("LH207", L, "start: ask_password\n", "start: ask_password\nmigrate: {from: «newest}\n"),
    # outcomes
    Broken("LH401", L, "      locked: locked\n", ""),
    Broken("LH401", L, "    routes: {recorded: done, nothing_left: refused}", "    «routes: {recorded: done}"),
    Broken("LH401", E, "    routes: {signalled: pay}", "    «routes: {}"),
    Broken("LH401", E, "submits: [allow, deny]", "submits: [allow, deny, maybe]"),
    Broken(
        "LH402", L, "{recorded: done, nothing_left: refused}", "{recorded: done, nothing_left: refused, «recoded: done}"
    ),
    Broken("LH402", E, "{signalled: pay}", "{signalled: pay, «fault: nope}"),
    Broken("LH402", E, "{sent: ask, failed: nope,", "{sent: ask, failed: nope, «lost: nope,"),
    Broken("LH403", E, "submits: [allow, deny]", "«submits: []"),
    Broken("LH404", L, "done: {end: approved, with: {granted: =steps.record.granted}}", "done: {end: «approved}"),
    Broken(
        "LH405", L, "refused: {end: denied, with: {by: person}}", "refused: {end: denied, with: {by: person, «why: x}}"
    ),
    Broken("LH406", E, "    else: pay\n", ""),
    Broken("LH407", L, "  expired: {}", "  expired: {}\n  «lost: {}"),
    Broken(
        "LH408",
        N,
        '  ask: {prompt: {title: "Was it received?"}, routes: {submit: good, never: bad}}',
        "  «ask: {prompt: {title: Received}}",
        ("LH501", "LH501", "LH502"),
    ),
    Broken("LH409", E, "[{errors: [transient], to: nope}]", "[{to: nope}, {«errors: [transient], to: nope}]"),
    Broken("LH410", E, "    catch: [{errors: [transient], to: nope}]", "    «retry: {attempts: 3}"),
    # graph
    Broken("LH501", L, "  late: {end: expired}", "  late: {end: expired}\n  «lost: {end: expired}"),
    Broken(
        "LH502",
        L,
        "{recorded: done, nothing_left: refused}",
        "{recorded: done, nothing_left: round}\n  «round: {prompt: {title: Round}, routes: {submit: round}}",
    ),
    Broken(
        "LH503",
        E,
        "  again:\n    decide: [{when: =vars.reminders < 2, to: tell, set",
        "  «again:\n    decide: [{when: =vars.reminders < 2, to: again, set",
    ),
    Broken(
        "LH503", L, "routes: {recorded: done, nothing_left: refused}", "routes: {recorded: done, nothing_left: record}"
    ),
    Broken("LH504", L, "    max_visits: {times: 5, to: locked}\n", ""),
    Broken("LH505", L, "to: late}\nstart", "to: «ask_consent}\nstart", ("LH701",)),
    # types
    Broken("LH601", L, "with: {by: person}", "with: {by: «persn}"),
    Broken("LH601", L, "with: {by: person}", "with: {by: «5}"),
    Broken("LH601", L, "with: {by: person}", "with: {by: \"='x' if inputs.requester == 'a' else «'y'\"}", ("LH601",)),
    Broken("LH601", E, "with: {amount: =inputs.amount, account", "with: {amount: «lots, account"),
    Broken(
        "LH601", E, "with: {amount: =inputs.amount, account", "with: {when: «tomorrow, amount: =inputs.amount, account"
    ),
    Broken(
        "LH601",
        E,
        "with: {amount: =inputs.amount, account",
        "with: {note: {id: a, «parms: {x: =inputs.amount}}, amount: =inputs.amount, account",
    ),
    Broken("LH602", L, "with: {subject: =inputs.subject,", "with: {subject: «=inputs.requester,"),
    Broken("LH602", E, "recipient: =inputs.manager,", "recipient: «=inputs.amount,"),
    Broken("LH602", E, "by: =inputs.manager", "by: «=inputs.amount"),
    Broken("LH602", E, "{from: =inputs.manager,", "{from: «=inputs.amount,"),
    Broken("LH602", L, "deadline: {at: =inputs.expires_at,", "deadline: {at: «=inputs.subject,"),
    Broken("LH602", E, "set: {reminders: =vars.reminders + 1}", "set: {reminders: «=inputs.manager}"),
    Broken("LH602", E, "with: {receipt: =steps.pay.receipt}", "with: {receipt: «=inputs.amount}"),
    Broken("LH603", E, "=vars.reminders < 2", "«=vars.reminders + 2"),
    Broken("LH603", E, "when: =vars.reminders < 2", "when: «always"),
    Broken("LH604", L, "choose: =inputs.permissions", "choose: «=inputs.requester"),
    Broken("LH604", L, "choose: =inputs.permissions", "choose: «a"),
    Broken("LH605", E, "=inputs.amount > 1000", "=«inputs.amount > 'many'"),
    Broken("LH605", E, "inputs.kind == 'travel'", "inputs.kind == «'travl'"),
    Broken("LH605", E, "=vars.reminders < 2", "=«vars.reminders + inputs.manager < 2"),
    Broken("LH605", L, "=inputs.permissions | names", "=inputs.requester | «names"),
    Broken("LH605", E, "=vars.reminders < 2", "=«vars.reminders in inputs.people"),
    Broken("LH601", E, "list: [1, =inputs.kind]}}", "list: [1, =inputs.kind]}, kind: «big}"),
    Broken("LH602", E, "list: [1, =inputs.kind]}}", "list: [1, =inputs.kind]}, kind: «=inputs.kind}"),
    Broken("LH602", E, "recipient: =inputs.manager,", "recipient: «[=inputs.manager],"),
    Broken(
        "LH602",
        E,
        "with: {amount: =inputs.amount, account",
        "with: {note: «[=inputs.amount], amount: =inputs.amount, account",
    ),
    Broken(
        "LH601",
        E,
        "with: {amount: =inputs.amount, account",
        "with: {note: «{params: {x: =inputs.amount}}, amount: =inputs.amount, account",
    ),
    Broken(
        "LH601",
        E,
        "with: {amount: =inputs.amount, account",
        "with: {note: {id: «5, params: {x: =inputs.amount}}, amount: =inputs.amount, account",
    ),
    Broken("LH601", L, "      asked: =inputs.permissions\n", "      asked: [«{name: =inputs.subject}]\n"),
    Broken(
        "LH601",
        L,
        "      asked: =inputs.permissions\n",
        "      asked: [{name: =inputs.subject, title: a, «titel: b}]\n",
    ),
    Broken(
        "LH602",
        L,
        "      asked: =inputs.permissions\n",
        "      asked: [{name: =inputs.subject, title: «=inputs.expires_at}]\n",
    ),
    Broken("LH601", L, "      granted: =steps.ask_consent.granted\n", '      granted: "=[inputs.subject, «5]"\n'),
    Broken(
        "LH602", L, "      granted: =steps.ask_consent.granted\n", "      granted: «=inputs.permissions | default([])\n"
    ),
    Broken("LH604", L, "choose: =inputs.permissions", "choose: «[a b, c d]"),
    Broken("LH604", L, "choose: =inputs.permissions", 'choose: «"=[inputs.requester]"'),
    Broken("LH605", E, "=vars.reminders < 2", "=«vars.reminders < true"),
    Broken("LH605", E, "=vars.reminders < 2", "=-«inputs.manager < 2"),
    Broken("LH605", E, "=vars.reminders < 2", "=inputs.amount | «length < 2"),
    Broken("LH605", E, "=vars.reminders < 2", "=inputs.amount | «first == 2"),
    Broken("LH605", E, "=vars.reminders < 2", "\"=inputs.amount | «upper == 'A'\""),
    Broken("LH605", E, "=vars.reminders < 2", "\"=inputs.amount | «join == 'A'\""),
    Broken("LH605", E, "=vars.reminders < 2", "=«inputs.people < inputs.people"),
    Broken("LH605", E, "=vars.reminders < 2", "\"=«'a' in inputs.amount\""),
    Broken("LH605", E, "=vars.reminders < 2", "=«1 in inputs.manager"),
    Broken("LH605", E, "=vars.reminders < 2", "=«inputs.person.name - 1 == 2"),
    # data
    Broken("LH701", E, "{receipt: =steps.pay.receipt}", "{receipt: =«steps.ask.why}"),
    Broken("LH701", E, "show: {who: =inputs.person.name}", "show: {who: =«steps.tell.channel}"),
    Broken("LH701", E, "show: {who: =inputs.person.name}", "show: {who: =«vars.reason}"),
    Broken("LH701", E, "{receipt: =steps.pay.receipt}", "{receipt: =«steps.pay.note}"),
    Broken("LH702", L, "=inputs.binding_message | default('')", "=«inputs.binding_message"),
    Broken("LH702", E, "show: {who: =inputs.person.name}", "show: {who: =«inputs.person.nick}"),
    # secrets
    Broken(
        "LH801",
        L,
        "show: {requester: =inputs.requester}",
        "show: {requester: =«steps.ask_password.password}",
        ("LH701",),
    ),
    Broken("LH801", L, "password: =steps.ask_password.password", "password: «hunter2", ("LH802",)),
    Broken(
        "LH801",
        L,
        "password: =steps.ask_password.password",
        "password: \"=«steps.ask_password.password + ''\"",
        ("LH605",),
    ),
    Broken(
        "LH801",
        L,
        "shown: =inputs.binding_message | default('')",
        "shown: =«steps.ask_password.password",
        ("LH602", "LH802"),
    ),
    Broken("LH802", L, "{submit: check, not_me: not_me}", "{submit: «ask_consent, not_me: not_me}", ("LH501", "LH701")),
    Broken("LH802", L, "{password: {type: password}}", "{password: {type: password}, «pin: code}", ("LH901",)),
    Broken(
        "LH803", E, "  reason: {type: string, optional: true}", "  reason: {type: string, optional: true}\n  «pin: code"
    ),
    Broken(
        "LH803", L, "  requester: {type: string, max: 80}", "  requester: {type: string, max: 80}\n  «pin: password"
    ),
    Broken("LH804", L, "attempts: 3}", "attempts: 3, «backoff: 5s}"),
    Broken("LH805", E, "show: {who: =inputs.person.name}", "show: {who: =«inputs.account}"),
    Broken("LH805", E, "{receipt: =steps.pay.receipt}", "{receipt: =«inputs.account}"),
    # texts
    Broken("LH901", L, "prompt: login.password", "prompt: «login.pasword"),
    Broken(
        "LH901",
        L,
        "show: {requester: =inputs.requester}",
        "show: {requester: =inputs.requester, «subject: =inputs.subject}",
    ),
    Broken("LH901", L, "not_me: not_me}\n", "not_me: not_me, «help: not_me}\n"),
    Broken("LH901", L, "say: {id: login.wrong, params", "say: {id: «login.wong, params"),
    Broken("LH902", L, "      locked: locked\n", "      locked: {to: locked, say: «login.slow}\n"),
    Broken(
        "LH903", L, "say: {id: login.wrong, params: {attempts_left: =steps.check.attempts_left}}", "say: «login.wrong"
    ),
)
