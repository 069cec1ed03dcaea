"""The reference page of the flow language, from the tables that the parser and the expressions use."""

from collections.abc import Iterator
from typing import Final

from engine.language import CONSTRUCTS, FILTERS, SHAPES, TESTS, Construct, Key

_HEAD: Final = """\
# The flow language

Every key of a flow file, from the table that the compiler reads. `lockhouse flow schema` gives the same to an editor.
What the compiler says about mistakes is in [diagnostics](diagnostics.md); what executors take and answer is in
[executors](executors.md); how to begin is in the [tutorial](../tutorial/README.md).
"""

_FILTERS: Final = {
    "default": ("what stands before it, or the other value where there is none", "inputs.note | default('none')"),
    "length": ("how many entries or characters", "inputs.items | length > 3"),
    "names": ("the `name` of each record of a list", "inputs.permissions | names"),
    "first": ("the first entry", "steps.find.channels | first"),
    "last": ("the last entry", "steps.find.channels | last"),
    "join": ("a list of texts as one text", "steps.find.channels | join(', ')"),
    "lower": ("in small letters", "inputs.address | lower"),
    "upper": ("in capital letters", "inputs.code | upper"),
    "trim": ("without blanks at both ends", "steps.ask.note | trim"),
}
_TESTS: Final = {
    "defined": ("there is a value", "inputs.note is defined"),
    "undefined": ("there is none", "inputs.note is undefined"),
    "string": ("it is a text", "inputs.data.kind is string"),
    "number": ("it is a number", "inputs.data.kind is number"),
    "boolean": ("it is true or false", "inputs.data.kind is boolean"),
}
_EXPRESSIONS: Final = """\
## Expressions

A value that begins with `=` is an expression; where it has any of `, [ ] { } # : ? ' "` it stands in double quotes.
It reads `inputs.NAME`, `vars.NAME`, `steps.NODE.NAME` (what the node last produced) and `execution.id`, `.started_at`,
`.expires_at`, `.locale`. There are `and or not`, `== != < <= > >=`, `in`, `+ -`, `x.y`, `x[0]`, `[a, b]` and
`x if c else y`. Nothing can be called, and nothing loops. A literal text that begins with `=` is written `'="=x"'`.
"""


def language_page() -> str:
    """Return the page."""
    parts = [_HEAD, *(_section(each) for each in CONSTRUCTS), "## Shapes\n", _shapes(), _EXPRESSIONS]
    parts += ["### Filters\n", *_words(FILTERS, _FILTERS, "filter"), "### Tests\n", *_words(TESTS, _TESTS, "test")]
    return "\n".join(parts)


def _section(construct: Construct) -> str:
    rows = [[f"`{key.name}`", _held(key), "yes" if key.required else "", _about(key)] for key in construct.keys]
    title = f"## `{construct.name}`" if " " not in construct.name else f"## {construct.name.capitalize()}"
    return f"{title}\n\n{construct.meaning}\n\n{_table(['key', 'holds', 'must', 'meaning, and an example'], rows)}"


def _held(key: Key) -> str:
    return " or ".join(key.holds)


def _about(key: Key) -> str:
    return f"{key.meaning} `{key.example}`"


def _shapes() -> str:
    return _table(["shape", "what it is"], [[name, meaning] for name, meaning in SHAPES.items()])


def _words(there: tuple[str, ...], described: dict[str, tuple[str, str]], head: str) -> Iterator[str]:
    # KeyError here: the code has a word that this page does not describe.
    rows = [[f"`{word}`", described[word][0], f"`={described[word][1]}`"] for word in there]
    yield _table([head, "gives", "example"], rows)


def _table(head: list[str], rows: list[list[str]]) -> str:
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    lines = [head, ["---"] * len(head), *cells]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
