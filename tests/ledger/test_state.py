"""Layers of state against one plain dictionary: reading through, removing, absorbing, and a base that a layer never touches."""

import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from ledger.state import State

KEYS = st.sampled_from(["a", "a|b", "a|c", "b", "ab", ""])
TABLES = st.sampled_from(["role", "key"])
STEPS = st.lists(
    st.tuples(st.just("put"), TABLES, KEYS, st.none() | st.integers(0, 9))
    | st.tuples(st.just("append"), st.just("list"), KEYS, st.integers(0, 9))
    | st.tuples(st.sampled_from(["layer", "absorb"]), TABLES, KEYS, st.none()),
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
            case _:
                state = state.absorb()
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


def test_the_root_absorbs_nothing() -> None:
    base = State()
    assert base.absorb() is base


class Said(Struct, frozen=True):
    """A value that tells since when it stands, as facts do."""

    index: int
    word: int


EVENTS = st.lists(
    st.tuples(
        st.lists(
            st.tuples(st.sampled_from(["said", "word", "gone"]), KEYS, st.integers(0, 9))
            | st.tuples(st.sampled_from(["facts", "texts"]), KEYS, st.integers(0, 9)),
            max_size=3,
        ),
        st.sampled_from(["on", "layer", "absorb", "commit"]),
    ),
    max_size=30,
)


def tell(state: State, index: int, acts: list[tuple[str, str, int]]) -> None:
    state.begin(index)
    for act, key, word in acts:
        match act:
            case "said":
                state.put("said", key, Said(index, word))
            case "word":
                state.put("word", key, str(word))
            case "gone":
                state.put("said", key, None)
            case "facts":
                state.append("facts", key, Said(index, word))
            case _:
                state.append("texts", key, str(word))


def shown(state: State) -> dict[str, list[tuple[str, Any]]]:
    tables = ("said", "word", "facts", "texts")
    found = {t: list(state.scan(t)) for t in tables}
    for table, rows in found.items():
        every = {k: state.get(table, k) for k in ("a", "a|b", "a|c", "b", "ab", "")}
        assert {k: v for k, v in every.items() if v is not None} == dict(rows)
    return found


@given(EVENTS)
def test_every_earlier_size_is_the_fold_of_the_entries_up_to_it(events: list[tuple[Any, str]]) -> None:
    """Whatever batches they came in: layers, and layers on layers, absorbed at once or one by one."""
    state = root = State()
    for index, (acts, then) in enumerate(events):
        tell(state, index, acts)
        if then == "layer":
            state = state.layer()
        elif then == "absorb":
            state = state.absorb()
        elif then == "commit":
            while state is not root:
                state = state.absorb()
    while state is not root:
        state = state.absorb()
    fresh = State()
    for size in range(len(events) + 1):
        assert shown(root.at(size)) == shown(fresh), size
        if size < len(events):
            assert root.at(size).layer().get("said", "a") == fresh.get("said", "a")
            tell(fresh, size, events[size][0])
    assert shown(root) == shown(fresh)


def test_an_earlier_state_is_only_read_and_a_layer_on_it_stays_aside() -> None:
    root = State()
    tell(root, 0, [("said", "a", 1), ("texts", "a", 1)])
    tell(root, 1, [("said", "a", 2), ("texts", "a", 2)])
    then = root.at(1)
    for write in (lambda: then.put("said", "a", None), lambda: then.append("texts", "a", "x"), then.absorb):
        with pytest.raises(TypeError):
            write()
    aside = then.layer()
    tell(aside, 1, [("said", "a", 3), ("texts", "a", 3)])
    assert (aside.get("said", "a").word, aside.get("texts", "a")) == (3, ("1", "3"))
    assert [v.word for _, v in aside.layer().scan("said")] == [3]
    with pytest.raises(TypeError, match="does not change"):
        aside.absorb()
    assert (root.get("said", "a").word, then.get("said", "a").word, then.at(9).size) == (2, 1, 1)
    with pytest.raises(TypeError, match="no earlier states"):
        root.layer().at(0)


def test_the_end_of_the_log_is_not_shown_of_earlier_states() -> None:
    root = State()
    root.begin(0)
    root.put("stream", "model/m", "the place of its last entry")
    assert (root.at(1).get("stream", "model/m"), list(root.at(1).scan("stream"))) == (None, [])


def test_a_reader_of_the_past_sees_nothing_of_a_batch_being_absorbed() -> None:
    """A thousand batches while a reader looks at one size: it never moves."""
    root = State()
    tell(root, 0, [("said", "a", 0), ("word", "a", 0), ("facts", "a", 0), ("texts", "a", 0)])
    then, done = root.at(1), threading.Event()
    wanted, seen = shown(then), []

    def look() -> None:
        while not done.is_set():
            seen.append(shown(then) == wanted)

    reader = threading.Thread(target=look)
    reader.start()
    for index in range(1, 1000):
        layer = root.layer()
        tell(layer, index, [("said", "a", 1), ("word", "a", 1), ("facts", "a", 1), ("texts", "b", 1), ("said", "b", 1)])
        layer.absorb()
    done.set()
    reader.join()
    assert seen
    assert all(seen)
