import base64
import stat
from pathlib import Path

import pytest

from executors.channels.email import MailFolder
from tests.executors.channels.email.letters import letter
from tests.executors.samples import later

pytestmark = pytest.mark.anyio


def written(folder: Path) -> list[bytes]:
    assert all(file.suffix == ".eml" for file in folder.iterdir())
    return [file.read_bytes() for file in sorted(folder.iterdir())]


async def test_a_message_again_replaces_its_file(tmp_path: Path) -> None:
    folder = MailFolder(tmp_path)

    await folder.deliver(key="key-1", payload=letter())
    await folder.deliver(key="key-1", payload=letter())

    assert written(tmp_path) == [base64.b64decode(letter()["content"])]


async def test_messages_sort_by_their_date(tmp_path: Path) -> None:
    folder = MailFolder(tmp_path)

    await folder.deliver(key="b", payload=letter(key="b", now=later(1)))
    await folder.deliver(key="a", payload=letter(key="a", now=later(2)))

    expected = [base64.b64decode(letter(key=key, now=later(at))["content"]) for key, at in (("b", 1), ("a", 2))]
    assert written(tmp_path) == expected


async def test_nobody_else_may_read_a_message(tmp_path: Path) -> None:
    place = MailFolder(tmp_path / "deep" / "mail").write(letter())

    assert stat.S_IMODE(place.stat().st_mode) == 0o600
