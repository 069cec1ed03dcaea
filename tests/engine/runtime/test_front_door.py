"""What the engine offers to the packages above it."""

import types

import engine


def test_the_front_door_has_at_most_twenty_names_and_all_of_them_are_there() -> None:
    assert len(engine.__all__) <= 20
    assert list(engine.__all__) == sorted(engine.__all__)
    offered = {
        name
        for name, value in vars(engine).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType)
    }
    assert offered == set(engine.__all__)
