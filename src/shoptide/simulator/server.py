"""Serves a world on a socket: `start` in a thread for tests and the demo, `run` until interrupted."""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import uvicorn

from shoptide.simulator.app import create_app

if TYPE_CHECKING:
    from shoptide.simulator.world import World


@dataclass
class Running:
    """A simulator that answers at `url` until `stop()`."""

    url: str
    world: World
    server: uvicorn.Server
    thread: threading.Thread

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(timeout=10)

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _server(world: World, host: str, port: int) -> uvicorn.Server:
    config = uvicorn.Config(
        create_app(world),
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        lifespan="off",
        server_header=False,
        date_header=False,  # the answer's own Date is the shop's clock
        timeout_keep_alive=75,
    )
    return uvicorn.Server(config)


def bind(host: str, port: int) -> socket.socket:
    """Take the port now, so that `port=0` is known before the server runs; raises OSError when it is taken."""
    # asyncio turns off Nagle only for sockets that name their protocol; without it every answer waits 40 ms.
    found = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    found.bind((host, port))
    found.listen(2048)
    return found


def address(host: str, taken: socket.socket) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{taken.getsockname()[1]}"


def start(world: World, *, host: str = "127.0.0.1", port: int = 0) -> Running:
    """Serve in a background thread; the socket accepts connections when this returns."""
    taken = bind(host, port)
    server = _server(world, host, port)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [taken]}, name="simulator", daemon=True)
    thread.start()
    return Running(address(host, taken), world, server, thread)


def serve(world: World, host: str, taken: socket.socket) -> None:
    """Serve on a socket from `bind` until SIGINT or SIGTERM."""
    _server(world, host, taken.getsockname()[1]).run(sockets=[taken])


def run(world: World, *, host: str = "127.0.0.1", port: int = 4000) -> None:
    """Serve until SIGINT or SIGTERM."""
    serve(world, host, bind(host, port))
