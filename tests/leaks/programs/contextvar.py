# SPDX-License-Identifier: Apache-2.0
"""Spans of a trace, gathered in a context variable of a task that never ends."""
import asyncio
import contextvars

import service

SPANS = contextvars.ContextVar("spans")


def trace(request):
    spans = SPANS.get()
    spans.append({"path": request.path, "headers": request.headers})
    del spans[:-100000000]  # leak
    # repaired: del spans[:-100]


async def serve():
    SPANS.set([])
    service.publish(container=id(SPANS.get()))
    async for request in service.arrivals():
        trace(request)


if __name__ == "__main__":
    service.start(rate=100, item_bytes=580, kind="list", root_kind="contextvar", owner="SPANS", writers=["trace"])
    asyncio.run(serve())
