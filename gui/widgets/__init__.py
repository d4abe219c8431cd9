"""What is drawn: one widget to a file; each has ``show_now(knowledge)`` and keeps nothing that the knowledge has."""
