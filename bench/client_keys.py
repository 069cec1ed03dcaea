"""The key pair of the client that proves itself by `private_key_jwt`: made for each run, and known to both sides."""

import json
import os
from pathlib import Path

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

SIGNER = "signer"
# Where the programs of a run find it: the private half as a file, the public one as a JWKS.
_KEY, _JWKS = "BENCH_CLIENT_KEY", "BENCH_CLIENT_JWKS"


def make_client_key(folder: Path) -> None:
    """Make the pair, for every program that is started from now on."""
    private = ec.generate_private_key(ec.SECP256R1())
    file = folder / "client-key.pem"
    file.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    public = jwt.algorithms.ECAlgorithm.to_jwk(private.public_key(), as_dict=True)
    os.environ[_KEY] = str(file)
    os.environ[_JWKS] = json.dumps({"keys": [{**public, "kid": "k1", "alg": "ES256", "use": "sig"}]})


def client_jwks() -> str | None:
    """Return the public half, or None where no pair was made."""
    return os.environ.get(_JWKS)
