# SPDX-License-Identifier: Apache-2.0
"""Random graphs of instances and lists. Arguments after the three pipes: a seed, how many nodes, edges per node.

The nodes are reachable through a few entries only, so that dominator trees become deep; some edges stand twice, and
some nodes refer to themselves. A part is unreachable: the collector is off, and cycles wait for it.
"""
import random

import edges
import truth


class Node:
    def __init__(self):
        self.edges = []


def build(seed, n, degree):
    chance = random.Random(seed)
    nodes = [Node() for _ in range(n)]
    for i, node in enumerate(nodes):
        # Mostly near neighbours: long chains with crossings.
        for _ in range(chance.randint(0, 2 * degree)):
            node.edges.append(nodes[chance.randrange(n)] if chance.random() < 0.05 else nodes[min(n - 1, i + chance.randint(0, 9))])
        if chance.random() < 0.1:
            node.edges.append(nodes[chance.randrange(i + 1)])
        if chance.random() < 0.3:
            node.payload = ["x" * chance.randint(1, 2000)]
        if chance.random() < 0.1:
            node.crossed = nodes[i - 1].edges
    return [nodes[chance.randrange(n)] for _ in range(3)] + [nodes[0]]


ENTRIES = []


def leave_garbage():
    """Cycles that nothing holds, one of which refers to what is held."""
    made = [Node(), Node(), Node()]
    made[0].edges.append(made[1])
    made[1].edges += [made[0], ENTRIES[0].edges]
    made[2].edges += [made[2], [text for text in ("garbage %d" % i for i in range(1000))]]
    return "%d %d %d" % (id(made[0]), id(made[2]), id(made[2].edges))


def main():
    ENTRIES.extend(build(*map(int, truth.arguments()[3])))
    truth.serve(actions={b"u": leave_garbage, **edges.ACTIONS})


if __name__ == "__main__":
    main()
