"""Looking back: what the engine knew at any moment of a session or a recording, made again by the engine itself, and the truth beside it.

It runs in a process of its own (``python -m wavestim.controller.lookback``), which answers questions over its standard input and output,
so that whoever looks never waits for a file, for the engine or for what is damaged. Nothing is ever written beside what is looked at.
"""
