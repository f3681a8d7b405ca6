"""The Singer tap's reader of bulk results: lines over HTTP to orders with their lines; runs in its own environment."""

import functools
import http.server
import json
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

sys.path = [each for each in sys.path if Path(each or ".").resolve() != Path(__file__).parent]  # this file has its name
from tap_shopify.streams.orders import Orders  # noqa: E402


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_args):
        """Say nothing."""


path = Path(sys.argv[1])
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(path.parent)))
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_address[1]}/{path.name}"
stream = SimpleNamespace(is_discount_application=functools.partial(Orders.is_discount_application, None))
began = time.perf_counter()
records = sum(1 for _ in Orders.parse_bulk_jsonl(stream, url))
print(json.dumps({"seconds": time.perf_counter() - began, "records": records}))
