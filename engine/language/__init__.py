"""What an author may write, what is checked before it runs, and the compiled graph that comes out."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from engine.language.catalogue import Catalogue, parse_catalogue
from engine.language.checking import (
    CheckReport,
    FlowSet,
    Source,
    check_flows,
    check_folder,
    declared_contracts,
    load_catalogue,
    load_flows,
    version_key,
)
from engine.language.diagnostics import Diagnostic, Findings, FlowsInvalid, Related, Span, nearest
from engine.language.expressions import compile_expression
from engine.language.facts import Bound, Facts, facts_of
from engine.language.flow_tests import FlowTest, ScriptStep
from engine.language.graph import (
    CallNode,
    Case,
    Catch,
    Deadline,
    DecideNode,
    EndNode,
    Graph,
    LiteralTexts,
    MaxVisits,
    Migration,
    Node,
    Place,
    PromptField,
    PromptNode,
    Retry,
    Say,
    SignalDeclaration,
    Target,
    TaskNode,
    Timeout,
    WaitNode,
)
from engine.language.key import Construct, Key
from engine.language.keys import CONSTRUCTS, SHAPES
from engine.language.liveness import live_values
from engine.language.migrating import Uncovered, uncovered
from engine.language.render import diagnostics_json, render_diagnostics, summary
from engine.language.rule import Rule
from engine.language.rules import RULES, rules
from engine.language.sarif import sarif_log
from engine.language.terms import FILTERS, TESTS, ExpressionInvalid
from engine.language.values import (
    Expression,
    ExpressionFailed,
    Literal,
    Structure,
    Value,
    ValueAbsent,
    evaluate,
    reads_of,
)
from engine.language.yaml_reader import read_yaml
from engine.language.yaml_tree import YamlBad, YamlEntry, YamlList, YamlMap, YamlNode, YamlScalar, plain_data

if TYPE_CHECKING:
    from engine.language.compare import compare_flows, compare_graphs
    from engine.language.compare_change import Change
    from engine.language.draw import draw_mermaid
    from engine.language.draw_picture import Picture, picture_of
    from engine.language.drawn_dot import draw_dot
    from engine.language.drawn_svg import draw_svg
    from engine.language.schema import flow_schema, flow_schema_text

__all__ = [
    "CONSTRUCTS",
    "FILTERS",
    "RULES",
    "SHAPES",
    "TESTS",
    "Bound",
    "CallNode",
    "Case",
    "Catalogue",
    "Catch",
    "Change",
    "CheckReport",
    "Construct",
    "Deadline",
    "DecideNode",
    "Diagnostic",
    "EndNode",
    "Expression",
    "ExpressionFailed",
    "ExpressionInvalid",
    "Facts",
    "Findings",
    "FlowSet",
    "FlowTest",
    "FlowsInvalid",
    "Graph",
    "Key",
    "Literal",
    "LiteralTexts",
    "MaxVisits",
    "Migration",
    "Node",
    "Picture",
    "Place",
    "PromptField",
    "PromptNode",
    "Related",
    "Retry",
    "Rule",
    "Say",
    "ScriptStep",
    "SignalDeclaration",
    "Source",
    "Span",
    "Structure",
    "Target",
    "TaskNode",
    "Timeout",
    "Uncovered",
    "Value",
    "ValueAbsent",
    "WaitNode",
    "YamlBad",
    "YamlEntry",
    "YamlList",
    "YamlMap",
    "YamlNode",
    "YamlScalar",
    "check_flows",
    "check_folder",
    "compare_flows",
    "compare_graphs",
    "compile_expression",
    "declared_contracts",
    "diagnostics_json",
    "draw_dot",
    "draw_mermaid",
    "draw_svg",
    "evaluate",
    "facts_of",
    "flow_schema",
    "flow_schema_text",
    "live_values",
    "load_catalogue",
    "load_flows",
    "nearest",
    "parse_catalogue",
    "picture_of",
    "plain_data",
    "read_yaml",
    "reads_of",
    "render_diagnostics",
    "rules",
    "sarif_log",
    "summary",
    "uncovered",
    "version_key",
]

# What a server and a check never use is loaded when an author asks for it.
_FOR_AUTHORS = {
    "Change": "engine.language.compare_change",
    "Picture": "engine.language.draw_picture",
    "compare_flows": "engine.language.compare",
    "compare_graphs": "engine.language.compare",
    "draw_dot": "engine.language.drawn_dot",
    "draw_mermaid": "engine.language.draw",
    "draw_svg": "engine.language.drawn_svg",
    "flow_schema": "engine.language.schema",
    "flow_schema_text": "engine.language.schema",
    "picture_of": "engine.language.draw_picture",
}


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name in _FOR_AUTHORS:
            return getattr(import_module(_FOR_AUTHORS[name]), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
