# SPDX-License-Identifier: Apache-2.0
"""A heap with every container and every type of the standard library that can be made without a network.

Arguments after the three pipes: scale (how often the plain part is repeated, default 1). A recipe that fails is listed
in the truth as skipped, with the reason, and never stops the others.
"""
import importlib
import os
import pkgutil
import sys
import warnings

import truth
import zoo_builtins  # noqa: F401  (registers its recipes)
import zoo_calls  # noqa: F401
import zoo_library  # noqa: F401
import zoo_library_rare  # noqa: F401
from recipes import RECIPES
from zoo_classes import Plain

# Importing these prints, opens a browser or a display, needs a terminal or is a test.
UNSUITABLE = {"antigravity", "this", "idlelib", "test", "tests", "turtle", "turtledemo", "tkinter", "lib2to3", "__main__", "ensurepip", "venv",
              "__phello__", "__hello__", "_bootlocale", "msilib", "winreg", "winsound", "msvcrt", "nt", "ntpath_", "crypt_", "pip", "setuptools",
              "_testcapi", "_testbuffer", "_testimportmultiple", "_testinternalcapi", "_testmultiphase", "_testclinic", "_testexternalinspection",
              "_testlimitedcapi", "_testsinglephase", "_testclinic_limited", "_ctypes_test", "xxlimited", "xxlimited_35", "xxsubtype", "sitecustomize",
              "usercustomize", "pyrepl", "_pyrepl", "rlcompleter", "site-packages", "dist-packages", "apt_pkg"}


def import_standard_library():
    names = set(sys.builtin_module_names)
    folders = [os.path.dirname(os.__file__)]
    folders += [path for path in sys.path if path.endswith("lib-dynload")]
    for module in pkgutil.iter_modules(folders):
        names.add(module.name)
    loaded = []
    for name in sorted(names - UNSUITABLE):
        if name.startswith("_test") or name.startswith("xx"):
            continue
        try:
            loaded.append(importlib.import_module(name))
        except BaseException as error:  # a module of another platform, or one that wants a display
            truth.SKIPPED.append("import %s: %s" % (name, type(error).__name__))
    for name in ("xml.sax", "email.mime.text", "concurrent.futures", "multiprocessing.pool", "logging.handlers", "urllib.request", "http.server",
                 "unittest.mock", "importlib.metadata", "xml.etree.ElementTree", "json.tool", "asyncio.subprocess", "wsgiref.simple_server"):
        try:
            loaded.append(importlib.import_module(name))
        except BaseException as error:
            truth.SKIPPED.append("import %s: %s" % (name, type(error).__name__))
    return loaded


def build(scale):
    made = []
    for function in RECIPES:
        try:
            made.append(function())
        except Exception as error:
            truth.SKIPPED.append("%s: %s: %s" % (function.__name__, type(error).__name__, error))
    bulk = [(i, "bulk %d" % i, [i], {"id": i, "next": None}, Plain(i), float(i)) for i in range(8000 * scale)]
    for left, right in zip(bulk, bulk[1:]):
        left[3]["next"] = right
    return made, bulk


def main():
    scale = int(truth.arguments()[3][0]) if truth.arguments()[3] else 1
    warnings.simplefilter("ignore")
    modules = import_standard_library()
    heap = build(scale)
    warnings.resetwarnings()
    truth.serve(keep=(modules, heap))


if __name__ == "__main__":
    main()
