"""Layers of state against one plain dictionary: reading through, removing, absorbing, and a base that a layer never touches."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ledger.state import State

KEYS = st.sampled_from(["a", "a|b", "a|c", "b", "ab", ""])
TABLES = st.sampled_from(["role", "key"])
STEPS = st.lists(
    st.tuples(st.just("put"), TABLES, KEYS, st.none() | st.integers(0, 9))
    | st.tuples(st.just("append"), st.just("list"), KEYS, st.integers(0, 9))
    | st.tuples(st.sampled_from(["layer", "absorb", "copy"]), TABLES, KEYS, st.none()),
    max_size=40,
)


@given(STEPS)
def test_layers_are_one_dictionary(steps: list[tuple[str, str, str, Any]]) -> None:
    state, model = State(), {}
    for act, table, key, value in steps:
        match act:
            case "put":
                state.put(table, key, value)
                model[table, key] = value
            case "append":
                state.append(table, key, value)
                model[table, key] = (*(model.get((table, key)) or ()), value)
            case "layer":
                state = state.layer()
            case "absorb":
                state = state.absorb()
            case _:
                state = state.copy()
        assert state.get(table, key) == model.get((table, key))
    for table in ("role", "key", "list"):
        for prefix in ("", "a", "a|", "b"):
            wanted = sorted(
                (k, v) for (t, k), v in model.items() if t == table and k.startswith(prefix) and v is not None
            )
            assert list(state.scan(table, prefix)) == wanted


@given(STEPS)
def test_a_dropped_layer_leaves_the_base(steps: list[tuple[str, str, str, Any]]) -> None:
    """A failed commit drops its layer: what was known before is known still, and nothing more."""
    base = State()
    base.put("role", "a", 1)
    base.append("list", "a", 1)
    before = {t: list(base.scan(t)) for t in ("role", "key", "list")}
    layer = base.layer()
    for act, table, key, value in steps:
        if act == "put":
            layer.put(table, key, value)
        elif act == "append":
            layer.append(table, key, value)
    assert {t: list(base.scan(t)) for t in before} == before
    base_again = layer.absorb()
    assert base_again is base
    assert layer.get("role", "a") == base.get("role", "a")


def test_removing_in_a_layer() -> None:
    base = State()
    base.put("role", "a", 1)
    layer = base.layer()
    layer.put("role", "a", None)
    assert (layer.get("role", "a"), base.get("role", "a")) == (None, 1)
    assert list(layer.scan("role")) == []
    assert layer.absorb().get("role", "a") is None


def test_a_copy_leaves_tables_out() -> None:
    base = State()
    base.put("role", "a", 1)
    base.put("key", "a", 2)
    copy = base.layer().copy("role")
    assert (copy.get("role", "a"), copy.get("key", "a")) == (None, 2)
    copy.put("key", "a", 3)
    assert base.get("key", "a") == 2


def test_the_root_absorbs_nothing() -> None:
    base = State()
    assert base.absorb() is base
