# SPDX-License-Identifier: Apache-2.0
"""Structures deeper than any C stack. Arguments after the three pipes: the shape, how many nodes. The ready line is JSON:
the address of the outermost node, and of the innermost."""
import gc
import json

import edges
import truth


class Node:
    __slots__ = ("next", "previous")


def linked(n):
    head = last = Node()
    for _ in range(n - 1):
        node = Node()
        last.next, last = node, node
    return head, last


def doubly_linked(n):
    head = last = Node()
    for _ in range(n - 1):
        node = Node()
        last.next, node.previous, last = node, last, node
    return head, last


def ring(n):
    head, last = doubly_linked(n)
    head.previous, last.next = last, head
    return head, head.previous


def nested_lists(n):
    innermost = outermost = []
    for _ in range(n - 1):
        outermost = [outermost]
    return outermost, innermost


def nested_tuples(n):
    innermost = outermost = ([],)
    for _ in range(n - 1):
        outermost = (outermost,)
    return outermost, innermost


def nested_dicts(n):
    innermost = outermost = {}
    for _ in range(n - 1):
        outermost = {"inside": outermost}
    return outermost, innermost


SHAPES = {function.__name__: function for function in (linked, doubly_linked, ring, nested_lists, nested_tuples, nested_dicts)}
HELD = []


def main():
    shape, n = truth.arguments()[3]
    gc.disable()
    outermost, innermost = SHAPES[shape](int(n))
    # Whatever walks these recursively would end the target: they are never freed, and frozen out of the collector's way.
    gc.freeze()
    HELD.append(outermost)
    told = {"outermost": id(outermost), "innermost": id(innermost), "type": truth.type_name(type(outermost))}
    del outermost, innermost
    truth.serve(actions=edges.ACTIONS, ready="ready " + json.dumps(told))


if __name__ == "__main__":
    main()
