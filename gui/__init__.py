"""The rig window: a process of its own that starts a rig process or attaches to one, shows it live, and can be closed and started again.

What it knows of a session is plain Python fed by messages (`knowledge` and what it is made of), without Qt. `rig` and `link` start, hear
and order the rig process; `stop` is the way to dark. `widgets` draws, one widget to a file; `window` puts them together. All English is
in `words`, all colours in `theme`.
"""
