"""Stand-in for a Thorlabs DC4100: text in lines, four channels that keep their level; light is what its gate lets through."""

from __future__ import annotations

from wavestim.hardware.simulated.boards._base import Peer

OUT_OF_RANGE = b"ERROR 3:value out of range\r\n"


class Dc4100Peer(Peer):
    """Answers like it. In external control it makes no light of its own: `open_at` says which channels would pass a gate's.

    Attributes
    ----------
    status : int
        Of ``r?``.
    """

    N_SITES = 4

    def __init__(self) -> None:
        super().__init__()
        self.status, self.name = 0, b"DC4100"
        self.on, self.mode = [False] * 4, 0
        self.limit_ma, self.max_ma, self.current_ma = [1000] * 4, [1000] * 4, [0] * 4
        self._error = b"ERROR 0:no error\r\n"

    def read(self, buffer: bytearray, at_ns: int) -> int:
        end = buffer.find(b"\n")
        if end < 0:
            return 0
        words = bytes(buffer[:end]).lower().split()
        if words == [b"e?"]:
            self.say(self._error)
            self._error = b"ERROR 0:no error\r\n"
        elif words:
            try:
                self._obey(words[0].decode("ascii"), [int(w) for w in words[1:]], at_ns)
            except (ValueError, IndexError):
                self._error = OUT_OF_RANGE
        return end + 1

    def _obey(self, word: str, numbers: list[int], at_ns: int) -> None:
        told = {"n?": self.name, "s?": b"M00000001", "v?": b"1.0", "h?": b"Thorlabs", "r?": b"%d" % self.status, "m?": b"%d" % self.mode}
        tables = {"l?": self.limit_ma, "ml?": self.max_ma, "cc?": self.current_ma}
        if word in told:
            self.say(told[word] + b"\r\n")
        elif word in tables:
            self.say(b"%d\r\n" % tables[word][_channel(numbers[0])])
        elif word == "o?":
            self.say(b"%d\r\n" % self.on[_channel(numbers[0])])
        elif word == "o":
            for channel in range(4) if numbers[0] == -1 else (_channel(numbers[0]),):
                self.on[channel] = bool(numbers[1])
        elif word == "m":
            self.mode, self.on = (0, 1, 2).index(numbers[0]), [False] * 4
        elif word == "l":
            channel = _channel(numbers[0])
            if not 0 <= numbers[1] <= self.max_ma[channel]:
                raise ValueError(numbers[1])
            self.limit_ma[channel] = numbers[1]
        elif word == "cc":
            self.current_ma[_channel(numbers[0])] = numbers[1]
        elif word != "sm":
            raise ValueError(word)
        self._relight(at_ns)

    def _relight(self, at_ns: int) -> None:
        """In constant current an output that is on shines until somebody switches it off."""
        for channel in range(4):
            lit = self.mode == 0 and self.on[channel] and self.current_ma[channel] > 0
            self._edges.append((at_ns, channel, 255 if lit else 0))

    def passes(self, channel: int) -> bool:
        """A gate at this channel's input decides on its light."""
        return self.mode == 2 and self.on[channel]


def _channel(number: int) -> int:
    if not 0 <= number < 4:
        raise ValueError(number)
    return number
