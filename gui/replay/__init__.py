"""Replay: a session or a recording looked at again, without Qt. A process of its own answers (`wavestim.controller.lookback`)."""
