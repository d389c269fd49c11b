# SPDX-License-Identifier: Apache-2.0
"""Writes printable_ranges.h: what str.isprintable() says of each character, in the Unicode version of the Python that runs this.

    python3.15 lib/base/printable_ranges.py > lib/base/printable_ranges.h
"""
import sys
import textwrap
import unicodedata


def bounds():
    was_printable = False
    for code in range(sys.maxunicode + 1):
        if chr(code).isprintable() != was_printable:
            was_printable = not was_printable
            yield code


def main():
    numbers = list(bounds())
    print("/* SPDX-License-Identifier: Apache-2.0 */")
    print("/*\n * Which characters str.isprintable() calls printable, by Unicode %s. Written by printable_ranges.py." % unicodedata.unidata_version)
    print(" * The first of those that are, the first behind them that is not, and so on.\n */")
    print("#ifndef HS_PRINTABLE_RANGES_H\n#define HS_PRINTABLE_RANGES_H\n\n#include <stdint.h>\n")
    print("static const uint32_t hs_printable_bounds[%d] = {" % len(numbers))
    for line in textwrap.wrap(" ".join("0x%x," % number for number in numbers), 112):
        print("\t" + line)
    print("};\n\n#endif")


main()
