"""The rig window: a process of its own that starts a rig process or attaches to one, shows it live, and can be closed and started again.

What it knows of a session is plain Python fed by messages (`knowledge` and what it is made of), without Qt. `rig`, `link` and `hearing`
start, hear and order the rig process, `deck` knows its state; `preflight` is one that runs; `stop` is the way to dark. `editor` is the
experiment as it is written. `pages` are shown one at a time below the header; `widgets` draws, one widget to a file; `window` puts them
together. All English is in `words`, all colours in `theme`.
"""
