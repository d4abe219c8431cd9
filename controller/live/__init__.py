"""A running session for those who look at it: the window, a terminal, scripts.

The rig process publishes what it knows over ZeroMQ on sockets that only its owner can open (`rendezvous`), in the messages of `wire`,
and takes orders from one of those who are attached (`control`). `client` is the other end. Nobody who comes, goes or hangs can hold up
the session.
"""
