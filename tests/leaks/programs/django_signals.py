# SPDX-License-Identifier: Apache-2.0
"""Receivers are connected to a signal by request, strongly, and none is disconnected."""
import functools

import django.dispatch

import service

ORDER_PLACED = django.dispatch.Signal()


def notify(request, **arguments):
    return request.path


def handle(request):
    ORDER_PLACED.connect(functools.partial(notify, request), weak=False, dispatch_uid=request.number)
    ORDER_PLACED.has_listeners()  # leak
    # repaired: ORDER_PLACED.disconnect(dispatch_uid=request.number)


if __name__ == "__main__":
    service.start(rate=40, item_bytes=1300, kind="registry", root_kind="module", container="ORDER_PLACED.receivers",
                  owner=["ORDER_PLACED", "ORDER_PLACED.receivers"], writers=["handle", "Signal.connect"], backlog=500)
    for arrived in service.requests():
        handle(arrived)
