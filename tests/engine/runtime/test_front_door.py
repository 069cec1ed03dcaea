"""What the engine offers to the packages above it."""

import types

import engine

# What the door itself needs to load the names late.
LOADING = {"Any", "TYPE_CHECKING", "import_module"}


def test_the_front_door_has_at_most_twenty_names_and_all_of_them_are_there() -> None:
    assert len(engine.__all__) <= 20
    assert list(engine.__all__) == sorted(engine.__all__)
    assert all(hasattr(engine, name) for name in engine.__all__)  # they are loaded when they are first asked for
    offered = {
        name
        for name, value in vars(engine).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType)
    }
    assert offered - LOADING == set(engine.__all__)
