"""Simulated shoppers of the demo.

Who they are is read once from the demo's households (``cast``); all they do goes through the public HTTP interface, as a browser
without JavaScript would do it (``browser``, ``visits``), and is marked by their User-Agent.
"""
