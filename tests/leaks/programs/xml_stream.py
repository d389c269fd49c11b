# SPDX-License-Identifier: Apache-2.0
"""A stream of XML is parsed entry by entry, but its root element keeps every one."""
import xml.etree.ElementTree

import service

PARSER = xml.etree.ElementTree.XMLPullParser(["start", "end"])
PARSER.feed("<log>")
ROOT = next(iter(PARSER.read_events()))[1]


def parse(request):
    PARSER.feed("<entry number='%d'><path>%s</path><body>%s</body></entry>" % (request.number, request.path, request.body.replace("&", "")))
    for event, element in PARSER.read_events():
        if event == "end" and element.tag == "entry":
            element.find("path")  # leak
            # repaired: ROOT.clear()


if __name__ == "__main__":
    service.start(rate=80, item_bytes=900, kind="array", root_kind="module", containers="[ROOT]", owner=["ROOT", "PARSER"], count="len(ROOT)")
    for arrived in service.requests():
        parse(arrived)
