"""1A. Discovery metadata (CIBA Core sections 4 and 16.1)."""

from typing import Any

import pytest

from tests.protocols.world import GRANT, ISSUER, World
from tests.spec.requirements import Mutation, requirement

pytestmark = pytest.mark.anyio

METADATA = "protocols/oauth2/metadata.py"


async def told(world: World) -> dict[str, Any]:
    answer = await world.http.get("/.well-known/openid-configuration")
    assert answer.status_code == 200
    return dict(answer.json())


@requirement(
    1,
    "Metadata lists the delivery modes",
    Mutation(METADATA, '"backchannel_token_delivery_modes_supported"', '"backchannel_delivery_modes_supported"'),
)
async def test_001_metadata_lists_the_delivery_modes(world: World) -> None:
    modes = (await told(world))["backchannel_token_delivery_modes_supported"]
    assert modes
    assert set(modes) <= {"poll", "ping", "push"}


@requirement(
    2,
    "Metadata names the backchannel authentication endpoint, by https",
    Mutation(
        METADATA,
        '.at("/oauth2/bc-authorize"),',
        '.at("/oauth2/backchannel"),',
    ),
)
async def test_002_metadata_names_the_endpoint_and_it_is_there(world: World) -> None:
    endpoint = (await told(world))["backchannel_authentication_endpoint"]
    assert endpoint.startswith("https://")
    assert (await world.http.post(endpoint)).status_code == 400


@requirement(
    3,
    "The algorithms of signed requests are listed, asymmetric ones only",
    Mutation(METADATA, "**({signed: list(rules.signing_algs)} if", '**({signed: [*rules.signing_algs, "HS256"]} if'),
)
async def test_003_the_algorithms_of_signed_requests_are_listed(world: World) -> None:
    algorithms = (await told(world))["backchannel_authentication_request_signing_alg_values_supported"]
    assert {"PS256", "ES256"} <= set(algorithms)
    assert not [name for name in algorithms if name.startswith("HS") or name == "none"]


@requirement(
    4,
    "Metadata says whether user codes are taken",
    Mutation(METADATA, '"backchannel_user_code_parameter_supported"', '"backchannel_user_code_supported"'),
)
async def test_004_metadata_says_whether_user_codes_are_taken(world: World) -> None:
    assert type((await told(world))["backchannel_user_code_parameter_supported"]) is bool


@requirement(
    5,
    "`grant_types_supported` has the CIBA grant",
    Mutation(METADATA, "list(offers.grant_types)", "list(offers.grant_types)[:-1]"),
)
async def test_005_the_grant_type_is_listed(world: World) -> None:
    assert GRANT in (await told(world))["grant_types_supported"]


@requirement(
    6,
    "The methods of the token endpoint are those of bc-authorize, with no metadata of its own",
    Mutation(METADATA, '_auth_methods_supported"', '_methods_supported"'),
    Mutation(METADATA, '_auth_signing_alg_values_supported"', '_signing_algs_supported"'),
)
async def test_006_methods_are_those_of_the_token_endpoint(world: World) -> None:
    metadata = await told(world)
    methods = {"client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt"}
    assert set(metadata["token_endpoint_auth_methods_supported"]) == methods
    assert {"PS256", "ES256", "HS256"} <= set(metadata["token_endpoint_auth_signing_alg_values_supported"])
    assert not [name for name in metadata if name.startswith("backchannel") and "auth_method" in name]


@requirement(
    7,
    "The issuer in the metadata is the one that the document was found under",
    Mutation(METADATA, '"issuer": offers.issuer,', '"issuer": offers.issuer + "/",'),
)
async def test_007_the_issuer_is_the_prefix_of_the_document(world: World) -> None:
    assert (await told(world))["issuer"] == ISSUER
    other = await world.http.get("/.well-known/oauth-authorization-server")
    assert other.json()["issuer"] == ISSUER
