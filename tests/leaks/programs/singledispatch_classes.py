# SPDX-License-Identifier: Apache-2.0
"""Handlers registered for classes that are made by request."""
import functools

import service


class Row:
    columns = ("number", "path")


@functools.singledispatch
def render(row):
    return str(row)


def render_row(row):
    return row.columns


def handle(request):
    kind = type("Row%d" % request.number, (Row,), {"number": request.number})  # leak
    # repaired: kind = Row
    render.register(kind, render_row)


if __name__ == "__main__":
    service.start(rate=25, item_bytes=2400, kind="classes", root_kind="closure", containers="[render, *gc.get_referents(render.registry)]",
                  owner="render", count="len(render.registry)", backlog=300)
    for arrived in service.requests():
        handle(arrived)
