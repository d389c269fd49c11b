# SPDX-License-Identifier: Apache-2.0
"""A tree of prefixes over words that are always new: it grows at its leaves, everywhere."""
import service


class Node:
    __slots__ = ("children", "words")

    def __init__(self):
        self.children = {}
        self.words = []


class Index:
    def __init__(self):
        self.root = Node()
        self.n_nodes = 0

    def insert(self, word):
        node = self.root
        for letter in word[:10]:  # leak
        # repaired: for letter in word[:2]:
            if letter not in node.children:
                node.children[letter] = Node()
                self.n_nodes += 1
            node = node.children[letter]


INDEX = Index()


if __name__ == "__main__":
    service.start(rate=60, item_bytes=2000, kind="chain", root_kind="module", containers="[INDEX, INDEX.root, INDEX.root.children]",
                  owner=["INDEX", "INDEX.root", "INDEX.root.children"], writers=["Index.insert"], count="INDEX.n_nodes / 7.3")
    for arrived in service.requests():
        INDEX.insert(arrived.headers["X-Request-Id"])
