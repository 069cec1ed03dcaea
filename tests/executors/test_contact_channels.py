from executors.contact_channels import ContactChannels
from executors.notification_dispatch import Contact
from tests.executors.answers import NO_UNIT, settled
from tests.executors.fakes import Book
from tests.executors.samples import context


def found(book: Book, recipient: str) -> object:
    answer = ContactChannels(contacts=book).run(NO_UNIT, context(), {"recipient": recipient})
    return settled(ContactChannels.contract, answer)


def test_the_channels_of_a_person_are_named_in_one_order() -> None:
    book = Book(known={("ann", channel): Contact(address="x") for channel in ("sms", "email")})

    assert found(book, "ann") == ("found", {"channels": ["email", "sms"]})


def test_whom_nothing_reaches_has_none() -> None:
    assert found(Book(), "nobody") == ("found", {"channels": []})
