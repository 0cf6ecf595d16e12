"""Where the emulator unpacks its functions: in memory when there is enough of it, else on disk.

Each worker of a function gets its own copy of all its packages, thousands of small files that are
thrown away at the end; on a disk that takes longer than all else the stack does.
"""

import hashlib
import os
import shutil
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108
_ENOUGH = 6 * 2**30


def make(place: Path) -> None:
    """Makes an empty folder for temporary files, or a link to one in memory."""
    drop(place)
    if _has_memory():
        folder = _MEMORY / _name(place)
        shutil.rmtree(folder, ignore_errors=True)
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            pass  # somebody else's
        else:
            place.symlink_to(folder)
            return
    place.mkdir(parents=True)


def drop(place: Path) -> None:
    """Drops the folder and what is in it."""
    if place.is_symlink():
        folder = place.readlink()
        if folder == _MEMORY / _name(place):
            shutil.rmtree(folder, ignore_errors=True)
        place.unlink()
    elif place.exists():
        shutil.rmtree(place, ignore_errors=True)


def _has_memory() -> bool:
    """Whether this is a Linux whose memory file system is large, may hold programs, and would not crowd out others."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        available = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
        free = shutil.disk_usage(_MEMORY).free
        runs_programs = not os.statvfs(_MEMORY).f_flag & os.ST_NOEXEC
    except (OSError, StopIteration):
        return False
    return runs_programs and os.access(_MEMORY, os.W_OK) and min(available, free) >= _ENOUGH


def _name(place: Path) -> str:
    return f"hearback-{os.getuid()}-{hashlib.sha256(str(place).encode()).hexdigest()[:12]}"
