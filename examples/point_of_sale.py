"""A till that lets a customer pay with a yes on their own phone: ``python point_of_sale.py ann@example.org 12.50``.

Settings come from the environment: ISSUER, CLIENT_ID and CLIENT_SECRET. The client polls; the server holds each poll
back until the customer has decided, so the yes is here at once. Stopped by Ctrl-C, the till takes its question back.
"""

import os
import secrets
import sys

from lockhouse.client import (
    ApprovalRequest,
    Approved,
    CibaClient,
    CibaClientError,
    ClientSecretBasic,
    Denied,
    Expired,
    Failed,
    PersonNotAsked,
)


def take_payment(client: CibaClient, customer: str, amount: str, *, order: str) -> str:
    """Ask *customer* to pay *amount*, and return the line for the receipt."""
    question = ApprovalRequest(
        login_hint=customer, scope="openid payment", binding_message=f"Till 3: {amount} EUR, {order}"
    )
    try:
        # The order's number is the key: whatever gets lost on the way, one order is one question.
        asked = client.ask(question, key=order)
    except PersonNotAsked:
        return "cannot be asked: pay by card"
    try:
        sys.stdout.write(f"asked; compare: {question.binding_message}\n")
        sys.stdout.flush()
        outcome = client.wait(asked)
    except KeyboardInterrupt:
        client.cancel(asked)
        raise
    match outcome:
        case Approved():
            return f"paid, approved by {outcome.subject}"
        case Denied():
            return "refused: pay by card"
        case Expired() | Failed():
            return "no answer: try again, or pay by card"


def main(customer: str, amount: str) -> int:
    """Take one payment; return 0 where it was approved."""
    till = ClientSecretBasic(os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"])
    with CibaClient(os.environ["ISSUER"], till) as client:
        try:
            line = take_payment(client, customer, amount, order=f"no. {secrets.randbelow(9000) + 1000}")
        except CibaClientError as error:
            sys.stderr.write(f"{error}\n")
            return 2
    sys.stdout.write(f"{line}\n")
    return 0 if line.startswith("paid") else 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1], sys.argv[2]))
    except KeyboardInterrupt:
        sys.exit("taken back")
