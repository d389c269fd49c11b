# SPDX-License-Identifier: Apache-2.0
"""Sessions by number: users log in, and nobody ever logs out."""
import service

SESSIONS = {}


class Session:
    def __init__(self, request):
        self.user = "user%d" % request.number
        self.first = request


def login(request):
    SESSIONS[request.number] = Session(request)  # leak
    # repaired: SESSIONS[request.number % 500] = Session(request)


if __name__ == "__main__":
    service.start(rate=80, item_bytes=1200, kind="dict", root_kind="module", container="SESSIONS", writers=["login"])
    for arrived in service.requests():
        login(arrived)
