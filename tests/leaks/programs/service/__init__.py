# SPDX-License-Identifier: Apache-2.0
"""What every program of the corpus shares: the traffic around it, the pace of its requests, and what it tells of itself.

A program imports this package, calls start() with the truth about its leak, and takes its requests from requests() or
arrivals(). It runs by itself, too: `python3 programs/list_global.py` leaks until it is ended.

Runs on Python 3.8 and later, standard library only, and knows nothing of heapspy.
"""
from .control import publish, start
from .pace import Arrivals, arrivals, requests
from .request import Request, new_request

__all__ = ["Arrivals", "Request", "arrivals", "new_request", "publish", "requests", "start"]
