# What the studies subclass of equinox is a class; all else is not checked.
from typing import Any

class Module:
    def __init__(self, *args: Any, **more: Any) -> None: ...

def __getattr__(name: str) -> Any: ...
