# SPDX-License-Identifier: Apache-2.0
"""A process that has forbidden others to look at it: prctl(PR_SET_DUMPABLE, 0)."""
import ctypes

import truth

ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)
truth.serve()
