"""A line to a server that looks back, in this process: asked and heard at once."""

from __future__ import annotations

from pathlib import Path

from wavestim.controller.lookback.server import Server


class Talk:
    """With one past; ``scratch`` is a folder that is not there yet."""

    def __init__(self, path, scratch: Path, experiment=None) -> None:
        self.questions, self.answers = [("open", {"path": str(path), "experiment": experiment})], []
        scratch.mkdir()
        self.server = Server(self, scratch)
        self.number = 0
        self.turn()

    def ask(self, wait_s):
        return self.questions.pop(0) if self.questions else None

    def tell(self, *messages):
        self.answers.append(messages)

    def turn(self):
        self.server._next_look_s = 0.0
        self.server._turn()

    def last(self, topic):
        return next((a[0] for a in reversed(self.answers) if a[0][0] == topic), None)

    @property
    def opened(self):
        """What is open, as the server has it."""
        return self.server._opened

    def made(self):
        """Once the engine has run over all of it."""
        self.opened.maker.join()
        self.turn()
        return self

    def moment(self, sample, since=None):
        """Header of a moment, and the messages that lead to it."""
        self.answers.clear()
        self.number += 1
        self.questions.append(("show", {"number": self.number, "sample": sample, "since": since}))
        self.turn()
        (_, header, _), *messages = next(a for a in self.answers if a[0][0] == "moment")
        return header, messages

    def show(self, sample, since=None):
        """The same, and the truth."""
        header, messages = self.moment(sample, since)
        self.turn()
        return header, messages, self.last("truth")[1]

    def close(self):
        if self.opened is not None:
            self.opened.close()
