"""The one place that knows everybody: from settings to an application, as a list.

Nothing is decided here. The order is the one in which things need each other: records that need no engine, the
executors that use them, the engine, and what starts flows in it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from types import MappingProxyType

from sqlalchemy import literal, select
from starlette.applications import Starlette

from engine import Engine, Executor
from engine.http import FLOW_API_ENDS
from engine.language import FlowSet, load_flows
from engine.storage import OutcomeUnknown, Overloaded, StorageUnavailable, Unit
from executors.assertion_post import AssertionPost
from executors.channels.guarded import GuardedSender, Leave
from executors.consent import Consent
from executors.contact_channels import ContactChannels
from executors.notification_dispatch import NotificationDispatch
from executors.password_auth import PasswordAuth
from lockhouse.application import build_application
from lockhouse.background import Sweep, sweeping
from lockhouse.channels import channels_of
from lockhouse.ciba_values import ciba_settings
from lockhouse.code_flow import code_flow, first_of, sign_ins_beside
from lockhouse.conformance.approval_hook import approval_routes
from lockhouse.courier import OutgoingCourier, OutgoingGateway, OutgoingKeys, OutgoingNotifications
from lockhouse.device_flow import device_flow
from lockhouse.directory.accounts import DirectoryAccounts
from lockhouse.directory.attempts import Attempts
from lockhouse.directory.consents import Consents
from lockhouse.directory.contacts import DirectoryContacts
from lockhouse.directory.delays import DelayRule
from lockhouse.directory.passwords import Passwords
from lockhouse.directory.persons import Persons
from lockhouse.directory.user_codes import DirectoryUserCodes, UserCodeTries
from lockhouse.directory.verifier import DirectoryVerifier
from lockhouse.doors import Doors
from lockhouse.flow_api import flow_api_routes
from lockhouse.flows import flows_folder
from lockhouse.gate import gate_routes
from lockhouse.installation import Installation
from lockhouse.looks import gate_settings
from lockhouse.messages import check_messages
from lockhouse.observability import Watched, watched
from lockhouse.outgoing import Outgoing
from lockhouse.plugins import Plugin, contracts_with, plugins_of
from lockhouse.settings import LOCAL_CALLBACK, SIGN_IN_CALLBACK, Settings
from lockhouse.signing import rotate_due_keys
from protocols.oauth2 import Clients, RemoteKeys, SigningKeys, load_assertion_key
from protocols.oauth2.sign_ins import SIGN_IN_END, SignIns
from protocols.oauth2_ciba import (
    PING_SENDER,
    PUSH_SENDER,
    Ciba,
    CibaRecords,
    Dispatch,
    NotificationSender,
    is_decoy,
)
from protocols.oauth2_ciba.endpoints import protocol_routes

__all__ = ["Assembled", "EngineStopped", "Wired", "assembled", "wired"]

BUSY = (StorageUnavailable, Overloaded, OutcomeUnknown)
_KEEP_TRIES = timedelta(days=7)
_LEAVE = MappingProxyType({Dispatch.SEND: Leave.SENT, Dispatch.DROP: Leave.REFUSED, Dispatch.DISCARD: Leave.DISCARDED})
_ALIVE = select(literal(1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wired:
    """A server that is put together: its engine works, and *application* can be served."""

    application: Starlette
    engine: Engine
    ciba: Ciba
    records: CibaRecords
    persons: Persons
    clients: Clients
    flows: FlowSet

    def stop_waiting(self) -> None:
        """Answer everybody who waits for news at once, now and from now on: the process is to end."""
        self.engine.stop_waiting()
        self.ciba.stop_waiting()


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembled:
    """What a server is made of, before its engine is opened."""

    engine: Engine
    attempts: Attempts
    code_tries: UserCodeTries
    records: CibaRecords
    sign_ins: SignIns
    persons: Persons
    clients: Clients
    outgoing: Outgoing
    signing_keys: SigningKeys
    watching: Watched


@asynccontextmanager
async def wired(installation: Installation, *, flows: FlowSet | None = None, work: bool = True) -> AsyncIterator[Wired]:
    """Put a server together from an open *installation* and have it work; all of it stops at the end of the block.

    Without *work* it only answers: timers and messages are left to other processes on the same database.
    Raises FlowsInvalid or MessagesInvalid for flows or templates with mistakes, ExecutorsDiffer where live executions
    need other contracts.
    """
    configuration, settings = installation.configuration, installation.configuration.settings
    database, keyring, clock = installation.database, installation.keyring, installation.clock
    plugins = plugins_of(configuration)
    flows = flows or load_flows(flows_folder(configuration), contracts=contracts_with(plugins))
    check_messages(flows_folder(configuration))
    async with AsyncExitStack() as closing:
        parts = await closing.enter_async_context(assembled(installation, flows=flows, plugins=plugins, work=work))
        engine, records = parts.engine, parts.records
        ciba = Ciba(
            records=records,
            engine=engine,
            database=database,
            clock=clock,
            signing_keys=parts.signing_keys,
            remote_keys=RemoteKeys(OutgoingKeys(outgoing=parts.outgoing)),
            flow_digest=engine.digest_of,
        )
        code = code_flow(installation, ciba=ciba, sign_ins=parts.sign_ins, engine=engine)
        device = device_flow(installation, ciba=ciba, sign_ins=parts.sign_ins)
        gate = gate_routes(
            requests=Doors((ciba, code.door)),
            engine=engine,
            database=database,
            keyring=keyring,
            clock=clock,
            settings=gate_settings(configuration),
            codes=device.codes,
        )
        due = (
            Sweep(name="requests", every=timedelta(seconds=1), act=_sweep_requests(installation, records)),
            Sweep(name="sign_ins", every=timedelta(minutes=1), act=code.sweep),
            Sweep(name="devices", every=timedelta(minutes=1), act=device.sweep),
            Sweep(name="keys", every=timedelta(hours=1), act=_sweep_keys(installation)),
            Sweep(name="tries", every=timedelta(hours=1), act=_sweep_tries(installation, parts)),
        )
        await closing.enter_async_context(engine)
        await closing.enter_async_context(sweeping(due))
        application = build_application(
            issuer=settings.issuer,
            routes=[
                *protocol_routes(ciba, grants={**code.grants, **device.grants}),
                *code.routes,
                *device.routes,
                *gate,
                *flow_api_routes(engine, settings.flow_api, catalogue=flows.catalogue),
                *parts.watching.routes(engine),
                *approval_routes(installation, records),
            ],
            ready={"database": partial(_ask_database, installation), "engine": partial(_ask_engine, engine)},
            busy=BUSY,
            certificates=settings.mtls,
        )
        yield Wired(
            application=application,
            engine=engine,
            ciba=ciba,
            records=records,
            persons=parts.persons,
            clients=parts.clients,
            flows=flows,
        )


@asynccontextmanager
async def assembled(
    installation: Installation, *, flows: FlowSet, plugins: Sequence[Plugin], work: bool
) -> AsyncIterator[Assembled]:
    """Put together what a server is made of; its engine is not open, so nothing has been published or is refused."""
    configuration, settings = installation.configuration, installation.configuration.settings
    database, keyring, clock = installation.database, installation.keyring, installation.clock
    assertion_key = await database.read(partial(load_assertion_key, keyring=keyring))
    async with AsyncExitStack() as closing:
        outgoing = _outgoing(settings, seconds=settings.outgoing.timeout)
        closing.push_async_callback(outgoing.close)
        to_gateway = _outgoing(settings, seconds=settings.sms.timeout)
        closing.push_async_callback(to_gateway.close)
        channels = channels_of(configuration, gateway=OutgoingGateway(outgoing=to_gateway))
        passwords = _passwords(settings)
        closing.callback(passwords.close)

        persons = Persons(keyring=keyring)
        clients = Clients(keyring=keyring)
        accounts = DirectoryAccounts(persons=persons, channels=tuple(channels), country=settings.sms.default_country)
        attempts, code_tries = _attempts(settings), _code_tries(settings)
        signing_keys = SigningKeys(database=database, keyring=keyring, algorithms=settings.keys.algorithms)
        records = CibaRecords(
            keyring=keyring,
            accounts=accounts,
            clients=clients,
            assertion_key=assertion_key,
            signing_keys=signing_keys,
            settings=ciba_settings(configuration),
            user_codes=DirectoryUserCodes(persons=persons, tries=code_tries, hashes=passwords),
        )
        sign_ins = sign_ins_beside(records, assertion_key=assertion_key)
        verifier = DirectoryVerifier(
            database=database,
            attempts=attempts,
            passwords=passwords,
            claim=first_of(records.claim, sign_ins.claim),
            find=accounts.find,
        )
        contacts = DirectoryContacts(persons=persons, channels=tuple(channels), is_decoy=is_decoy)
        executors: list[Executor] = [
            ContactChannels(contacts=contacts),
            NotificationDispatch(
                contacts=contacts,
                channels={name: channel.known for name, channel in channels.items()},
            ),
            PasswordAuth(verifier=verifier),
            Consent(ledger=Consents(keyring=keyring)),
            AssertionPost(
                issuer=settings.issuer,
                signer=assertion_key,
                local={LOCAL_CALLBACK: records, SIGN_IN_CALLBACK: sign_ins},
                remote=settings.callbacks,
                courier=OutgoingCourier(outgoing=outgoing),
            ),
            *(plugin.executor for plugin in plugins),
        ]
        watching = watched(settings)
        guard = _DispatchGuard(installation=installation, records=records)
        notifying = NotificationSender(gateway=OutgoingNotifications(outgoing=outgoing), guard=guard)
        engine = Engine(
            database=database,
            flows=flows,
            executors=executors,
            on_end={**records.ends(), SIGN_IN_END: sign_ins.ended, **FLOW_API_ENDS},
            senders={
                **{name: GuardedSender(sender=channel.sender, guard=guard) for name, channel in channels.items()},
                **dict.fromkeys((PING_SENDER, PUSH_SENDER), notifying),
            },
            on_settled=records.settlements(),
            keyring=keyring,
            clock=clock,
            lease=timedelta(seconds=settings.engine.lease),
            kept=timedelta(days=settings.engine.history_days),
            work=work,
            observer=watching.observer,
        )
        yield Assembled(
            engine=engine,
            attempts=attempts,
            code_tries=code_tries,
            records=records,
            sign_ins=sign_ins,
            persons=persons,
            clients=clients,
            outgoing=outgoing,
            signing_keys=signing_keys,
            watching=watching,
        )


def _sweep_requests(installation: Installation, records: CibaRecords) -> Callable[[], Awaitable[int]]:
    async def sweep() -> int:
        now = installation.clock.now()
        return await installation.database.run(lambda unit: records.sweep(unit, now))

    return sweep


def _sweep_keys(installation: Installation) -> Callable[[], Awaitable[int]]:
    async def sweep() -> int:
        return len(await rotate_due_keys(installation))

    return sweep


def _sweep_tries(installation: Installation, parts: Assembled) -> Callable[[], Awaitable[int]]:
    async def sweep() -> int:
        now = installation.clock.now()
        await installation.database.run(lambda unit: parts.attempts.sweep(unit, now=now, keep=_KEEP_TRIES))
        await installation.database.run(lambda unit: parts.code_tries.sweep(unit, now=now))
        return 0

    return sweep


async def _ask_database(installation: Installation) -> None:
    database = installation.database
    await database.read(lambda unit: unit.execute(_ALIVE).scalar())
    if database.trouble is not None:
        raise StorageUnavailable(database.trouble)


async def _ask_engine(engine: Engine) -> None:
    if not engine.working:
        raise EngineStopped("the engine does not look for due work any more: start this process again")


class EngineStopped(Exception):
    """Timers and messages are not worked off in this process."""

    code = "engine_stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class _DispatchGuard:
    """Asks the protocol, on a snapshot, whether a message may still leave."""

    installation: Installation
    records: CibaRecords

    async def judge(self, correlation: str) -> Leave:
        """Say what is to become of a message of this request now."""

        def ask(unit: Unit) -> Dispatch:
            return self.records.dispatch(unit, correlation)

        return _LEAVE[await self.installation.database.read(ask)]

    async def may_tell(self, request_id: str, status: str) -> bool:
        """Say whether the client of this request is still to be told that it stands so."""
        return await self.installation.database.read(lambda unit: self.records.may_tell(unit, request_id, status))


def _outgoing(settings: Settings, *, seconds: int) -> Outgoing:
    section = settings.outgoing
    return Outgoing(allowed=section.allowed, timeout=timedelta(seconds=seconds), max_bytes=section.max_bytes)


def _passwords(settings: Settings) -> Passwords:
    section = settings.password
    return Passwords(memory_kib=section.memory_kib, rounds=section.rounds, lanes=section.lanes)


def _code_tries(settings: Settings) -> UserCodeTries:
    section = settings.ciba.user_code
    return UserCodeTries(rule=DelayRule(free=section.free_failures, longest=timedelta(seconds=section.max_delay)))


def _attempts(settings: Settings) -> Attempts:
    section = settings.password
    rule = DelayRule(free=section.free_failures, longest=timedelta(seconds=section.max_delay))
    return Attempts(most=section.attempts, rule=rule)
