# SPDX-License-Identifier: Apache-2.0
"""No leak: equal objects are freed and made again, at the same addresses."""
import service


class Cell:
    def __init__(self):
        self.value = 0


GRID = [Cell() for _ in range(100000)]


def redraw(first):
    GRID[first:first + 200] = [None] * 200
    GRID[first:first + 200] = [Cell() for _ in range(200)]


if __name__ == "__main__":
    service.start(rate=500, item_bytes=0, verdict="none")
    for arrived in service.requests():
        redraw(arrived.number * 200 % len(GRID))
