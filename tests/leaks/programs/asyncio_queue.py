# SPDX-License-Identifier: Apache-2.0
"""A queue without a bound, and a consumer that takes one item a second."""
import asyncio

import service


class Pipeline:
    def __init__(self):
        self.jobs = asyncio.Queue()

    async def consume(self):
        while True:
            await self.jobs.get()
            await asyncio.sleep(1)  # leak
            # repaired: await asyncio.sleep(0)


PIPELINE = None


async def main():
    global PIPELINE
    PIPELINE = Pipeline()
    consumer = asyncio.ensure_future(PIPELINE.consume())
    async for request in service.arrivals():
        PIPELINE.jobs.put_nowait(request)
    await consumer


if __name__ == "__main__":
    service.start(rate=100, item_bytes=1000, kind="queue", root_kind="module", containers="[PIPELINE.jobs, PIPELINE.jobs._queue]",
                  owner=["PIPELINE.jobs", "PIPELINE"], count="PIPELINE.jobs.qsize()", writers=["main", "Queue.put_nowait", "Queue._put"])
    asyncio.run(main())
