# SPDX-License-Identifier: Apache-2.0
"""What an extension module does that forgets a Py_DECREF: the objects have a reference that nobody holds."""
import ctypes

import service

take_reference = ctypes.pythonapi.Py_IncRef
take_reference.argtypes = [ctypes.py_object]


class Packet:
    def __init__(self, request):
        self.request = request


def send(request):
    packet = Packet(request)
    take_reference(packet)  # leak
    # repaired: ctypes.sizeof(ctypes.py_object(packet))


if __name__ == "__main__":
    service.start(rate=100, item_bytes=1100, kind="unexplained", root_kind="none",
                  members="[found for found in gc.get_objects() if type(found) is Packet]",
                  count="sum(type(found) is Packet for found in gc.get_objects())")
    for arrived in service.requests():
        send(arrived)
