"""What schemathesis cannot know: executions that are there, and the tokens that open them. Loaded by its process."""

import base64
import itertools
import os
from typing import Any

import httpx2
import schemathesis

from tests.engine.http.kit import EXPENSE_INPUTS, LOGIN_INPUTS
from tests.engine.runtime.kit import KEYRING

ORIGIN = os.environ["LOCKHOUSE_TEST_API"]
_turns = itertools.count()
_tokens: dict[str, str] = {}


def _started(flow: str, inputs: Any) -> dict[str, Any]:
    """Start an execution, remember its capability and return its step."""
    with httpx2.Client(base_url=ORIGIN, trust_env=False) as client:
        told = client.post(f"/flows/{flow}/executions", json={"inputs": dict(inputs)}).json()
    step: dict[str, Any] = told["step"]
    _tokens[step["execution"]] = told["capability"]
    return step


@schemathesis.hook
def map_path_parameters(_context: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    """Have every second call go to an execution that is there, the others where chance leads."""
    if path_parameters and "execution" in path_parameters and next(_turns) % 2:
        signals = "name" in path_parameters
        step = _started("expense", EXPENSE_INPUTS) if signals else _started("login", LOGIN_INPUTS)
        path_parameters["execution"] = step["execution"]
        if signals:
            path_parameters["name"] = "paid"
        if "token" in path_parameters:
            path_parameters["token"] = step["token"]
    return path_parameters


@schemathesis.hook
def after_call(_context: Any, _case: Any, response: Any) -> None:
    """Remember the capabilities of the executions that schemathesis starts."""
    told = response.json() if response.status_code == 201 else {}
    if "step" in told:
        _tokens[told["step"]["execution"]] = told["capability"]


@schemathesis.auth(refresh_interval=None)
class Bearer:
    """The token for what the call is about; one that fits nothing where there is none."""

    def get(self, case: Any, _context: Any) -> str:
        """Return the token."""
        if case.path.startswith("/operator"):
            return "everything"
        path = case.path_parameters or {}
        execution, name = str(path.get("execution")), path.get("name")
        if name is None:
            return _tokens.get(execution, "lhc_" + "x" * 43)
        mac = KEYRING.mac("engine.signal", execution, str(name), "bob").hex()[:43]
        return f"{base64.urlsafe_b64encode(b'bob').decode()}.{mac}"

    def set(self, case: Any, data: str, _context: Any) -> None:
        """Put it into the header."""
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}
