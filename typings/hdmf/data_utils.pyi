# What the NWB file subclasses of hdmf is a class; all else is not checked.
from typing import Any

class GenericDataChunkIterator:
    def __init__(self, *args: Any, **more: Any) -> None: ...

def __getattr__(name: str) -> Any: ...
