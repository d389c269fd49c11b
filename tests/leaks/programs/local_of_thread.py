# SPDX-License-Identifier: Apache-2.0
"""A consumer thread keeps what it has not acknowledged in a local dict, and nothing is ever acknowledged."""
import threading

import service


def consume():
    unacknowledged = {}
    service.publish(container=id(unacknowledged))
    for request in service.requests():
        unacknowledged[request.number] = request
        if request.number < 0:  # leak
        # repaired: if request.number > 0:
            del unacknowledged[request.number]


if __name__ == "__main__":
    service.start(rate=100, item_bytes=1000, kind="dict", root_kind="local", writers=["consume"])
    consumer = threading.Thread(target=consume, name="consumer")
    consumer.start()
    consumer.join()
