# SPDX-License-Identifier: Apache-2.0
"""The registry that the zoo's recipes stand in. A part that fails is skipped with its reason and never stops the others."""
import truth

RECIPES = []


def recipe(function):
    RECIPES.append(function)
    return function


def attempts(*makers):
    """What each of the makers makes; those that this version or this machine cannot make are noted as skipped."""
    made = []
    for maker in makers:
        try:
            made.append(maker())
        except Exception as error:
            code = maker.__code__
            truth.SKIPPED.append("%s:%d: %s: %s" % (code.co_filename.rpartition("/")[2], code.co_firstlineno, type(error).__name__, error))
    return made
