# SPDX-License-Identifier: Apache-2.0
"""Objects of C types that no table describes: lxml's, pandas'. Tells ids as JSON; "skipped" where neither is installed.

    edges     [object, what it refers to, how: "scan" for a word of its struct, else as an export names it]
    objects   what hangs on such a reference alone, and is reached from a global
"""
import gc
import json

import edges
import truth


class Marker:
    pass


def of_lxml(told, keep):
    from lxml import etree
    element = etree.fromstring("<a><b>text</b></a>")
    document = next(obj for obj in gc.get_referents(element) if type(obj).__name__ == "_Document")
    marker = Marker()
    parser = etree.XMLParser(target=marker)
    told["edges"] += [[id(element), id(document), "scan"]]
    told["objects"] += [id(document), id(marker)]
    keep.append([element, parser])


def of_pandas(told, keep):
    import pandas
    markers = [Marker() for _ in range(10)]
    frame = pandas.DataFrame({"objects": markers, "numbers": range(10)})
    told["objects"] += [id(marker) for marker in markers]
    keep.append(frame)


KEPT = []


def main():
    told, skipped = {"edges": [], "objects": []}, []
    for build in (of_lxml, of_pandas):
        try:
            build(told, KEPT)
        except ImportError as error:
            skipped.append(str(error))
    gc.collect()
    truth.serve(actions=edges.ACTIONS, ready="skipped: %s" % skipped if len(skipped) == 2 else "ready " + json.dumps(told))


if __name__ == "__main__":
    main()
