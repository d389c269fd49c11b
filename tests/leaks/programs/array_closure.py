# SPDX-License-Identifier: Apache-2.0
"""Latencies for a percentile, in an array that a closure keeps."""
import array

import service


def make_recorder():
    latencies = array.array("d")

    def record(request):
        latencies.extend(float(number) for number in range(400))
        del latencies[:-400000000]  # leak
        # repaired: del latencies[:-40000]
        return len(request.body)
    return record


RECORD = make_recorder()


if __name__ == "__main__":
    service.start(rate=60, item_bytes=3200, kind="array", root_kind="closure", container="RECORD.__closure__[0].cell_contents",
                  owner=["RECORD", "RECORD.__closure__[0].cell_contents"], writers=["make_recorder.<locals>.record"],
                  count="len(RECORD.__closure__[0].cell_contents) / 400", backlog=500)
    for arrived in service.requests():
        RECORD(arrived)
