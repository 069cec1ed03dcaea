"""Clients kept in a YAML file: read strictly, compared with what is registered, and applied in one transaction."""

from lockhouse.client_file.declared import ClientFile, Declared, FileInvalid, Mistake
from lockhouse.client_file.plan import Action, Plan, Step, apply_plan, plan_for
from lockhouse.client_file.reading import Secrets, read_client_file
from lockhouse.client_file.schema import client_file_schema

__all__ = [
    "Action",
    "ClientFile",
    "Declared",
    "FileInvalid",
    "Mistake",
    "Plan",
    "Secrets",
    "Step",
    "apply_plan",
    "client_file_schema",
    "plan_for",
    "read_client_file",
]
