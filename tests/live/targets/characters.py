# SPDX-License-Identifier: Apache-2.0
"""Strings of all characters that this version's Unicode data knows, 16 in each. The ready line has their repr(), as JSON."""
import json
import sys
import unicodedata

import truth

EACH = 16


def known_characters():
    """Of private use, which is large and all alike, only the last plane."""
    codes = list(range(0xf0000)) + list(range(0x10ff00, sys.maxunicode + 1))
    return [chr(code) for code in codes if unicodedata.category(chr(code)) != "Cn"]


def main():
    characters = known_characters()
    strings = ["".join(characters[start:start + EACH]) for start in range(0, len(characters), EACH)]
    truth.serve(keep=strings, ready="ready " + json.dumps([repr(text) for text in strings]))


if __name__ == "__main__":
    main()
