"""Binding, and an issuer that follows the port in development."""

import pytest

from lockhouse.serve import AddressInUse, bind, following_port
from lockhouse.settings import Settings


def test_a_port_in_use_is_an_error_that_says_what_to_do() -> None:
    with bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(AddressInUse, match=f"port {port} on 127.0.0.1 is in use .*--port 0"):
            bind("127.0.0.1", port)


def test_an_address_of_another_machine_cannot_be_bound() -> None:
    with pytest.raises(AddressInUse, match=r"correct listen\.host"):
        bind("203.0.113.7", 0)


@pytest.mark.parametrize(
    ("settings", "issuer"),
    [
        (Settings(development=True), "http://localhost:9"),
        (Settings(development=True, issuer="http://[::1]:8400"), "http://[::1]:9"),
        (Settings(development=True, issuer="https://id.example"), "https://id.example"),
        (Settings(issuer="https://id.example"), "https://id.example"),
    ],
)
def test_only_a_development_issuer_follows_the_port(settings: Settings, issuer: str) -> None:
    assert following_port(settings, 9).issuer == issuer
