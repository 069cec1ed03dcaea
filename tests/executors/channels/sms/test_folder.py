import stat
from pathlib import Path

import pytest

from executors.channels.sms import SmsFolder
from tests.executors.channels.sms.texts import LINK, sms
from tests.executors.samples import later

pytestmark = pytest.mark.anyio


async def test_messages_are_files_in_the_order_of_their_dates(tmp_path: Path) -> None:
    folder = SmsFolder(tmp_path / "deep")
    await folder.deliver(key="b", payload=sms(key="b", now=later(1)))
    await folder.deliver(key="a", payload=sms(key="a", now=later(2)))
    await folder.deliver(key="a", payload=sms(key="a", now=later(2)))

    first, second = sorted((tmp_path / "deep").iterdir())
    assert first.read_text().startswith("To: +491701234567\n\nExample Shop asks")
    assert LINK in second.read_text()


async def test_nobody_else_may_read_a_message(tmp_path: Path) -> None:
    place = SmsFolder(tmp_path).write(sms())

    assert stat.S_IMODE(place.stat().st_mode) == 0o600
