import struct

MAGIC: int
HEADER: struct.Struct
MAX_SAMPLES: int

class StreamSource:
    n_blocks: int
    next_sample: int
    ended: str
    def __init__(self, fd: int, n_channels: int, sink: object) -> None: ...
    def run(self) -> None: ...
    def stop(self) -> None: ...
