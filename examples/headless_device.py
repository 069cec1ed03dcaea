"""A device without a screen that works for its owner: ``python headless_device.py ann@example.org``, again and again.

The owner is asked once, on their phone. From then on a refresh token renews the approval, until the owner or the
server takes it back: then they are asked again. ISSUER and CLIENT_ID come from the environment; the device proves
itself with a key of its own, in DEVICE_KEY (a private JWK), and keeps its token in TOKEN_FILE. The client is
registered with ``--auth-method private_key_jwt --jwks FILE --refresh``.
"""

import json
import os
import sys
from pathlib import Path

from lockhouse.client import (
    ApprovalRequest,
    Approved,
    CibaClient,
    PrivateKey,
    PrivateKeyJwt,
    RequestRefused,
    StillPending,
    Tokens,
)

PATIENCE = 600


def tokens_of(client: CibaClient, owner: str, kept: Path) -> Tokens | None:
    """Return tokens that are good now, None where the owner does not want that."""
    if kept.exists():
        try:
            tokens = client.refresh(kept.read_text()).tokens
        except RequestRefused:
            kept.unlink()  # taken back, or run out: ask anew
        else:
            keep(tokens, kept)
            return tokens
    question = ApprovalRequest(
        login_hint=owner, scope="openid offline_access", binding_message=f"Device {client_name()}"
    )
    asked = client.ask(question)
    try:
        outcome = client.wait(asked, seconds=PATIENCE)
    except StillPending as pending:
        client.cancel(pending.asked)
        return None
    if not isinstance(outcome, Approved):
        return None
    keep(outcome.tokens, kept)
    return outcome.tokens


def keep(tokens: Tokens, kept: Path) -> None:
    """Keep the refresh token where only this program reads; a power cut leaves the old one or the new one."""
    if tokens.refresh_token is None:
        return  # the owner left that out: the next run asks again
    fresh = kept.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(tokens.refresh_token)
    fresh.replace(kept)


def client_name() -> str:
    """Return what is printed on the device, for the owner to compare."""
    return os.environ["CLIENT_ID"]


def main(owner: str) -> int:
    """Do the device's work once; return 0 where it may."""
    key = PrivateKey.from_jwk(json.loads(Path(os.environ["DEVICE_KEY"]).read_text()))
    with CibaClient(os.environ["ISSUER"], PrivateKeyJwt(os.environ["CLIENT_ID"], key)) as client:
        tokens = tokens_of(client, owner, Path(os.environ["TOKEN_FILE"]))
    sys.stdout.write("working\n" if tokens else "not allowed\n")
    return 0 if tokens else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
