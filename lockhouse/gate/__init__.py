"""The pages on which people decide: one landing page, one renderer for every step of every flow, and the results.

The gate shows what the protocol layer and the engine say and carries answers back. It decides nothing about a
request itself. Issue 1; ciba.md "Link, landing page, browser".
"""

from lockhouse.gate.assets import LogoInvalid
from lockhouse.gate.palette import accent_advice, accent_for
from lockhouse.gate.routes import check_looks, gate_routes
from lockhouse.gate.settings import GateSettings
from lockhouse.gate.wording import WordingInvalid

__all__ = ["GateSettings", "LogoInvalid", "WordingInvalid", "accent_advice", "accent_for", "check_looks", "gate_routes"]
