"""Every attacker whom the design names has tests, and every test of an attack says who tries what."""

import importlib
import pkgutil

import tests.abuse
from tests.abuse.attacks import ATTACK, EVERYBODY
from tests.spec.collecting import marked

# These look at properties of all columns, one by one; the attack that they belong to is declared beside them.
EACH = {"test_a_column_says_how_it_is_kept", "test_bytes_are_never_clear"}


def test_everybody_has_a_test() -> None:
    assert {getattr(test, ATTACK).who for _, _, test in marked("tests.abuse", ATTACK)} == set(EVERYBODY)


def test_every_test_says_what_it_is_about() -> None:
    names = [found.name for found in pkgutil.iter_modules(tests.abuse.__path__, "tests.abuse.")]
    modules = [importlib.import_module(name) for name in names if name.rpartition(".")[2].startswith("test_")]
    silent = [
        f"{module.__name__}: {name}"
        for module in modules
        if module.__name__ != __name__
        for name, test in vars(module).items()
        if name.startswith("test_") and test.__module__ == module.__name__ and not hasattr(test, ATTACK)
    ]
    assert [one for one in silent if one.rpartition(" ")[2] not in EACH] == []
