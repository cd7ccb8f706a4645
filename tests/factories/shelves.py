"""Shelves and conditions that hypothesis makes up, what a condition means said plainly, and asks of a slot."""

from __future__ import annotations

import ast
import json
import operator
from dataclasses import replace

from hypothesis import strategies as st

from recommender.known.contexts import Known
from recommender.known.product_facts import ProductFacts
from recommender.slates.slate import Reason
from recommender.slots.served import ServedSlot
from recommender.slots.types.base import Ask, Pool, SlotType
from shop.catalogue.changes import LAST

DAY_MS = 86_400_000
NOW = 20_000 * DAY_MS
CATEGORIES = ("food", "food/tea", "food/tea/green", "foods", "home")
BRANDS = ("", "Nido", "Sunday Table")


class Given:
    """A type that proposes these products."""

    name, task, fills, waives, ranks = "given", "", True, frozenset(), True
    explores, explores_unasked = True, False

    def __init__(self, ids: list[str]) -> None:
        self.ids = ids

    may_explore = SlotType.may_explore

    def pool(self, ask: Ask) -> Pool:
        ids = list(ask.given) or self.ids
        return Pool(ids, [1 - n / len(ids) for n in range(len(ids))], lambda position: (Reason("session"), "given"))


product = st.tuples(
    st.integers(0, 40),  # price
    st.integers(0, 2),  # stock
    st.booleans(),
    st.sampled_from(CATEGORIES),
    st.sampled_from(BRANDS),
    st.integers(0, 9),  # units sold
    st.integers(0, 90),  # age
    st.dictionaries(  # attributes
        st.sampled_from(["colour", "weight"]),
        st.one_of(st.sampled_from(["red", "blue"]), st.integers(0, 3), st.booleans()),
    ),
)
ABSENT = object()


@st.composite
def shelves(draw):
    rows = draw(st.lists(product, min_size=1, max_size=40))
    table = [
        (f"p{n}", float(price), stock, active, category, brand, sold, NOW - age * DAY_MS, "", "", *LAST[:-1], held)
        for n, (price, stock, active, category, brand, sold, age, attributes) in enumerate(rows)
        for held in [json.dumps(attributes)]
    ]
    return ProductFacts.of_rows(table, {})


number = st.one_of(st.integers(0, 40).map(str), st.sampled_from(["this.price", "this.price * 0.8", "age", "stock + 1"]))
sign = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
atom = st.one_of(
    st.tuples(st.sampled_from(["price", "stock", "units_sold", "age"]), sign, number).map(" ".join),
    st.sampled_from(CATEGORIES).map('category in "{}"'.format),
    st.sampled_from(CATEGORIES).map('category == "{}"'.format),
    st.sampled_from(BRANDS).map('brand != "{}"'.format),
    st.sampled_from(
        [
            *('attributes.colour == "red"', 'attributes.colour != "blue"', "attributes.colour in ['red', 'blue']"),
            *("attributes.weight < 2", "attributes.weight >= price", "attributes.weight == true"),
            *("attributes.weight != false", "attributes.weight <= this.attributes.weight"),
            *("attributes.colour == this.attributes.colour", "attributes.weight != this.attributes.weight"),
        ]
    ),
    st.sampled_from(["brand == this.brand", "category in this.department", "this", "brand not in ['Nido', 'Other']"]),
)
condition = st.recursive(
    atom,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map("not ({})".format),
    ),
    max_leaves=4,
)


class Meaning:
    """The plain meaning of a condition for one product; what needs a product in view is unknown (None) without one."""

    SIGNS = {ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Eq: operator.eq}

    def __init__(self, facts: ProductFacts, row: int, this: int) -> None:
        self.facts, self.row, self.this = facts, row, this

    def fact(self, name: str, row: int):
        facts = self.facts
        path = facts.category_paths[int(facts.category[row])]
        if name in ("price", "stock", "units_sold"):
            return float(getattr(facts, name)[row])
        age = (NOW - int(facts.created_ms[row])) / DAY_MS
        return {"category": path, "department": path.partition("/")[0], "brand": facts.brand[row], "age": age}[name]

    def of(self, node: ast.AST):
        return getattr(self, type(node).__name__)(node)

    def Constant(self, node):
        return node.value

    def List(self, node):
        return [self.of(each) for each in node.elts]

    def Name(self, node):
        if node.id in ("true", "false"):
            return node.id == "true"
        return self.this >= 0 if node.id == "this" else self.fact(node.id, self.row)

    def Attribute(self, node):
        bag = ast.unparse(node.value)
        if bag == "attributes" or (bag == "this.attributes" and self.this >= 0):
            row = self.row if bag == "attributes" else self.this
            return json.loads(self.facts.attributes[row]).get(node.attr, ABSENT)
        return self.fact(node.attr, self.this) if self.this >= 0 else None

    def BinOp(self, node):
        left, right = self.of(node.left), self.of(node.right)
        return None if left is None else left * right if isinstance(node.op, ast.Mult) else left + right

    def UnaryOp(self, node):
        inner = self.of(node.operand)
        return None if inner is None else not inner

    def BoolOp(self, node):
        found, sure = [self.of(each) for each in node.values], isinstance(node.op, ast.Or)
        return sure if sure in found else None if None in found else not sure

    def Compare(self, node):
        (op,), left, right = node.ops, self.of(node.left), self.of(node.comparators[0])
        if left is None or right is None:
            return None
        if isinstance(op, ast.In | ast.NotIn):
            among, tree = [right] if isinstance(right, str) else right, getattr(node.left, "id", "") == "category"
            inside = any(left == each or (tree and left.startswith(f"{each}/")) for each in among)
            return inside is isinstance(op, ast.In)
        # A kind of another sort is as good as nothing: only "!=" holds.
        if ABSENT in (left, right) or kind(left) is not kind(right):
            return isinstance(op, ast.NotEq)
        ordered = isinstance(op, ast.Eq | ast.NotEq) or kind(left) is float
        return left != right if isinstance(op, ast.NotEq) else ordered and self.SIGNS[type(op)](left, right)


def kind(value) -> type:
    return bool if isinstance(value, bool) else str if isinstance(value, str) else float


def holds(text: str, facts: ProductFacts, row: int, this: int) -> bool:
    return Meaning(facts, row, this).of(ast.parse(text, mode="eval").body) is True


def an_ask(facts: ProductFacts, ids: list[str], k: int, this: str = "", **wanted) -> Ask:
    slot = replace(ServedSlot.of({"name": "test", "type": "for_you", **wanted}), kind=Given(ids))
    return Ask(slot, Known(product_id=this), facts, lambda task: None, NOW, k, visit="v-1|s-1", depth=slot.depth(facts))


def shares_of(product_id: str, facts: ProductFacts, caps) -> list[tuple[str, str]]:
    """What a product takes a share of: its category, its brand if it has one."""
    row = facts.row[product_id]
    keys = [("category", facts.category_paths[int(facts.category[row])]), ("brand", facts.brand[row])]
    return [(name, of) for name, of in keys if name in caps and of]
