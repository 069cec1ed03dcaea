"""What the OpenID Foundation's conformance suite needs to try this server: its plans, its clients, an approval hook."""

from lockhouse.conformance.approval_hook import approval_routes, approval_url
from lockhouse.conformance.handout import FolderTaken, Handout, write_handout

__all__ = ["FolderTaken", "Handout", "approval_routes", "approval_url", "write_handout"]
