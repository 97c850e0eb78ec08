"""JSON with positions agrees with the standard decoder, and knows the line of every value."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secaudit.text.source import SourceLine
from secaudit.vendors.common.json_document import DEEPEST, Item, JsonDocument, read_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)


def read(text: str) -> JsonDocument:
    return read_json([SourceLine("a.json", number, line) for number, line in enumerate(text.split("\n"), 1)])


def plain(item: Item) -> object:
    if isinstance(item.value, dict):
        return {key: plain(one) for key, one in item.value.items()}
    return [plain(one) for one in item.value] if isinstance(item.value, list) else item.value


@given(
    st.lists(VALUES, max_size=3) | st.dictionaries(st.text(max_size=4), VALUES, max_size=3),
    st.sampled_from([None, 0, 2]),
)
def test_it_reads_what_the_standard_decoder_reads(value: object, indent: int | None) -> None:
    document = read(json.dumps(value, indent=indent))
    assert document.broken is None
    assert [plain(one) for one in document.roots] == [value]


@given(st.text(alphabet='{}[]",:1 \ntrue\\x', max_size=40))
def test_it_never_raises_and_refuses_what_the_standard_decoder_refuses(text: str) -> None:
    document = read(text)
    try:
        value = json.loads(text)
    except ValueError:
        return
    if isinstance(value, dict | list):
        assert document.broken is None
        assert [plain(one) for one in document.roots] == [value]


def test_every_value_knows_its_lines() -> None:
    document = read('{\n "a": [\n  1,\n  {"b": "x"}\n ],\n "c": null\n}')
    (root,) = document.roots
    inner = root.get("a")
    assert inner is not None
    assert (root.line, root.end, inner.line, inner.end) == (0, 6, 1, 4)
    assert document.source(inner.items[1]).number == 4


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ('{\n"a": 1', 1),
        ('{"a": 1}}', 0),
        ('{"a": 1,\n, "b": 2}', 1),
        ('{"a" 1}', 0),
        ('{"a": tru}', 0),
        ('{"a": "x\n"}', 0),
        ("[1}", 0),
        ("[" * (DEEPEST + 1), 0),
        ("{1: 2}", 0),
    ],
)
def test_where_it_is_no_json(text: str, broken: int) -> None:
    assert read(text).broken == broken


def test_what_was_read_before_a_mistake_is_kept() -> None:
    document = read('{"a": [1, 2,\n?')
    assert [plain(one) for one in document.roots] == [{"a": [1, 2]}]


def test_several_documents_and_what_stands_around_them() -> None:
    document = read('$ aws ec2 describe-vpcs\n{"a": 1}\n\n[2]\n$ exit')
    assert [plain(one) for one in document.roots] == [{"a": 1}, [2]]
    assert document.around == [0, 2, 4]


def test_keys_that_are_there_twice_are_told() -> None:
    document = read('{"a": 1,\n"a": 2}')
    assert document.twice == [1]
    assert [plain(one) for one in document.roots] == [{"a": 2}]


def test_a_masked_value_is_a_value() -> None:
    document = read('{"password": ********, "b": 1}')
    assert document.broken is None
    assert [plain(one) for one in document.roots] == [{"password": "********", "b": 1}]
