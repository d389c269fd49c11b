# SPDX-License-Identifier: Apache-2.0
"""An adapter is mounted on one session for each host."""
import requests
import requests.adapters

import service

SESSION = requests.Session()


def call(request):
    prefix = "https://shop%d.example/" % request.number  # leak
    # repaired: prefix = "https://shop%d.example/" % (request.number % 20)
    if prefix not in SESSION.adapters:
        SESSION.mount(prefix, requests.adapters.HTTPAdapter())
    SESSION.get_adapter(prefix + "orders")


if __name__ == "__main__":
    service.start(rate=25, item_bytes=2400, kind="odict", root_kind="module", container="SESSION.adapters", owner=["SESSION", "SESSION.adapters"],
                  writers=["call", "Session.mount"], backlog=300)
    for arrived in service.requests():
        call(arrived)
