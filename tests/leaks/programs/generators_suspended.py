# SPDX-License-Identifier: Apache-2.0
"""Streams are begun and never read to their end: each suspended generator keeps its locals."""
import service

STREAMS = {}


def stream(request):
    chunks = [request.body[position:position + 64] for position in range(0, len(request.body), 64)]
    yield from chunks


def begin(request):
    chunks = stream(request)
    next(chunks)
    STREAMS[request.number] = chunks
    len(STREAMS)  # leak
    # repaired: STREAMS.pop(request.number)


if __name__ == "__main__":
    service.start(rate=80, item_bytes=2000, kind="generators", root_kind="module", container="STREAMS", writers=["begin"])
    for arrived in service.requests():
        begin(arrived)
