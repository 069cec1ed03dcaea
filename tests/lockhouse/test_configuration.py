"""Settings: where each may come from, and how every mistake is explained."""

import os
import re
from pathlib import Path

import pytest

from lockhouse.configuration import SettingsInvalid, load_configuration, setting_paths, variable_name
from lockhouse.settings import ListenSection, Settings
from lockhouse.template import settings_file


def write(folder: Path, text: str) -> Path:
    file = folder / "lockhouse.toml"
    file.write_text(text, encoding="utf-8")
    return file


def problems(file: Path | None, environ: dict[str, str] | None = None) -> tuple[str, ...]:
    with pytest.raises(SettingsInvalid) as caught:
        load_configuration(file, environ=environ or {})
    return caught.value.problems


MISTAKES = {
    "unknown setting, near miss": (
        'issuer = "https://id.example"\n[mail]\nsecurty = "tls"\n',
        ":3: mail.securty: there is no such setting; did you mean mail.security?",
    ),
    "unknown section": (
        'issuer = "https://id.example"\n[male]\nhost = "x"\n',
        ":2: male: there is no such setting; did you mean mail?",
    ),
    "unknown at the top": (
        'isuer = "https://id.example"\nissuer = "https://id.example"\n',
        ":1: isuer: there is no such setting; did you mean issuer?",
    ),
    "dotted key": (
        'issuer = "https://id.example"\nmail.port = "many"\n',
        ':2: mail.port: expected a whole number, found "many"',
    ),
    "not one of": (
        'issuer = "https://id.example"\n[mail]\nsecurity = "ssl"\n',
        ":3: mail.security: expected 'starttls', 'tls' or 'none', found \"ssl\"",
    ),
    "out of range": (
        'issuer = "https://id.example"\n[ciba.limits]\npair_pending = 0\n',
        ":3: ciba.limits.pair_pending: expected greater than or equal to 1, found 0",
    ),
    "secret of the wrong kind is not shown": (
        'issuer = "https://id.example"\n[mail]\npassword = 31337\n',
        ":3: mail.password: expected a text",
    ),
    "database address with a password is not shown": (
        'issuer = "https://id.example"\n[database]\nurl = "mysql://u:hunter2@h/x"\n',
        ':3: database.url: expected "sqlite:///FILE" or "postgresql+psycopg://USER:PASSWORD@HOST/NAME"',
    ),
    "an origin with a path": (
        'issuer = "https://id.example"\n[outgoing]\nallowed = ["https://a.example/path"]\n',
        (
            ':3: outgoing.allowed.0: expected an origin such as "https://api.example" or "http://127.0.0.1:9000", '
            'without a path, found "https://a.example/path"'
        ),
    ),
    "a table where a value belongs": (
        'issuer = "https://id.example"\nmail = 3\n',
        ":2: mail: expected a table of settings",
    ),
    "a scope without its text": (
        'issuer = "https://id.example"\n[scopes.payment]\ntitel = "Pay"\n',
        ":2: scopes.payment.title: expected a value; it is required",
    ),
    "http outside of development": (
        'issuer = "http://localhost:8400"\n',
        ":1: issuer: expected an https address; http only on a loopback host together with development = true",
    ),
    "http on another machine": (
        'development = true\nissuer = "http://id.example"\n',
        ":2: issuer: expected an https address; http only on a loopback host together with development = true",
    ),
    "issuer with a query": (
        'issuer = "https://id.example?a=b"\n',
        ':1: issuer: expected an address without query and fragment, found "https://id.example?a=b"',
    ),
    "issuer with a slash at its end": (
        'issuer = "https://id.example/"\n',
        ':1: issuer: expected an address without user name and without a slash at its end, found "https://id.example/"',
    ),
    "a rule over two settings": (
        'issuer = "https://id.example"\n[ciba]\nexpires_in = 900\n',
        ":3: ciba.expires_in: expected at most ciba.max_expires_in",
    ),
    "keys that the profile does not allow": (
        'issuer = "https://id.example"\n[keys]\nalgorithms = ["ES256", "RS256"]\n[ciba]\nprofile = "fapi-ciba"\n',
        ":3: keys.algorithms: expected only PS256 and ES256, as ciba.profile demands",
    ),
    "open registration outside of development": (
        'issuer = "https://id.example"\n[registration]\nmode = "open"\n',
        ":3: registration.mode: expected off or token; open only together with development = true",
    ),
    "a profile that needs certificates, and no terminator": (
        'issuer = "https://id.example"\n[keys]\nalgorithms = ["PS256"]\n[ciba]\nprofile = "fapi-ciba"\n',
        ":5: ciba.profile: expected mtls.terminators beside it: this profile binds tokens to certificates",
    ),
    "a terminator that is no address": (
        'issuer = "https://id.example"\n[mtls]\nterminators = ["nginx"]\n',
        (
            ':3: mtls.terminators.0: expected an IP address or a network such as "127.0.0.1" or "10.1.0.0/24", '
            'found "nginx"'
        ),
    ),
    "an address for certificates without a terminator": (
        'issuer = "https://id.example"\n[mtls]\naddress = "https://mtls.id.example"\n',
        ":2: mtls.terminators: expected at least one address: without one no certificate is believed",
    ),
    "an address for certificates with a path": (
        'issuer = "https://id.example"\n[mtls]\nterminators = ["::1"]\naddress = "https://mtls.id.example/x"\n',
        ':4: mtls.address: expected an address without path, query and fragment, found "https://mtls.id.example/x"',
    ),
    "an address for certificates without TLS": (
        'issuer = "https://id.example"\n[mtls]\nterminators = ["::1"]\naddress = "http://mtls.id.example"\n',
        ':4: mtls.address: expected an https address such as "https://mtls.id.example", found "http://mtls.id.example"',
    ),
    "an address for certificates with a port that is none": (
        'issuer = "https://id.example"\n[mtls]\nterminators = ["::1"]\naddress = "https://mtls:99999"\n',
        ':4: mtls.address: expected an https address such as "https://mtls.id.example", found "https://mtls:99999"',
    ),
    "an address for certificates that ends in a question mark": (
        'issuer = "https://id.example"\n[mtls]\nterminators = ["::1"]\naddress = "https://mtls.id.example?"\n',
        ':4: mtls.address: expected an address without path, query and fragment, found "https://mtls.id.example?"',
    ),
    "not TOML": (
        'issuer = "https://id.example"\n[mail\n',
        ":2: not TOML: Expected ']' at the end of a table declaration",
    ),
}


@pytest.mark.parametrize(("text", "message"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_in_the_file_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    file = write(tmp_path, text)

    assert f"{file}{message}" in problems(file)


WRONG_VARIABLES = {
    "unknown": (
        {"LOCKHOUSE_MAIL__HSOT": "x"},
        "LOCKHOUSE_MAIL__HSOT: there is no such setting; did you mean LOCKHOUSE_MAIL__HOST?",
    ),
    "wrong": ({"LOCKHOUSE_MAIL__PORT": "x"}, 'LOCKHOUSE_MAIL__PORT: mail.port: expected a whole number, found "x"'),
    "not a truth": (
        {"LOCKHOUSE_DEVELOPMENT": "perhaps"},
        'LOCKHOUSE_DEVELOPMENT: development: expected true or false, found "perhaps"',
    ),
    "twice, differently": (
        {"LOCKHOUSE_MAIL__HOST": "a", "LOCKHOUSE_MAIL_HOST": "b"},
        "LOCKHOUSE_MAIL__HOST: says something else than LOCKHOUSE_MAIL_HOST; keep one of them",
    ),
}


@pytest.mark.parametrize(("environ", "message"), WRONG_VARIABLES.values(), ids=WRONG_VARIABLES.keys())
def test_a_mistake_in_the_environment_is_named_by_its_variable(environ: dict[str, str], message: str) -> None:
    good = {"LOCKHOUSE_ISSUER": "https://id.example"}

    assert message in problems(None, {**good, **environ})


def test_all_mistakes_are_reported_at_once(tmp_path: Path) -> None:
    file = write(tmp_path, 'isuer = "x"\n[mail]\nport = "x"\nsecurity = "ssl"\n')

    assert len(problems(file, {"LOCKHOUSE_GATE__NAMES": "x"})) == 4


def test_no_message_shows_a_secret_value(tmp_path: Path) -> None:
    file = write(tmp_path, 'issuer = "https://id.example"\n[database]\nurl = "mysql://u:canary-1@h/x"\n')

    assert "canary" not in "\n".join(
        problems(file, {"LOCKHOUSE_MAIL__PORT": "1", "LOCKHOUSE_MAIL__PASWORD": "canary-2"})
    )


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = write(tmp_path, 'issuer = "https://id.example"\n[mail]\nhost = "file.example"\nport = 25\n')
    environ = {"LOCKHOUSE_MAIL__HOST": "env.example", "LOCKHOUSE_OUTGOING__ALLOWED": "http://127.0.0.1:9000, https://b"}

    settings = load_configuration(file, environ=environ).settings

    assert (settings.mail.host, settings.mail.port) == ("env.example", 25)
    assert settings.outgoing.allowed == ("http://127.0.0.1:9000", "https://b")


def test_every_setting_has_a_variable_and_no_two_share_one() -> None:
    names = [variable_name(path) for path, _ in setting_paths()]

    assert len({name.replace("__", "_") for name in names}) == len(names)


def test_every_setting_says_what_it_means() -> None:
    assert [path for path, field in setting_paths() if not field.description] == []


def test_scopes_may_come_from_the_environment_as_json() -> None:
    environ = {"LOCKHOUSE_ISSUER": "https://id.example", "LOCKHOUSE_SCOPES": '{"payment": {"title": "Pay"}}'}

    assert load_configuration(None, environ=environ).settings.scopes["payment"].title == "Pay"


@pytest.mark.parametrize("name", ["LOCKHOUSE_CONFIG", "LOCKHOUSE_TEST_CHROMIUM", "HOME"])
def test_variables_that_are_no_settings_are_left_alone(name: str) -> None:
    environ = {"LOCKHOUSE_ISSUER": "https://id.example", name: "x"}

    assert load_configuration(None, environ=environ).settings.issuer == "https://id.example"


def test_the_file_that_init_writes_is_read_back_as_the_defaults(tmp_path: Path) -> None:
    file = write(tmp_path, settings_file(issuer=None, url=None))

    settings = load_configuration(file, environ={}).settings

    assert settings == Settings(development=True)


def test_every_line_that_init_comments_out_is_a_setting_with_its_default(tmp_path: Path) -> None:
    written, _, _examples = settings_file(issuer=None, url=None).partition("# [callbacks]")
    header, _, settings_lines = written.partition("\n\n")
    file = write(tmp_path, re.sub(r"(?m)^# ", "", settings_lines))

    assert header.startswith("# Settings of this Lockhouse server.")
    settings = load_configuration(file, environ={}).settings

    assert settings == Settings(development=True, listen=ListenSection(port=8400))


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    assert problems(tmp_path / "none.toml") == (
        (
            f"{tmp_path / 'none.toml'}: there is no such settings file; run `lockhouse init DIR` to make one, "
            "or name it with --config"
        ),
    )


def test_paths_start_from_the_folder_of_the_file(tmp_path: Path) -> None:
    file = write(tmp_path, 'issuer = "https://id.example"\n')

    assert (
        load_configuration(Path(os.path.relpath(file)), environ={}).path("lockhouse.keys")
        == tmp_path / "lockhouse.keys"
    )


def test_settings_do_not_show_secrets() -> None:
    environ = {"LOCKHOUSE_ISSUER": "https://id.example", "LOCKHOUSE_MAIL__PASSWORD": "canary"}

    assert "canary" not in repr(load_configuration(None, environ=environ))
