"""Counts how often somebody came within a minute, for all processes of this machine; kept in a small file, never durable."""

import fcntl
import os
import struct
from pathlib import Path

_CELL = struct.Struct("<QII")
#: numbers share a cell when they leave the same rest: they would only be counted together
_CELLS = 4096


class Tally:
    """Counters by number, each for the minute that goes on."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def count(self, number: int, seconds: int) -> int:
        """Count this one in; how many came in the minute of `seconds` (since 1970), this one included."""
        minute, place = seconds // 60, number % _CELLS * _CELL.size
        handle = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            cell = os.pread(handle, _CELL.size, place)
            of, n, _spare = _CELL.unpack(cell) if len(cell) == _CELL.size else (0, 0, 0)
            n = n + 1 if of == minute else 1
            os.pwrite(handle, _CELL.pack(minute, n, 0), place)
        finally:
            os.close(handle)  # gives the lock back
        return n
