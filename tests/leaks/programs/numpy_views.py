# SPDX-License-Identifier: Apache-2.0
"""Thumbnails of video frames that are views: each keeps its whole frame."""
import numpy

import service

THUMBNAILS = {}


def take(request):
    frame = numpy.full((64, 64, 3), request.number, dtype=numpy.float32)
    THUMBNAILS[request.number] = frame[::16, ::16]  # leak
    # repaired: THUMBNAILS[request.number % 10] = frame[::16, ::16].copy()


if __name__ == "__main__":
    service.start(rate=20, item_bytes=49500, kind="buffer", root_kind="module", container="THUMBNAILS", writers=["take"], backlog=200)
    for arrived in service.requests():
        take(arrived)
