# SPDX-License-Identifier: Apache-2.0
"""A time-out of an hour for each request, which nobody cancels when the request is done."""
import asyncio

import service


def expire(request):
    return request.path


async def main():
    loop = asyncio.get_running_loop()
    service.publish(container=id(loop._scheduled), owner=id(loop))
    async for request in service.arrivals():
        loop.call_later(3600, expire, request)  # leak
        # repaired: loop.call_soon(expire, request)


if __name__ == "__main__":
    service.start(rate=80, item_bytes=1300, kind="tasks", root_kind="local", writers=["main", "BaseEventLoop.call_at"])
    asyncio.run(main())
