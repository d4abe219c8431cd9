"""The command line: one module per command, each parses, calls a function elsewhere, and prints."""

from wavestim.controller.cli.app import app, main

__all__ = ["app", "main"]
