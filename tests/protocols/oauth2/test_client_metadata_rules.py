"""What CIBA Core section 4 demands of a client's registration (requirements 8 to 15)."""

from dataclasses import replace

import pytest

from protocols.oauth2 import CIBA_GRANT, ClientInvalid, NewClient

NOTIFY = "https://shop.example/notify"
SHOP = NewClient(client_id="shop", secret="s" * 43)
KEYED = NewClient(client_id="shop", auth_method="private_key_jwt", jwks_uri="https://keys.shop.example/jwks")


@pytest.mark.parametrize(
    ("setting", "change"),
    [
        ("delivery_mode", {"delivery_mode": "smoke"}),
        ("notification_endpoint", {"delivery_mode": "ping"}),
        ("notification_endpoint", {"delivery_mode": "push"}),
        ("notification_endpoint", {"delivery_mode": "ping", "notification_endpoint": "http://shop.example/notify"}),
        ("notification_endpoint", {"delivery_mode": "ping", "notification_endpoint": "https://"}),
        ("notification_endpoint", {"delivery_mode": "ping", "notification_endpoint": f"{NOTIFY}#part"}),
        ("notification_endpoint", {"delivery_mode": "ping", "notification_endpoint": "https://a:b@shop.example/"}),
        ("notification_endpoint", {"delivery_mode": "ping", "notification_endpoint": "https://shop.example:a/"}),
        ("notification_endpoint", {"delivery_mode": "ping", "notification_endpoint": f"{NOTIFY}/{'n' * 2048}"}),
        ("notification_endpoint", {"delivery_mode": "ping", "notification_endpoint": f"{NOTIFY} now"}),
        ("notification_endpoint", {"delivery_mode": "poll", "notification_endpoint": NOTIFY}),
        ("request_alg", {"request_alg": "HS256"}),
        ("request_alg", {"request_alg": "none"}),
        ("subject_type", {"subject_type": "secret"}),
        ("token_format", {"token_format": "saml"}),
    ],
)
def test_what_a_backchannel_client_cannot_be_is_named(setting: str, change: dict[str, object]) -> None:
    """Requirements 8 to 10 and 13."""
    keyed = replace(KEYED, **change)  # type: ignore[arg-type] # wrong on purpose
    with pytest.raises(ClientInvalid) as refused:
        keyed.check()
    assert refused.value.setting == setting


def test_a_client_that_signs_its_requests_has_keys_whatever_it_proves_itself_by() -> None:
    with pytest.raises(ClientInvalid, match="what it signs is checked with its keys"):
        replace(SHOP, request_alg="ES256").check()
    replace(SHOP, request_alg="ES256", jwks_uri="https://shop.example/jwks").check()


def test_keys_are_in_one_place() -> None:
    with pytest.raises(ClientInvalid, match="not both"):
        replace(KEYED, jwks='{"keys": []}').check()


@pytest.mark.parametrize(
    ("setting", "change"),
    [
        ("auth_method", {"auth_method": None, "secret": "s" * 43}),
        ("auth_method", {"auth_method": "client_secret_jwt", "secret": "s" * 43}),
        ("jwks_uri", {"jwks_uri": None, "jwks": '{"keys": []}'}),
        ("sector", {"sector": "https://shop.example"}),
        ("sector", {"sector": "Shop.example"}),
    ],
)
def test_pairwise_subjects_need_keys_that_are_published(setting: str, change: dict[str, object]) -> None:
    """Requirement 14: ``jwks_uri`` takes the place of a redirect URI, and its ownership is proved by the keys."""
    with pytest.raises(ClientInvalid) as refused:
        replace(KEYED, subject_type="pairwise", **change).check()  # type: ignore[arg-type] # wrong on purpose
    assert refused.value.setting == setting


def test_a_sector_belongs_to_pairwise_subjects_alone() -> None:
    with pytest.raises(ClientInvalid, match="only pairwise"):
        replace(KEYED, sector="shop.example").check()


@pytest.mark.parametrize(
    ("change", "sector"),
    [
        ({}, "keys.shop.example"),
        ({"sector": "shop.example"}, "shop.example"),
        ({"delivery_mode": "ping", "notification_endpoint": "https://told.example/x"}, "keys.shop.example"),
        ({"delivery_mode": "push", "notification_endpoint": "https://told.example/x"}, "told.example"),
    ],
)
def test_the_sector_is_where_the_keys_or_the_pushed_tokens_are(change: dict[str, object], sector: str) -> None:
    """Requirements 14 and 15."""
    pairwise = replace(KEYED, subject_type="pairwise", **change)  # type: ignore[arg-type] # a dict of changes
    assert pairwise.pairwise_sector == sector
    assert replace(pairwise, subject_type="public").pairwise_sector is None


@pytest.mark.parametrize("mode", ["ping", "push"])
def test_a_client_that_is_notified_has_the_grant_and_an_address(mode: str) -> None:
    """Requirements 9 and 12."""
    told = replace(KEYED, delivery_mode=mode, notification_endpoint=NOTIFY, grant_types=())
    with pytest.raises(ClientInvalid, match=CIBA_GRANT) as refused:
        told.check()
    assert refused.value.setting == "grant_types"
