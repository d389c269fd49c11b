# SPDX-License-Identifier: Apache-2.0
"""Background tasks are kept in a set, as the manual asks for; nothing takes them out when they are done."""
import asyncio

import service

BACKGROUND = set()


async def serve(request):
    await asyncio.sleep(0)
    return request


async def main():
    async for request in service.arrivals():
        task = asyncio.ensure_future(serve(request))
        BACKGROUND.add(task)
        task.add_done_callback(id)  # leak
        # repaired: task.add_done_callback(BACKGROUND.discard)


if __name__ == "__main__":
    service.start(rate=80, item_bytes=1300, kind="tasks", root_kind="module", container="BACKGROUND", writers=["main"], backlog=1000)
    asyncio.run(main())
