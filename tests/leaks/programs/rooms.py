# SPDX-License-Identifier: Apache-2.0
"""Three hundred chat rooms, each with a history that nobody cuts: no single one grows much."""
import service


class Room:
    def __init__(self, name):
        self.name = name
        self.history = []

    def say(self, request):
        self.history.append(request)
        del self.history[:-1000000]  # leak
        # repaired: del self.history[:-5]


ROOMS = {number: Room("room %d" % number) for number in range(300)}


if __name__ == "__main__":
    service.start(rate=150, item_bytes=1000, kind="aggregate", root_kind="module", containers="[ROOMS, *[room.history for room in ROOMS.values()]]",
                  owner=["ROOMS", "Room"], writers=["Room.say"], count="sum(len(room.history) for room in ROOMS.values())")
    for arrived in service.requests():
        ROOMS[arrived.number * 7919 % 300].say(arrived)
