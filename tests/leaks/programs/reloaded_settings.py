# SPDX-License-Identifier: Apache-2.0
"""No leak: settings are read anew every second, and equal objects take the place of equal objects."""
import service


class Setting:
    def __init__(self, number):
        self.name = "setting%d" % number
        self.values = [number, str(number * 1000), {"default": number}]


def read():
    return {number: Setting(number) for number in range(4000)}


SETTINGS = read()


def reload():
    global SETTINGS
    SETTINGS = read()


if __name__ == "__main__":
    service.start(rate=1, item_bytes=0, verdict="none", backlog=3)
    for arrived in service.requests():
        reload()
