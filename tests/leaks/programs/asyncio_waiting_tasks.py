# SPDX-License-Identifier: Apache-2.0
"""Tasks that wait for an event which is never set."""
import asyncio

import service


class Shop:
    def __init__(self):
        self.open = asyncio.Event()

    async def order(self, request):
        await self.open.wait()  # leak
        # repaired: await asyncio.sleep(0)
        return request.number


SHOP = None


async def main():
    global SHOP
    SHOP = Shop()
    async for request in service.arrivals():
        asyncio.ensure_future(SHOP.order(request))


if __name__ == "__main__":
    service.start(rate=60, item_bytes=2500, kind="tasks", root_kind="module", container="SHOP.open._waiters", owner=["SHOP", "SHOP.open"],
                  writers=["Shop.order", "Event.wait"], backlog=1000)
    asyncio.run(main())
