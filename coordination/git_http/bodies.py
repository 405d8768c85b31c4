"""Reading what a git client sends: in one piece or chunked, packed with gzip or not, counted all the way."""

import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, Protocol

from coordination.errors import LimitExceeded, Malformed, MediaRefused

CHUNK = 1 << 16
GZIP = zlib.MAX_WBITS | 16


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@contextmanager
def body_of(environ: dict[str, Any], limit: int) -> Iterator[IO[bytes]]:
    """Yield the whole body, unpacked, at its beginning. Raises LimitExceeded as soon as it is longer than `limit` bytes.

    A push over 1 MiB comes chunked, without a length; the server takes the chunks apart and the stream ends where they do.
    """
    with tempfile.TemporaryFile() as file:
        for piece in _inflated(_pieces(environ, limit), environ.get("HTTP_CONTENT_ENCODING", ""), limit):
            file.write(piece)
        file.seek(0)
        yield file


def _pieces(environ: dict[str, Any], limit: int) -> Iterator[bytes]:
    stream: Readable = environ["wsgi.input"]
    left = _length(environ)
    seen = 0
    while left is None or left > 0:
        piece = bytes(stream.read(CHUNK if left is None else min(CHUNK, left)))
        if not piece:
            break
        seen += len(piece)
        if left is not None:
            left -= len(piece)
        _refuse_long(seen, limit)
        yield piece
    if left:
        raise Malformed("The request ended before its Content-Length; push again.")


def _length(environ: dict[str, Any]) -> int | None:
    """Return how much to read; None when the server marks the end of a chunked body itself."""
    if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
        return None
    text = environ.get("CONTENT_LENGTH") or "0"
    if not text.isascii() or not text.isdecimal() or len(text) > 15:
        raise Malformed("Content-Length is no number.")
    return int(text)


def _inflated(pieces: Iterator[bytes], encoding: str, limit: int) -> Iterator[bytes]:
    if encoding.lower() in ("", "identity"):
        yield from pieces
        return
    if encoding.lower() not in ("gzip", "x-gzip"):
        raise MediaRefused("The body is packed in a way that is not unpacked here; send it plain or with gzip.")
    unpacker = zlib.decompressobj(GZIP)
    seen = 0
    try:
        for piece in pieces:
            while piece:
                told = unpacker.decompress(piece, CHUNK)
                seen += len(told)
                _refuse_long(seen, limit)
                yield told
                piece = unpacker.unconsumed_tail
    except zlib.error:
        raise Malformed("The body says that it is gzip, and cannot be unpacked.") from None
    if not unpacker.eof or unpacker.unused_data:
        raise Malformed("The body says that it is gzip, and is cut off or has something behind it.")


def _refuse_long(seen: int, limit: int) -> None:
    if seen > limit:
        raise LimitExceeded(f"The request is longer than the {limit:,} bytes that are taken at once; push it in parts.")
