"""dlt as its connectors use it by default: Python records to DuckDB, merged by id; runs in its own environment."""

import json
import sys
import time
from pathlib import Path

sys.path = [each for each in sys.path if Path(each or ".").resolve() != Path(__file__).parent]  # this file has its name
import dlt  # noqa: E402


@dlt.resource(name="orders", primary_key="id", write_disposition="merge")
def orders():
    """Each order with its lines inside, as a paged query brings them."""
    order = None
    with open(sys.argv[1], encoding="utf-8") as file:  # noqa: PTH123
        for line in file:
            record = json.loads(line)
            if "__parentId" not in record:
                if order:
                    yield order
                order = record
            else:
                order.setdefault(f"{record.get('__typename', 'line')}s", []).append(record)
    yield order


began = time.perf_counter()
pipeline = dlt.pipeline(
    "peer", destination=dlt.destinations.duckdb("dlt.duckdb"), dataset_name="shopify", pipelines_dir="dlt"
)
pipeline.run(orders())
print(json.dumps({"seconds": time.perf_counter() - began}))
