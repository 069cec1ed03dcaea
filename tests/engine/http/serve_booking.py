"""A process that serves the booking flow over HTTP on the database of its argument, until its input ends."""

import asyncio
import sys

from engine.storage import Database
from tests.engine.http.kit import fronted
from tests.engine.http.test_http_races import BOOKING
from tests.engine.runtime.kit import make_house
from tests.fixtures.serving import serving


async def main(url: str) -> None:
    """Serve, and say where."""
    async with (
        Database.open(url) as database,
        fronted(make_house(database, graphs=[BOOKING], work=True), exposed=["booking"]) as front,
        serving(front.app) as origin,
    ):
        sys.stdout.write(f"{origin}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
