"""Records of any type, made from the schema: every field that a plan selects has a value of its own kind."""

from __future__ import annotations

from typing import Any

from shoptide.resources.branches import Branch
from shoptide.resources.extraction import StreamPlan
from shoptide.shopify.schema import Field, Schema, Type
from shoptide.simulator.registry import FIELDS
from shoptide.simulator.shop import Shop, kind_of

Record = dict[str, Any]
DEEPEST = 4
OF_EVERY_OWNER = ("metafield", "metafields", "metafieldDefinitions")
PREFERRED = {"Discount": "DiscountCodeBasic"}  # the member that has what a plan reads below it
STAMP = "2026-10-01T08:30:00Z"


class Maker:
    """Makes records into a shop's truth; two children a list, so that one is told from the other."""

    def __init__(self, shop: Shop, schema: Schema) -> None:
        self.shop = shop
        self.schema = schema
        self.made = 0

    def fill(self, plan: StreamPlan) -> None:
        """A record of the stream's own with everything below it, or what a record that is there lacks.

        What the simulator models is left to it: such records are made through the API.
        """
        held = next((record for kind in plan.root_types for record in self.shop.table(kind)), None)
        if plan.place.path[0] == "shop":
            held = {"id": f"gid://shopify/Shop/{self.shop.number}"}
        if (
            held is not None
            and plan.stream.name.endswith("_metafields")
            and (kind_of(held["id"]), "metafields") in FIELDS
        ):
            self._metafield(held)
        elif held is not None:
            missing = [branch for branch in plan.branches if self._is_free(held, branch)]
            self.branches(held, tuple(missing))
        elif not is_modelled(plan.root_types):
            self._new(plan)

    def _is_free(self, record: Record, branch: Branch) -> bool:
        head = branch.child.field.partition(".")[0]
        return (record.get("__typename") or kind_of(record["id"]), head) not in FIELDS and not record.get(head)

    def _metafield(self, owner: Record) -> None:
        value = {"type": "single_line_text_field", "value": f"value {self.made}"}
        record = self.record(self.schema.type("Metafield"), DEEPEST)
        named = {"namespace": "custom", "key": f"made_{self.made}", "_owner": owner["id"]}
        self.shop.table("Metafield").put({**record, **value, **named})

    def _new(self, plan: StreamPlan) -> Record:
        place = plan.place
        record = self.record(place.carrier)
        self.branches(record, plan.branches)
        if len(place.path) > 1:
            holder = self._holder(place.path)
            holder.setdefault(place.key, []).append(record)
            return record
        self.shop.table(concrete(self.schema, place.carrier).name).put(record)
        return record

    def _holder(self, path: tuple[str, ...]) -> Record:
        """The object that a root's connection is in: the shop's payments account."""
        kind = self.schema.query_root.fields[path[0]].type.name
        table = self.shop.table(kind)
        return next(iter(table), None) or table.put(self.record(self.schema.type(kind)))

    def branches(self, record: Record, branches: tuple[Branch, ...]) -> None:
        for branch in branches:
            rows = [self.record(self.schema.type(branch.node_type)) for _ in range(2)]
            for row in rows:
                self.branches(row, branch.branches)
            self._put(record, branch.child.field, rows)

    def _put(self, record: Record, path: str, rows: list[Record]) -> None:
        *before, last = path.split(".")
        for step in before:
            record = record.setdefault(step, {})
        record[last] = rows

    def record(self, kind: Type, depth: int = 0) -> Record:
        own = concrete(self.schema, kind)
        self.made += 1
        found: Record = {"__typename": own.name}
        for item in own.fields.values():
            if item.name == "id":
                found["id"] = self.shop.new_id(own.name)
            elif item.name == "legacyResourceId":
                found[item.name] = str(self.made)
            elif (value := self.value(item, depth)) is not None:
                found[item.name] = value
        return found

    def value(self, item: Field, depth: int) -> Any:
        target = self.schema.type(item.type.name)
        if target.is_connection:
            return None
        value = self.leaf(item, target) if target.is_leaf else self.thing(target, depth)
        return [value] if item.type.is_list and value is not None else value

    def thing(self, target: Type, depth: int) -> Record | None:
        if target.name == "MoneyV2":
            return {"amount": f"{self.made}.25", "currencyCode": "CAD"}
        if target.name == "MoneyBag":
            money = {"amount": f"{self.made}.25", "currencyCode": "CAD"}
            return {"shopMoney": money, "presentmentMoney": money}
        if target.name == "Count":
            return {"count": self.made, "precision": "EXACT"}
        return self.record(target, depth + 1) if depth < DEEPEST else None

    def leaf(self, item: Field, target: Type) -> Any:
        if target.kind == "ENUM":
            return target.values[-1]
        known = {
            "Boolean": True,
            "Int": self.made,
            "Float": 1.5,
            "ID": f"gid://shopify/Thing/{self.made}",
            "DateTime": STAMP,
            "Date": STAMP[:10],
            "Money": f"{self.made}.75",
            "Decimal": "0.125",
            "UnsignedInt64": str(self.made),
            "BigInt": str(self.made),
            "JSON": {"a": self.made},
            "URL": f"https://example.com/{self.made}",
        }
        return known.get(target.name, f"{item.name} {self.made}")


def is_modelled(kinds: tuple[str, ...]) -> bool:
    """Whether the simulator makes such records itself, with more inside than the API shows."""
    return any(kind in kinds and name not in OF_EVERY_OWNER for kind, name in FIELDS)


def concrete(schema: Schema, kind: Type) -> Type:
    """An interface's or union's first member that the API finds by id, if there is one."""
    if kind.name in PREFERRED:
        return schema.type(PREFERRED[kind.name])
    members = [schema.type(name) for name in kind.possible_types]
    return next((each for each in members if "Node" in each.interfaces), members[0]) if members else kind
