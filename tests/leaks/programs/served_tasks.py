# SPDX-License-Identifier: Apache-2.0
"""No leak: an asyncio service with tasks, time-outs and a queue, all of which come to their end."""
import asyncio

import service


class Service:
    def __init__(self):
        self.jobs = asyncio.Queue()
        self.running = set()

    async def work(self):
        while True:
            request = await self.jobs.get()
            task = asyncio.ensure_future(self.answer(request))
            self.running.add(task)
            task.add_done_callback(self.running.discard)

    async def answer(self, request):
        return await asyncio.wait_for(asyncio.sleep(0.2, request.path), timeout=2)


async def main():
    serving = Service()
    worker = asyncio.ensure_future(serving.work())
    async for request in service.arrivals():
        serving.jobs.put_nowait(request)
    await worker


if __name__ == "__main__":
    service.start(rate=100, item_bytes=0, verdict="none", backlog=50)
    asyncio.run(main())
