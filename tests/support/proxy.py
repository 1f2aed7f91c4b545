"""A line to a server that goes bad as a test says: late, in drops, cut, reset, or half open."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from enum import Enum

READ_BYTES = 65_536
DELAY_SECONDS = 0.4
DRIP_SECONDS = 0.002
# Closed with this, a socket sends a reset instead of an end.
NO_LINGER = struct.pack("ii", 1, 0)


class Line(Enum):
    """What becomes of what is sent, and of who calls anew."""

    SOUND = "sound"
    LATE = "late"
    IN_DROPS = "in drops"
    CUT = "cut"
    RESET = "reset"
    # Calls are taken and nothing ever arrives; neither side is told.
    HALF_OPEN = "half open"


ENDING = (Line.CUT, Line.RESET)


class Proxy:
    """Takes calls on a port of its own and carries what is said to the server at `port`.

    `met` counts how often something ran into each state of the line.
    """

    def __init__(self, port: int) -> None:
        self.to_port = port
        self.met: Counter[Line] = Counter()
        self._line = Line.SOUND
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(
            asyncio.start_server(self._carry, "127.0.0.1", 0)
        )
        self.port: int = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    @property
    def line(self) -> Line:
        return self._line

    def become(self, line: Line) -> None:
        """From now on; what was half open is found to be dead when the line is sound again."""
        before, self._line = self._line, line
        if line in ENDING or before is Line.HALF_OPEN:
            self._loop.call_soon_threadsafe(self._end_all)

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(60)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        self._loop.close()

    async def _close(self) -> None:
        self._server.close()
        self._end_all()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _end_all(self) -> None:
        for writer in list(self._writers):
            self._end(writer)

    def _end(self, writer: asyncio.StreamWriter) -> None:
        self.met[self._line] += 1
        own: socket.socket = writer.get_extra_info("socket")
        if self._line is not Line.CUT:
            with contextlib.suppress(OSError):
                own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        if self._line in ENDING:
            self._end(writer)
            self._writers.discard(writer)
            return
        on_reader, on_writer = await asyncio.open_connection("127.0.0.1", self.to_port)
        self._writers.add(on_writer)
        try:
            await asyncio.gather(self._pump(reader, on_writer), self._pump(on_reader, writer))
        finally:
            for one in (writer, on_writer):
                self._writers.discard(one)
                one.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(READ_BYTES):
                self.met[self._line] += 1
                await self._pass_on(data, writer)
        with contextlib.suppress(OSError):
            writer.close()

    async def _pass_on(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        if self._line is Line.HALF_OPEN:
            return
        if self._line is Line.LATE:
            await asyncio.sleep(DELAY_SECONDS)
        size = 1 if self._line is Line.IN_DROPS else len(data)
        for at in range(0, len(data), size):
            writer.write(data[at : at + size])
            await writer.drain()
            if size < len(data):
                await asyncio.sleep(DRIP_SECONDS)


@contextlib.contextmanager
def proxy_to(port: int) -> Iterator[Proxy]:
    proxy = Proxy(port)
    try:
        yield proxy
    finally:
        proxy.close()
