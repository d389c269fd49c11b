# SPDX-License-Identifier: Apache-2.0
"""The zoo's heap, with the commands that tell its edges. Arguments after the three pipes: scale, as for zoo.py."""
import warnings

import edges
import truth
import zoo


def main():
    arguments = truth.arguments()[3]
    warnings.simplefilter("ignore")
    modules = zoo.import_standard_library()
    heap = zoo.build(int(arguments[0]) if arguments else 1)
    warnings.resetwarnings()
    truth.serve(keep=(modules, heap), actions=edges.ACTIONS)


if __name__ == "__main__":
    main()
