"""Regular expressions that an author may write: only those that no text can keep busy for ever.

Python's engine goes back and tries again. Where a group that may match in several ways is itself repeated, as in
``(a+)+``, the tries double with every character, and one value of forty characters stops a process. Such patterns are
refused where they are declared, and what is matched is bounded.
"""

import re
from typing import Final

LONGEST_MATCHED: Final = 1000
_PARTS: Final = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(|\)|\||\{\d+\}|[*+?]|\{\d*,\d*\}|.", re.DOTALL)


def repeats_a_choice(pattern: str) -> bool:
    """Return whether *pattern* repeats a group in which something is repeated, optional or chosen.

    >>> repeats_a_choice(r"(a+)+"), repeats_a_choice(r"[a-z]+(-[0-9]{3})*")
    (True, False)
    """
    parts = _PARTS.findall(pattern)
    open_groups: list[bool] = [False]
    for index, part in enumerate(parts):
        following = parts[index + 1] if index + 1 < len(parts) else ""
        if part == "(":
            open_groups.append(False)
        elif part == ")" and len(open_groups) > 1:
            varies = open_groups.pop()
            if varies and following != "?" and _is_repeat(following):
                return True
            open_groups[-1] |= varies
        elif part == "|" or _varies(part, parts[index - 1] if index else ""):
            open_groups[-1] = True
    return False


def _is_repeat(part: str) -> bool:
    return part in {"*", "+"} or (part.startswith("{") and len(part) > 1)


def _varies(part: str, before: str) -> bool:
    # The question mark of "(?:" says something about the group and repeats nothing.
    return part in {"*", "+"} or (part == "?" and before != "(") or (part.startswith("{") and "," in part)
