# SPDX-License-Identifier: Apache-2.0
"""A program that works with objects of its own through the extension `lossy`. Arguments after the three pipes: where the extension is,
every how many calls it loses a reference (0: never), "keep" or "map" to let it hold one object in memory of its own, "lists N" to lose
references to N lists as well.

Ready tells, as JSON, the ids of the objects to which a reference was lost, of the one that is held, and of the shop, which
stays on the stack of a call as an argument of the next.
"""
import collections
import importlib.util
import json

import truth

N_ITEMS = 20011
N_PASSES = 3


class Item:
    def __init__(self, number):
        self.number = number
        self.name = "item %d" % number
        self.tags = [number]


class Shop:
    def __init__(self):
        self.items = [Item(i) for i in range(N_ITEMS)]
        self.by_name = {item.name: item for item in self.items}
        self.queue = collections.deque(self.items[:1000])
        self.pairs = {(item.number, "x"): (item, item.tags) for item in self.items[:5000]}
        self.sold = set()


def load(path):
    spec = importlib.util.spec_from_file_location("lossy", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main():
    path, every, keeps = truth.arguments()[3]
    lossy, shop, lost = load(path), Shop(), set()
    for _ in range(N_PASSES):
        for item in shop.items:
            if lossy.use(item, int(every)):
                lost.add(id(item))
            shop.sold.add(item.name)
    item = None
    kept = None
    if keeps.startswith("lists "):
        for item in shop.items[:int(keeps.split()[1])]:
            assert lossy.use(item.tags, 1)
    elif keeps:
        kept = id(shop.items[77])
        getattr(lossy, keeps)(shop.items[77])
    ready = json.dumps({"lost": sorted(lost), "kept": kept, "shop": id(shop)})
    lost = None
    truth.serve(keep=shop, ready=ready)


if __name__ == "__main__":
    main()
