"""Pages of another shop, from a server and an origin of its own, under a strict content security policy that lets ours in."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

KINDS = {"js": "text/javascript", "css": "text/css"}


@contextmanager
def another_shop(ours: str, page: str, files: Mapping[str, str], more: str = "") -> Iterator[str]:
    """Its origin.

    Args:
        ours: origin of the server under test, from which scripts come and to which they may talk.
        page: what stands at every path that is none of ``files``.
        more: added to the policy.
    """
    policy = f"default-src 'none'; style-src 'self'; script-src 'self' {ours}; connect-src {ours}{more}"

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            self.send_response(200)
            self.send_header("Content-Type", KINDS.get(path.rpartition(".")[2], "text/html"))
            self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(files.get(path, page).encode())

        def log_message(self, *args) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
