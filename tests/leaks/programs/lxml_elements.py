# SPDX-License-Identifier: Apache-2.0
"""One element of each document is wanted; it keeps the whole document, which is libxml2's."""
import lxml.etree

import service

TITLES = []


def read(request):
    document = "<feed><title>%d</title>%s</feed>" % (request.number, "<entry><path>%s</path></entry>" % request.path * 30)
    TITLES.append(lxml.etree.fromstring(document).find("title"))
    del TITLES[:-1000000]  # leak
    # repaired: del TITLES[:-20]


if __name__ == "__main__":
    service.start(rate=40, item_bytes=140, verdict=["leak", "native"], kind="list", root_kind="module", container="TITLES", writers=["read"], backlog=500)
    for arrived in service.requests():
        read(arrived)
