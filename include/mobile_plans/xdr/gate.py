"""
The gate every byte of a compressed feed passes: what cannot be trusted stops there.

One pass hashes the file as delivered, unpacks it, and hands on blocks of whole lines that are
UTF-8, free of NUL and no longer than allowed, however hostile the file is.
"""

import codecs
import hashlib
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from include.mobile_plans.policy.xdr import FileLimits

PACKED_CHUNK = 1 << 18
UNPACKED_CHUNK = 1 << 22
BLOCK = 1 << 22
"""Bytes of a block; measured, 4 MiB stay in the cache best."""
RATIO_FROM = 1 << 24
"""Below so many bytes even an honest file may be very regular."""

_GZIP = b"\x1f\x8b"
_GZIP_WINDOW = 31
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Refused(Exception):
    """
    A file that cannot be read on, with the rule it breaks.

    Args:
        message: For people.
        rule: Of the catalogue.
    """

    def __init__(self, message: str, *, rule: str) -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message


class Delivered:
    """
    The file as delivered, hashed and counted while it is read.

    Args:
        raw: Opened for reading bytes.
        limits: What it may cost.
    """

    def __init__(self, raw: BinaryIO, limits: FileLimits) -> None:
        self._raw = raw
        self._limits = limits
        self._digest = hashlib.sha256()
        self._has_ended = False
        self.bytes = 0

    def read(self) -> bytes:
        """
        Return the next bytes, none at the end.

        Raises:
            Refused: There are more than allowed.
        """
        data = self._raw.read(PACKED_CHUNK)
        self._digest.update(data)
        self._has_ended = not data
        self.bytes += len(data)
        if self.bytes > self._limits.file_bytes:
            msg = f"is larger than {self._limits.file_bytes} bytes"
            raise Refused(msg, rule="F04")
        return data

    def digest(self) -> str | None:
        """Read what is left and return the SHA-256 of all, or None where that is too much."""
        try:
            while not self._has_ended:
                self.read()
        except Refused:
            return None
        return self._digest.hexdigest()


class Gate:
    """
    A compressed text file, block by block.

    Args:
        delivered: The bytes.
        limits: What it may cost.

    Attributes:
        unpacked: Bytes unpacked so far.
        has_bom: Whether a byte order mark stood at the beginning; it is left out.
    """

    def __init__(self, delivered: Delivered, limits: FileLimits) -> None:
        self._delivered = delivered
        self._limits = limits
        self.unpacked = 0
        self.has_bom = False

    def blocks(self) -> Iterator[bytes]:
        """
        Yield blocks of whole lines; the last line needs no line break.

        Raises:
            Refused: The file is no whole gzip, no clean text, or costs more than allowed.
        """
        parts: list[bytes] = []
        size = 0
        for chunk in self._without_bom():
            end = chunk.rfind(b"\n") + 1
            if not end or size + end < BLOCK:
                parts.append(chunk)
                size += len(chunk)
                if not end and size - len(chunk) > self._limits.line_bytes:
                    self._require_short_lines(b"".join(parts))
                continue
            yield self._clean(b"".join([*parts, chunk[:end]]))
            parts = [chunk[end:]]
            size = len(parts[0])
        rest = b"".join(parts)
        if rest:
            yield self._clean(rest)

    def _without_bom(self) -> Iterator[bytes]:
        chunks = self._unpack()
        first = b""
        for chunk in chunks:
            first += chunk
            if len(first) >= len(codecs.BOM_UTF8):
                break
        if first.startswith(_UTF16):
            msg = "is UTF-16: write UTF-8"
            raise Refused(msg, rule="F05")
        self.has_bom = first.startswith(codecs.BOM_UTF8)
        yield first.removeprefix(codecs.BOM_UTF8)
        yield from chunks

    def _unpack(self) -> Iterator[bytes]:
        packed = b""
        while True:
            packed = self._begin_of_member(packed)
            if not packed and self.unpacked:
                return
            if not packed.startswith(_GZIP):
                msg = "is not gzip" if not self.unpacked else "holds something after its gzip data"
                raise Refused(msg, rule="F04")
            unpacker = zlib.decompressobj(wbits=_GZIP_WINDOW)
            while not unpacker.eof:
                try:
                    data = unpacker.decompress(packed, UNPACKED_CHUNK)
                except zlib.error as error:
                    msg = f"is damaged gzip: {_reason(error)}"
                    raise Refused(msg, rule="F04") from None
                packed = unpacker.unconsumed_tail or (b"" if unpacker.eof else self._next(data))
                if data:
                    self._count(data)
                    yield data
            packed = unpacker.unused_data

    def _begin_of_member(self, packed: bytes) -> bytes:
        """Read on until there is enough to tell whether gzip begins here; nothing at the end."""
        while len(packed) < len(_GZIP):
            more = self._delivered.read()
            if not more:
                break
            packed += more
        return packed

    def _next(self, unpacked: bytes) -> bytes:
        packed = self._delivered.read()
        if not packed and not unpacked:
            msg = "is truncated: its gzip data does not end"
            raise Refused(msg, rule="F04")
        return packed

    def _count(self, data: bytes) -> None:
        self.unpacked += len(data)
        limits = self._limits
        if self.unpacked > limits.unpacked_bytes:
            msg = f"unpacks to more than {limits.unpacked_bytes} bytes"
            raise Refused(msg, rule="F04")
        allowed = max(RATIO_FROM, self._delivered.bytes * limits.unpacked_ratio)
        if self.unpacked > allowed:
            msg = f"unpacks to more than {limits.unpacked_ratio} times its size"
            raise Refused(msg, rule="F04")

    def _clean(self, block: bytes) -> bytes:
        if b"\0" in block:
            msg = "holds NUL bytes"
            raise Refused(msg, rule="F05")
        if not block.isascii():
            try:
                codecs.utf_8_decode(block, "strict", True)
            except UnicodeDecodeError as error:
                msg = f"is not UTF-8: {error.reason} in line {self._line_at(block, error.start)!r}"
                raise Refused(msg, rule="F05") from None
        self._require_short_lines(block)
        return block

    @staticmethod
    def _line_at(block: bytes, place: int) -> str:
        begin = block.rfind(b"\n", 0, place) + 1
        return block[begin : begin + 20].decode("ascii", "replace")

    def _require_short_lines(self, block: bytes) -> None:
        """Hop from line break to line break as far as a line may reach: no line is looked at."""
        begin, longest = 0, self._limits.line_bytes
        while len(block) - begin > longest:
            found = block.rfind(b"\n", begin, begin + longest + 1)
            if found < begin:
                msg = f"has a line longer than {longest} bytes"
                raise Refused(msg, rule="F05")
            begin = found + 1


def _reason(error: zlib.error) -> str:
    return str(error).rpartition(": ")[2]
