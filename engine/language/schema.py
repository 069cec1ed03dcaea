"""The JSON Schema of flow files, for editors: made of the key table that the parser reads, and of contracts.

An editor with it completes keys, executors, their inputs and outcomes, and underlines what has the wrong shape. What
needs the whole flow (names of nodes, values that are there) is the compiler's: a flow that the schema accepts may
still have mistakes, and one that the compiler accepts is never refused by the schema.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

from engine.contracts import Contract, Declaration, EnumOf, Scalar
from engine.language.key import Construct, Key
from engine.language.keys import CONSTRUCTS, DECLARATION, FIELD, FLOW, NODES, TASK
from engine.language.schema_shapes import EXPRESSION, WORDS, Json, reference, shape

SCHEMA_FILE: Final = "flow.schema.json"
_DIALECT: Final = "http://json-schema.org/draft-07/schema#"
_TYPED: Final = {"type": "object", "required": ["type"]}


def flow_schema(contracts: Iterable[Contract]) -> Json:
    """Return the JSON Schema of a flow file in which *contracts* are the executors that there are."""
    known = sorted(contracts, key=lambda contract: contract.name)
    definitions: Json = {name.replace(" ", "-"): dict(word) for name, word in WORDS.items()}
    definitions |= {one.name.replace(" ", "-"): _construct(one) for one in CONSTRUCTS if one not in NODES}
    definitions["declaration"] = _declaration(reference(DECLARATION.name), _TYPED)
    definitions["field"] = _declaration(reference(FIELD.name), _with_options())
    definitions["executor"] = _executors(known)
    definitions |= {f"{kind.name}-node": _construct(kind) for kind in NODES}
    definitions["task-node"]["allOf"] = [_signature(contract) for contract in known]
    definitions["any-node"] = _node()
    return {"$schema": _DIALECT, "title": "Lockhouse flow", **definitions.pop(FLOW.name), "definitions": definitions}


def flow_schema_text(contracts: Iterable[Contract]) -> str:
    """Return the schema as the file that is written."""
    return json.dumps(flow_schema(contracts), indent=2, ensure_ascii=False) + "\n"


def _construct(construct: Construct) -> Json:
    made: Json = {
        "type": "object",
        "description": construct.meaning,
        "additionalProperties": False,
        "properties": {key.name: _key(key) for key in construct.keys},
    }
    if construct.required:
        made["required"] = list(construct.required)
    if construct.name == "timeout":
        made["oneOf"] = [{"required": ["after"]}, {"required": ["at"]}]
    return made


def _key(key: Key) -> Json:
    # A description beside $ref is not read: the reference goes into an allOf of its own.
    held = shape(key.holds)
    wrapped = {"allOf": [held]} if "$ref" in held else held
    return {"description": f"{key.meaning}\n\nExample: {key.example}", **wrapped}


def _declaration(options: Json, when: Json) -> Json:
    return {"type": ["string", "array", "object"], "if": when, "then": options, "else": reference("type")}


def _with_options() -> Json:
    return {"type": "object", "anyOf": [{"required": [key]} for key in ("type", "choose", "default")]}


def _node() -> Json:
    """Return a node of any kind: the key that says its kind chooses what else may stand in it."""
    kinds = [{"if": {"required": [kind.name]}, "then": reference(f"{kind.name}-node")} for kind in NODES]
    return {
        "type": "object",
        "description": "A node: it has exactly one of task, prompt, decide, call, wait and end.",
        "properties": {kind.name: {"description": kind.meaning} for kind in NODES},
        "anyOf": [{"required": [kind.name]} for kind in NODES],
        "allOf": kinds,
    }


def _executors(contracts: list[Contract]) -> Json:
    return {
        "type": "string",
        "enum": [contract.name for contract in contracts],
        "enumDescriptions": [contract.summary for contract in contracts],
    }


def _signature(contract: Contract) -> Json:
    """Return what a task that runs this executor has: its inputs in ``with``, its outcomes in ``routes``."""
    required = [name for name, declared in contract.inputs.items() if declared.required]
    inputs = {name: _input(name, declared, contract) for name, declared in contract.inputs.items()}
    routes = {name: _route(name, contract) for name in contract.outcomes}
    routes["fault"] = {"description": "Catches every fault of the executor.", **shape(("node", "target"))}
    return {
        "if": {"properties": {TASK.name: {"const": contract.name}}, "required": [TASK.name]},
        "then": {
            "required": [*(["with"] if required else []), "routes"],
            "properties": {
                "with": {
                    "description": contract.summary,
                    "properties": inputs,
                    "additionalProperties": False,
                    **({"required": required} if required else {}),
                },
                "routes": {
                    "description": f"Where each outcome of {contract.name} leads.",
                    "properties": routes,
                    "additionalProperties": False,
                    "required": list(contract.outcomes),
                },
            },
        },
    }


def _input(name: str, declared: Declaration, contract: Contract) -> Json:
    about = [f"{declared.type}{'' if declared.required else ', may be left out'}"]
    if name in contract.requires:
        about.append(f"needs a proof of {contract.requires[name]}")
    held: Json = {}
    match declared.type:
        case EnumOf(values):
            held = {"anyOf": [{"enum": list(values)}, dict(EXPRESSION)]}
        case Scalar("integer" | "number" | "boolean" as kind):
            held = {"anyOf": [{"type": kind}, dict(EXPRESSION)]}
        case _:
            pass
    return {"description": "; ".join(about), **held}


def _route(outcome: str, contract: Contract) -> Json:
    fields = contract.outcomes[outcome]
    about = ", ".join(f"{name}: {declared.type}" for name, declared in fields.items())
    return {"description": f"Fields: {about}" if fields else "No fields.", **shape(("node", "target"))}
