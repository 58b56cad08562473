"""How much memory a call needs at its peak."""

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Result = TypeVar("Result")

STATUS = Path("/proc/self/status")
CLEAR = Path("/proc/self/clear_refs")

IS_KNOWN = CLEAR.exists()
"""Whether the system, Linux, tells."""


def held() -> int:
    """Bytes that the process holds now (VmRSS), after what is free went back to the system."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it, others do not
    if trim is not None:
        trim(0)
    return _bytes("VmRSS")


def with_peak(call: Callable[[], Result]) -> tuple[Result, int]:
    """What the call returns, and the most bytes that the process held meanwhile (VmHWM)."""
    CLEAR.write_text("5")  # sets the high-water mark to what is held now: proc(5)
    return call(), _bytes("VmHWM")


def _bytes(name):
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024
