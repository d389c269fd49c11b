# SPDX-License-Identifier: Apache-2.0
"""A crawler's cookie jar: a cookie or two of every host that it ever met."""
import asyncio

import aiohttp
import yarl

import service

JAR = None


def visit(request):
    host = "shop%d.example" % request.number  # leak
    # repaired: host = "shop%d.example" % (request.number % 50)
    JAR.update_cookies({"session": request.headers["X-Request-Id"]}, yarl.URL("http://%s/" % host))


async def main():
    global JAR
    JAR = aiohttp.CookieJar()
    async for request in service.arrivals():
        visit(request)


if __name__ == "__main__":
    service.start(rate=30, item_bytes=1100, kind="dict", root_kind="module", container="JAR._cookies", owner=["JAR", "JAR._cookies"],
                  writers=["CookieJar.update_cookies", "visit"], backlog=500)
    asyncio.run(main())
