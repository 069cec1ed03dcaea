"""The operator's API over versions of flows: list them, check a text, publish, go back."""

import asyncio
from collections.abc import Sequence
from typing import Final

from starlette.responses import Response

from engine.http.operations import Call
from engine.http.operator import told
from engine.http.operator_models import CheckBody, PublishedBody, VersionBody, VersionsBody
from engine.http.problems import Problem
from engine.language import Catalogue, CheckReport, FlowSet, check_flows, diagnostics_json
from engine.runtime.engine import Engine
from engine.runtime.published import ExecutorsDiffer
from engine.runtime.versions import Moved, UnknownVersion

_STAYED: Final = 500


class VersionHandlers:
    """One method for each operation. Flows are checked against the installed executors and the texts *catalogue*."""

    def __init__(self, engine: Engine, *, catalogue: Catalogue) -> None:
        self._engine, self._catalogue = engine, catalogue

    async def versions(self, _call: Call) -> Response:
        """List every stored version of every flow."""
        names = VersionBody.model_fields
        items = [
            VersionBody(**{name: getattr(each, name) for name in names}) for each in await self._engine.versions.all()
        ]
        return told(VersionsBody(items=items))

    async def check(self, call: Call) -> Response:
        """Check the text of a flow; nothing is stored."""
        report = await self._checked([(call.body.file, call.body.text)])
        return told(CheckBody(ok=report.ok, diagnostics=diagnostics_json(report.diagnostics)))

    async def publish(self, call: Call) -> Response:
        """Publish flows, where they have no mistake."""
        report = await self._checked([(each.file, each.text) for each in call.body.files])
        if not report.ok:
            problem = "the flows have mistakes, and nothing was published: correct what is named"
            raise Problem(422, "flows_invalid", problem, diagnostics=diagnostics_json(report.diagnostics))
        flows = FlowSet(flows=report.flows, catalogue=self._catalogue)
        return _published(await self._engine.versions.publish(flows, existing=call.body.existing))

    async def roll_back(self, call: Call) -> Response:
        """Publish an older version again."""
        flow, body = call.path["flow"], call.body
        try:
            return _published(await self._engine.versions.roll_back(flow, to=body.to, existing=body.existing))
        except UnknownVersion as error:
            raise Problem(404, error.code, str(error)) from None
        except ExecutorsDiffer as error:
            raise Problem(409, error.code, str(error)) from None

    async def _checked(self, files: Sequence[tuple[str, str]]) -> CheckReport:
        contracts = self._engine.contracts
        return await asyncio.to_thread(check_flows, files, contracts=contracts, catalogue=self._catalogue)


def _published(moved: Moved) -> Response:
    stayed = dict(list(moved.stayed.items())[:_STAYED])
    return told(PublishedBody(published=list(moved.published), moved=len(moved.moved), stayed=stayed))
