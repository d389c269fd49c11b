# SPDX-License-Identifier: Apache-2.0
"""A look into a defaultdict makes the entry that it does not find."""
import collections

import service

INBOX = collections.defaultdict(list)


def poll(request):
    waiting = INBOX[request.headers["X-Request-Id"]]  # leak
    # repaired: waiting = INBOX.get(request.headers["X-Request-Id"], [])
    return len(waiting)


if __name__ == "__main__":
    service.start(rate=300, item_bytes=180, kind="dict", root_kind="module", container="INBOX")
    for arrived in service.requests():
        poll(arrived)
