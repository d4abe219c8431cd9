"""Recordings that come with the package, each with its notice."""
