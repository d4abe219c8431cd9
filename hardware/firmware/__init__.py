"""The firmware of the light array: one portable C core, and the boards that run it here, in memory and behind a pseudo-terminal."""
