"""What it ran on."""

import os
import platform
from pathlib import Path


def machine() -> dict[str, str]:
    """The processor, its cores, the memory, the system, and how busy it was, for people to read."""
    return {
        "processor": _field("/proc/cpuinfo", "model name") or platform.processor() or "unknown",
        "processors to use": str(_processors()),
        "memory": _memory(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load before the run": f"{os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else "?",
    }


def _processors():
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory():
    total = _field("/proc/meminfo", "MemTotal")
    return f"{int(total.split()[0]) / 2**20:.1f} GiB" if total else "unknown"


def _field(path, name):
    """The value of the first line `name: value` of a file, where there is one."""
    if not Path(path).exists():
        return None
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return None
