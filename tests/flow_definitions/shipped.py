"""The shipped flows, loaded with the contracts of the shipped executors."""

from functools import cache

import flow_definitions
from engine.language import FlowSet, load_flows
from executors.assertion_post import AssertionPost
from executors.consent import Consent
from executors.contact_channels import ContactChannels
from executors.notification_dispatch import NotificationDispatch
from executors.password_auth import PasswordAuth

EXECUTORS = (AssertionPost, Consent, ContactChannels, NotificationDispatch, PasswordAuth)
CONTRACTS = tuple(made.contract for made in EXECUTORS)


@cache
def shipped() -> FlowSet:
    """Return the flows."""
    return load_flows(flow_definitions.folder(), contracts=CONTRACTS)
