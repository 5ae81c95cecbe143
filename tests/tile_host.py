"""A web server over a folder of tiles, which a test may bend; and logs of any size whose leaves are made up."""

import socketserver
import threading
from collections.abc import Callable
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.entry import leaf_hash
from ledger.note import LogSigner
from ledger.tile import WIDTH, Edge, TileReader, format_bundle, tile_path
from ledger.tree import HASH

Answer = Callable[[str], tuple[int, bytes] | None]


class TileHost:
    """`folder` over HTTP on loopback. `bend` may answer a path otherwise; `asked` has every path; `folder` may be switched."""

    def __init__(self, folder: Path) -> None:
        self.asked: list[str] = []
        self.tokens: list[str | None] = []
        self.bend: Answer = lambda _path: None
        self.folder = folder
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                host.asked.append(self.path)
                host.tokens.append(self.headers.get("authorization"))
                bent = host.bend(self.path)
                file = host.folder / self.path.split("?")[0].lstrip("/")
                status, content = bent or ((200, file.read_bytes()) if file.is_file() else (404, b"none"))
                self.send_response(status)
                if status in (301, 302, 307):
                    self.send_header("location", content.decode())
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_said: object) -> None:
                pass

        self.server: socketserver.TCPServer = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def close(self) -> None:
        """Stop answering."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def made_up(n: int, name: str = "") -> bytes:
    """Entry `n` of a made-up log."""
    return f"{name} entry {n}".encode()


class MadeUp:
    """Tiles, bundles and signed heads of a log that has `size` entries, which differ from index `fork` on by `name`."""

    def __init__(self, signer: LogSigner, size: int, fork: int = 1 << 62, name: str = "") -> None:
        self.signer, self.size = signer, size
        self.entries = [made_up(n, name if n >= fork else "") for n in range(size)]
        self.tiles: dict[tuple[int, int], bytes] = {}
        self._notes: dict[tuple[int, int], str] = {}
        self.edge = Edge.empty()
        for start in range(0, size, WIDTH):
            self.edge, full = self.edge.extend([leaf_hash(e) for e in self.entries[start : start + WIDTH]])
            self.tiles.update({(t.level, t.n): t.hashes for t in full})

    def edge_at(self, size: int) -> Edge:
        """The edge of its first `size` leaves."""
        return Edge.load(size, lambda level, n: self.tiles.get((level, n), self._row(level, n)))

    def _row(self, level: int, n: int) -> bytes:
        return self.edge.levels[level] if n == (self.size >> 8 * level) // WIDTH else b""

    def note(self, size: int | None = None, at: int = 1_780_000_000) -> str:
        """A signed head; always the same bytes, though ML-DSA-44 signs with fresh randomness."""
        size = self.size if size is None else size
        if (size, at) not in self._notes:
            head = Checkpoint(self.signer.vkeys[0].name, size, self.edge_at(size).root())
            self._notes[size, at] = sign_checkpoint(head, self.signer, at)
        return self._notes[size, at]

    def node(self, level: int, index: int) -> bytes:
        """A node of its tree."""
        return TileReader(lambda at, n: self.tiles.get((at, n), self._row(at, n)), self.size)(level, index)

    def files(self, size: int | None = None) -> dict[str, bytes]:
        """Every file of its static form at a size."""
        size = self.size if size is None else size
        edge = self.edge_at(size)
        found = {tile_path(*k): v for k, v in self.tiles.items() if (k[1] + 1) * WIDTH <= size >> 8 * k[0]}
        for level, row in enumerate(edge.levels):
            if row:
                found[tile_path(level, (size >> 8 * level) // WIDTH, len(row) // HASH)] = row
        for start in range(0, size, WIDTH):
            some = self.entries[start : min(start + WIDTH, size)]
            found[tile_path(None, start // WIDTH, len(some))] = format_bundle(some)
        return found | {"checkpoint": self.note(size).encode()}

    def write(self, folder: Path, size: int | None = None) -> Path:
        """The same, on disk."""
        for name, content in self.files(size).items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return folder


def digest_of(folder: Path) -> dict[str, str]:
    """What lies in a folder: path → digest of its bytes; locks and links' targets included."""
    return {
        str(p.relative_to(folder)): sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.name != ".lock"
    }
