"""``lockhouse person``: the people in the built-in directory."""

import asyncio
import getpass
import secrets
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from engine.storage import Unit
from lockhouse.command_line.console import note, print_json, print_table, report, say
from lockhouse.command_line.options import ConfigOption, JsonOption, inside
from lockhouse.configuration import load_configuration
from lockhouse.directory.hints import HintKey, readings
from lockhouse.directory.passwords import Passwords
from lockhouse.directory.persons import NewPerson, Person, Persons
from lockhouse.installation import Installation

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="People who can be asked for approval.")

_DEFAULT = Path("lockhouse.toml")
_SHORT = 8
_LEAST_CODE = 4


@app.command()
def add(
    user_name: Annotated[str, typer.Argument(metavar="NAME", help="Their user name.")],
    *,
    email: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Their e-mail address, verified by you.")] = None,
    phone: Annotated[
        str | None,
        typer.Option(metavar="NUMBER", help="With its country: +49 170 1234567; or as sms.default_country writes it."),
    ] = None,
    full_name: Annotated[str, typer.Option("--name", metavar="TEXT", help="Their full name.")] = "",
    locale: Annotated[str, typer.Option(metavar="LANG", help="The language of messages to them.")] = "en",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input, for scripts.")
    ] = False,
    config: ConfigOption = _DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Add a person. The password is asked for, or read from standard input; never give it as an argument.

    Example: lockhouse person add ann --email ann@example.org
    """
    password = _read_secret("password", from_stdin=password_stdin)
    settings = load_configuration(config).settings
    costs = settings.password
    hashes = Passwords(memory_kib=costs.memory_kib, rounds=costs.rounds, lanes=costs.lanes)
    person = NewPerson.of(
        subject=secrets.token_hex(16),
        user_name=user_name,
        name=full_name,
        email=email,
        phone=phone,
        locale=locale,
        password=hashes.hash(password),
        country=settings.sms.default_country,
    )
    hashes.close()
    inside(config, lambda home: partial(Persons(keyring=home.keyring).add, person=person, now=home.clock.now()))
    if len(password) < _SHORT:
        note(f"warning: the password is shorter than {_SHORT} characters")
    if email is None and phone is None:
        note("warning: without --email or --phone no message can reach them")
    if as_json:
        print_json({"subject": person.subject, "user_name": person.profile.user_name})
    else:
        say(f"person {person.profile.user_name} added, subject {person.subject}")


@app.command("list")
def list_persons(*, config: ConfigOption = _DEFAULT, as_json: JsonOption = False) -> None:
    """Show everybody."""
    people = inside(config, lambda home: Persons(keyring=home.keyring).all)
    rows = [_row(person) for person in people]
    if as_json:
        print_json(rows)
    else:
        columns = ["user_name", "name", "email", "phone", "status", "subject"]
        print_table(columns, rows, empty="nobody yet; see `lockhouse person add`")


@app.command()
def disable(
    name: Annotated[str, typer.Argument(metavar="NAME", help="User name, e-mail address, phone number or subject.")],
    *,
    config: ConfigOption = _DEFAULT,
    as_json: JsonOption = False,
    enable: Annotated[bool, typer.Option("--undo", help="Enable them again.")] = False,
) -> None:
    """Take a person out: open requests end, new ones are refused, tokens stop working."""
    status = "enabled" if enable else "disabled"
    found = inside(
        config,
        lambda home: partial(_set_status, persons=Persons(keyring=home.keyring), keys=_keys(home, name), status=status),
    )
    if len(found) != 1:
        _report_not_one(name, found)
    if as_json:
        print_json({"subject": found[0], "status": status})
    else:
        say(f"person {name} {status}")


@app.command("set-user-code")
def set_user_code(
    name: Annotated[str, typer.Argument(metavar="NAME", help="User name, e-mail address, phone number or subject.")],
    *,
    config: ConfigOption = _DEFAULT,
    as_json: JsonOption = False,
    code_stdin: Annotated[
        bool, typer.Option("--code-stdin", help="Read the code from standard input, for scripts.")
    ] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Let clients ask without a code again.")] = False,
) -> None:
    """Give a person a user code, which clients registered for user codes must then send to reach them.

    The code is asked for, or read from standard input; never give it as an argument. It must not be the password.

    Example: lockhouse person set-user-code ann
    """
    code = "" if remove else _read_secret("code", from_stdin=code_stdin)
    if not remove and len(code) < _LEAST_CODE:
        report(f"expected a code of at least {_LEAST_CODE} characters, found {len(code)}; nothing was changed")
        raise typer.Exit(2)
    costs = load_configuration(config).settings.password
    hashes = Passwords(memory_kib=costs.memory_kib, rounds=costs.rounds, lanes=costs.lanes)
    try:
        found, person = inside(config, lambda home: partial(_named, persons=_persons(home), keys=_keys(home, name)))
        if person is None:
            _report_not_one(name, found)
        if not remove and asyncio.run(hashes.matches(person.password, code)):
            report("this is the person's password: clients will have to send the code, so it must be another text")
            raise typer.Exit(1)
        kept = None if remove else hashes.hash(code)
    finally:
        hashes.close()
    inside(config, lambda home: partial(_persons(home).set_user_code, subject=person.subject, user_code=kept))
    if as_json:
        print_json({"subject": person.subject, "user_code": not remove})
    else:
        say(f"person {name} has {'no' if remove else 'a'} user code now")


def _persons(home: Installation) -> Persons:
    return Persons(keyring=home.keyring)


def _named(unit: Unit, *, persons: Persons, keys: tuple[HintKey, ...]) -> tuple[tuple[str, ...], Person | None]:
    found = persons.named(unit, keys)
    return found, persons.find(unit, found[0]) if len(found) == 1 else None


def _report_not_one(name: str, found: Sequence[str]) -> NoReturn:
    wrong = "several people are" if found else "nobody is"
    report(f"{wrong} called {name}; `lockhouse person list` shows everybody")
    raise typer.Exit(1)


def _keys(home: Installation, name: str) -> tuple[HintKey, ...]:
    return readings(name, home.configuration.settings.sms.default_country)


def _set_status(unit: Unit, *, persons: Persons, keys: tuple[HintKey, ...], status: str) -> tuple[str, ...]:
    found = persons.named(unit, keys)
    if len(found) == 1:
        persons.set_status(unit, found[0], "enabled" if status == "enabled" else "disabled")
    return found


def _read_secret(kind: str, *, from_stdin: bool) -> str:
    if from_stdin:
        given = sys.stdin.readline().rstrip("\r\n")
        if not given:
            report(f"expected the {kind} on the first line of standard input, found nothing there")
            raise typer.Exit(2)
        return given
    if not sys.stdin.isatty():
        report(f"expected --{kind}-stdin, since there is no terminal to ask for the {kind}")
        raise typer.Exit(2)
    first, second = getpass.getpass(f"{kind.capitalize()}: "), getpass.getpass("Again: ")
    if first != second:
        report(f"the two {kind}s differ; nothing was changed")
        raise typer.Exit(1)
    return first


def _row(person: Person) -> dict[str, str]:
    profile = person.profile
    return {
        "user_name": profile.user_name,
        "name": profile.name,
        "email": profile.email or "",
        "phone": profile.phone or "",
        "status": person.status,
        "subject": person.subject,
    }
