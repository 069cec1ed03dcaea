"""The world of the protocols' tests."""

from tests.protocols.conftest import key_material, owners, small_world

__all__ = ["key_material", "owners", "small_world"]
