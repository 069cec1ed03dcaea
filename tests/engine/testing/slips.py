"""Slips in tests of flows: each is the sample's tests with one edit, and the code and place of the one diagnostic.

``«`` in the edit marks the place where the caret must stand; it is taken out before checking.
"""

# ruff: noqa: E501 - one slip, one line

from dataclasses import dataclass
from typing import Final

MARK: Final = "«"


@dataclass(frozen=True, slots=True)
class Slip:
    """One edit of the trip's tests, and a part of the hint."""

    code: str
    old: str
    new: str
    hint: str = ""


SLIPS: Final = (
    Slip("LH201", "      - {expect: ask, act: allow, with: {pin: \"2\"}}", "      - {«expct: ask, cancel: x}", "'expect'"),
    Slip("LH201", "    script: [{expect: ask, act: deny}]\n", "    script: [{expect: ask, act: deny}]\n    «end: late\n", "'ends'"),
    Slip("LH203", "    script: [{expect: ask, act: deny}]\n", "    script: «ask\n"),
    Slip("LH203", "      count: {counted: {total: 7}}\n    script:\n      - expect: ask\n", "      count: «{counted: {total: 7}, more: {}}\n    script:\n      - expect: ask\n"),
    Slip("LH204", "mocks: {send: refused_by_all}\n    ends: late", "mocks: {«Send: refused_by_all}\n    ends: late"),
    Slip("LH206", "script: [{expect: pay, advance: 1h}]", "script: [{expect: pay, advance: «1 hour}]", "500ms"),
    Slip("LH951", "script: [{expect: ask, act: deny}]", "script: [{expect: ask, act: deny, «cancel: x}]", "second step"),
    Slip("LH951", "script: [{expect: pay, advance: 1h}]", "script: [{expect: pay, «with: {receipt: x}, advance: 1h}]", "act"),
    Slip("LH951", "script: [{expect: ask, act: deny}]", "script: [{expect: ask, act: deny, «from: ann}]", "signal"),
    Slip("LH951", "script: [{expect: ask, cancel: changed", "script: [{expect: ask, «refused: x, cancel: changed", "act"),
    Slip("LH952", "mocks: {send: {fault: {code: broken}}}", "mocks: {«sned: {fault: {code: broken}}}", "'send'"),
    Slip("LH952", "mocks: {send: {fault: {code: broken}}}", "mocks: {«tell@2: {fault: {code: broken}}}", "'tell@1'"),
    Slip("LH953", "mocks: {send: refused_by_all}\n    ends: late", "mocks: {send: «refused_by_al}\n    ends: late", "'refused_by_all'"),
    Slip("LH953", "mocks: {book: {refused: {code: sold_out}}}", "mocks: {book: [«{deferred: {for: 1h}}]}", "booked"),
    Slip("LH954", "script: [{expect: pay, advance: 1h}]", "script: [{expect: «pya, advance: 1h}]", "'pay'"),
    Slip("LH954", "script: [{expect: tell/post,", "script: [{expect: «tell/pots,", "'post'"),
    Slip("LH954", "script: [{expect: tell/post,", "script: [{expect: «ask/post,"),
    Slip("LH955", "script: [{expect: ask, act: deny}]", "script: [{expect: ask, act: «dney}]", "'deny'"),
    Slip("LH955", "- {expect: ask, signal: paid,", "- {expect: ask, signal: «piad,", "'paid'"),
    Slip("LH956", "amount: 10, link: \"https://id.example/x\", expires_at: +2d}\n    mocks: {book: {booked: {reference: r1}}, count", "amount: «many, link: \"https://id.example/x\", expires_at: +2d}\n    mocks: {book: {booked: {reference: r1}}, count"),
    Slip("LH956", "amount: 10, link: \"https://id.example/x\", expires_at: +2d}\n    mocks: {book: {booked: {reference: r1}}, count", "amount: 10, link: \"https://id.example/x\", expires_at: «+2days}\n    mocks: {book: {booked: {reference: r1}}, count"),
    Slip("LH956", "mocks: {send: {fault: {code: broken}}}", "mocks: {send: {accepted: «{}}}"),
    Slip("LH956", "mocks: {send: deferred}\n    script: [{expect: tell", "mocks: {send: {deferred: {for: «soon}}}\n    script: [{expect: tell"),
    Slip("LH956", "- {expect: ask, act: allow, with: {pin: \"2\"}}", "- {expect: ask, act: allow, with: {pin: «2}}"),
    Slip("LH956", "- {expect: ask, act: allow, with: {pin: \"2\"}}", "- {expect: ask, act: allow, with: {pin: \"2\", «pni: \"2\"}}", "'pin'"),
    Slip("LH956", "- {expect: ask, signal: paid, from: ann, with: {receipt: x}}", "- {expect: ask, signal: paid, from: ann, with: {receipt: «[x]}}"),
    Slip("LH956", "    ends: {refused: {by: sold_out}}", "    ends: {refused: {by: «sold}}"),
    Slip("LH957", "says: trip.wrong,", "says: «trip.wong,", "'trip.wrong'"),
    Slip("LH957", "shows: {traveller: ann, amount: 2000}", "shows: {traveller: ann, «amuont: 2000}", "'amount'"),
    Slip("LH959", "    ends: booked\n", "    ends: «boked\n", "'booked'"),
    Slip("LH959", "    ends: {refused: {by: sold_out}}", "    ends: {«refsued: {by: sold_out}}", "'refused'"),
)  # fmt: skip
