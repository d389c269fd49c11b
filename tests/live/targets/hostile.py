# SPDX-License-Identifier: Apache-2.0
"""Types whose names try to drive the reader's terminal."""
import truth

HOSTILE = ["\x1b[31mRed", "line\nbreak", "\u202egnirts", "x" * 5000, "tab\there", "nul" + chr(0x7f), "\x9b2J", " "]


def main():
    classes = [type(name, (), {"__module__": "hostile"}) for name in HOSTILE]
    odd_modules = [type("Odd", (), {"__module__": module}) for module in ("\x1b[2J", 5, None, "a\nb")]
    truth.serve(keep=[classes, odd_modules, [cls() for cls in classes + odd_modules]])


if __name__ == "__main__":
    main()
