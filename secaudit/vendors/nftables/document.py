"""What a text of nft commands leaves in the kernel: tables with their chains, rules, sets and maps, still as written.

Both forms are read: the blocks of `nft list ruleset` and the commands of a hand-written file (`add rule`, `insert rule`, `flush`,
`delete`, `define`), in the order of the file (`man nft`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from secaudit.network.device import Doubt, DoubtKind
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine
from secaudit.vendors.nftables.items import (
    OBJECTS,
    all_lines,
    blocks,
    is_block,
    name_of,
    names_of,
    path_of,
    word_of,
)
from secaudit.vendors.nftables.tokens import (
    Group,
    Item,
    Kind,
    Token,
    group,
    lines_of,
    rules_in,
    split,
    statements,
    tokens_of,
)

_SHARED_GROUPS = 100_000
"""How often variables may be filled in, in one file."""
_CHAIN_WORDS = ("type", "policy", "comment", "device", "devices", "flags", "hook", "priority")
_NO_RULES = (*_CHAIN_WORDS, "define", "redefine")
_SHOWN = 20

NOT_UNDERSTOOD = Text(
    ja="nftablesの読み取れない命令または構文があり、フィルターの内容が変わるおそれがあります",
    en="nftables commands or syntax were not understood and could change the ruleset",
)
_INCLUDE = Text(
    ja="include で別のファイルが読み込まれますが、その内容は提出されていません（nft list ruleset の出力を提出してください）",
    en="include loads another file, which was not submitted (submit the output of `nft list ruleset`)",
)
_CUT = Text(
    ja="括弧が閉じられておらず、設定が途中で切れているおそれがあります",
    en="a bracket is not closed, so the configuration may be cut off",
)
_DEEP = Text(ja="括弧の入れ子が深すぎて解析できません", en="brackets are nested too deeply to be read")
_UNDEFINED_VARIABLE = Text(
    ja="定義されていない変数が使われています",
    en="a variable is used that is not defined",
)
_NO_CHAIN = Text(
    ja="ファイルにないチェーンへルールが追加されています（nft list ruleset の出力を提出してください）",
    en="rules are added to a chain that is not in the file (submit the output of `nft list ruleset`)",
)
_TOO_MANY = Text(ja="変数の展開が多すぎて解析できません", en="variables expand to too much to be read")
_OBJECT = Text(
    ja="計数・流量・オフロードなどの補助的な定義であり、通信の可否はそれを使うルールで判断します",
    en="an auxiliary object (counter, limit, flowtable); the rules that use it are judged",
)
_NO_EFFECT = Text(ja="表示だけを行う命令です", en="a command that only displays something")


@dataclass(slots=True)
class ChainText:
    """One chain as written. `base` are the statements `type ...` and `policy ...` of a base chain."""

    name: str
    lines: list[SourceLine]
    base: list[tuple[Item, ...]] = field(default_factory=list)
    rules: list[tuple[Item, ...]] = field(default_factory=list)
    """Each with its words, or a line of them (see `tokens.Written.rule`)."""


@dataclass(slots=True)
class SetText:
    """A named set or map as written: its properties (`flags`, `timeout`, ...) and its elements."""

    name: str
    lines: list[SourceLine]
    is_map: bool = False
    flags: frozenset[str] = frozenset()
    elements: list[tuple[Item, ...]] = field(default_factory=list)
    unsure: bool = False
    """Something about it was not understood, or elements were taken away."""


@dataclass(slots=True)
class TableText:
    """One table as written; a dormant one is in the kernel and does nothing."""

    family: str
    name: str
    lines: list[SourceLine]
    dormant: bool = False
    chains: dict[str, ChainText] = field(default_factory=dict)
    sets: dict[str, SetText] = field(default_factory=dict)
    unread: list[SourceLine] = field(default_factory=list)


class Document:
    """Reads a text; afterwards `tables` is what it leaves, and `unread`, `irrelevant` and `doubts` what is to be told."""

    def __init__(self, lines: Sequence[SourceLine], joined: frozenset[int] = frozenset()) -> None:
        self.tables: dict[tuple[str, str], TableText] = {}
        self.unread: dict[int, SourceLine] = {}
        self.irrelevant: dict[int, Text] = {}
        self._doubts: dict[tuple[DoubtKind, Text], dict[SourceLine, None]] = {}
        self._scopes: list[dict[str, tuple[Item, ...]]] = [{}]
        self._fillings = 0
        tokens = tokens_of(lines, joined)
        self.written = tokens.written
        self.unknown_matches = tokens.unknown_matches
        self._variables = tokens.variables
        grouped = group(tokens.tokens, tokens.written)
        if grouped.unclosed:
            self.doubt(DoubtKind.TRUNCATED, _CUT, grouped.unclosed)
        if grouped.too_deep:
            self.doubt(DoubtKind.TOO_COMPLEX, _DEEP, grouped.too_deep)
            self.unread.update((line.number, line) for line in grouped.too_deep)
        for line in grouped.stray:
            self.not_understood((line,))
        for statement in statements(grouped.items):
            self._commands(statement)

    def doubts(self) -> tuple[Doubt, ...]:
        """In the order in which they arose; each names its first lines."""
        return tuple(Doubt(kind, text, tuple(lines)[:_SHOWN]) for (kind, text), lines in self._doubts.items())

    def doubt(self, kind: DoubtKind, text: Text, lines: Sequence[SourceLine]) -> None:
        """Equal texts become one doubt."""
        self._doubts.setdefault((kind, text), {}).update(dict.fromkeys(lines))

    def not_understood(self, lines: Sequence[SourceLine]) -> None:
        """Lines that could mean anything."""
        self.unread.update((line.number, line) for line in lines)
        self.doubt(DoubtKind.UNREAD, NOT_UNDERSTOOD, lines)

    # Commands

    def _commands(self, statement: tuple[Item, ...]) -> None:
        """One statement of the top level; after a block another command may follow on the same line."""
        start = 0
        for position, item in enumerate(statement):
            if isinstance(item, Group) and item.opener.text == "{" and position + 1 < len(statement):
                head = statement[start]
                if word_of(head) not in ("table", "chain", "set", "map") and not self._adds_block(statement[start:]):
                    continue
                self._command(statement[start : position + 1])
                start = position + 1
        if start < len(statement):
            self._command(statement[start:])

    @staticmethod
    def _adds_block(items: tuple[Item, ...]) -> bool:
        return word_of(items[0]) in ("add", "create") and len(items) > 1 and word_of(items[1]) in ("table", "chain")

    def _command(self, items: tuple[Item, ...]) -> None:
        word = word_of(items[0])
        if word in ("define", "redefine"):
            self._define(items)
        elif word == "undefine" and len(items) == 2:
            self._scopes[-1].pop(word_of(items[1]), None)
        elif word == "include":
            lines = lines_of(items)
            self.unread.update((line.number, line) for line in lines)
            self.doubt(DoubtKind.TRUNCATED, _INCLUDE, lines)
        elif word in ("list", "reset", "monitor", "describe"):
            self.irrelevant.update((line.number, _NO_EFFECT) for line in lines_of(items))
        elif word == "flush":
            self._flush(items)
        elif word in ("delete", "destroy"):
            self._delete(items)
        elif word in ("add", "create", "insert"):
            if len(items) < 2 or not self._add(items[1:], first=word == "insert"):
                self.not_understood(all_lines(items))
        elif not self._add(items, first=False):
            self.not_understood(all_lines(items))

    def _define(self, items: tuple[Item, ...]) -> None:
        if len(items) < 4 or not (isinstance(items[2], Token) and items[2].is_sign("=")) or not word_of(items[1]):
            self.not_understood(all_lines(items))
            return
        self._scopes[-1][word_of(items[1])] = self._filled(items[3:])

    def _filled(self, items: tuple[Item, ...]) -> tuple[Item, ...]:
        """Variables replaced by what they stand for (already filled in itself, so this ends); an unknown one stays and is told."""
        if not self._variables:
            return items
        result: list[Item] = []
        changed = False
        for item in items:
            if isinstance(item, Group):
                inner = self._filled(item.items)
                if inner is item.items:
                    result.append(item)
                    continue
                changed = True
                result.append(Group(item.opener, inner, item.closed, lines_of((item, *inner))))
            elif item.kind is Kind.WORD and item.text.startswith("$"):
                value = self._variable(item)
                changed = changed or value is not None
                result.extend((item,) if value is None else value)
            else:
                result.append(item)
        return tuple(result) if changed else items

    def _variable(self, token: Token) -> tuple[Item, ...] | None:
        for scope in reversed(self._scopes):
            value = scope.get(token.text[1:])
            if value is not None:
                self._fillings += len(value)
                if self._fillings > _SHARED_GROUPS:
                    self.doubt(DoubtKind.TOO_COMPLEX, _TOO_MANY, (token.line,))
                    return None
                return value
        self.doubt(DoubtKind.UNDEFINED, _UNDEFINED_VARIABLE, (token.line,))
        return None

    def _flush(self, items: tuple[Item, ...]) -> None:
        what = word_of(items[1]) if len(items) > 1 else ""
        family, names = names_of(items[2:])
        if what == "ruleset":
            wanted = [key for key in self.tables if len(items) == 2 or key[0] == word_of(items[2])]
            for key in wanted:
                del self.tables[key]
            return
        table = self.tables.get((family, names[0])) if names else None
        if what == "table" and len(names) == 1:
            for chain in table.chains.values() if table else ():
                chain.rules.clear()
        elif what == "chain" and len(names) == 2:
            found = table.chains.get(names[1]) if table else None
            if found is not None:
                found.rules.clear()
        elif what in ("set", "map", "meter") and len(names) == 2:
            set_ = table.sets.get(names[1]) if table else None
            if set_ is not None:
                set_.elements.clear()
        else:
            self.not_understood(all_lines(items))

    def _delete(self, items: tuple[Item, ...]) -> None:
        what = word_of(items[1]) if len(items) > 1 else ""
        family, names = names_of(items[2:])
        table = self.tables.get((family, names[0])) if names else None
        if what == "table" and len(names) == 1 and len(items) <= 4:
            self.tables.pop((family, names[0]), None)
        elif what == "chain" and len(names) == 2:
            if table is not None:
                table.chains.pop(names[1], None)
        elif what in ("set", "map") and len(names) == 2:
            if table is not None:
                table.sets.pop(names[1], None)
        elif what == "element" and len(names) == 2:
            set_ = table.sets.get(names[1]) if table else None
            if set_ is not None:
                set_.unsure = True
        elif what not in OBJECTS:
            self.not_understood(all_lines(items))

    def _add(self, items: tuple[Item, ...], *, first: bool) -> bool:
        """`table ...`, `chain ...`, `rule ...`, `set ...`, `map ...`, `element ...`; false when it is none of them."""
        what = word_of(items[0])
        rest = items[1:]
        if what == "table":
            return self._table(rest)
        family, names, used = path_of(rest, 1 if what in OBJECTS else 2)
        if what in OBJECTS:
            self.irrelevant.update((line.number, _OBJECT) for line in lines_of(items))
            return True
        if len(names) < 2:
            return False
        table = self._table_named(family, names[0], lines_of(items[:1]))
        tail = rest[used:]
        if what == "chain":
            return len(tail) <= 1 and self._chain(table, names[1], tail[0] if tail else None, lines_of(items[:1]))
        if what in ("set", "map"):
            return len(tail) == 1 and self._set(table, names[1], tail[0], lines_of(items[:1]), what == "map")
        if what == "element":
            return len(tail) == 1 and self._elements(table, names[1], tail[0])
        if what == "rule":
            return self._rule(table, names[1], self._filled(tail), first=first)
        return False

    # Blocks

    def _table_named(self, family: str, name: str, lines: tuple[SourceLine, ...]) -> TableText:
        table = self.tables.get((family, name))
        if table is None:
            table = self.tables[(family, name)] = TableText(family, name, list(lines))
        return table

    def _table(self, items: tuple[Item, ...]) -> bool:
        family, names, used = path_of(items, 1)
        if len(names) != 1:
            return False
        table = self._table_named(family, names[0], lines_of(items[:used]))
        tail = items[used:]
        if not tail:
            return True
        if len(tail) > 1 or not is_block(tail[0]):
            return False
        self._scopes.append({})
        for statement in statements(tail[0].items):
            for part in blocks(statement):
                self._in_table(table, part)
        self._scopes.pop()
        return True

    def _in_table(self, table: TableText, items: tuple[Item, ...]) -> None:
        word = word_of(items[0])
        block = items[-1] if is_block(items[-1]) else None
        name = name_of(items[1]) if len(items) > 1 else ""
        lines = lines_of(items[:2])
        if word in ("define", "redefine"):
            self._define(items)
        elif word == "flags":
            table.dormant = table.dormant or any(word_of(item) == "dormant" for item in items)
        elif word == "comment" or (word == "handle" and len(items) == 2):
            pass
        elif word == "chain" and name and block is not None and len(items) == 3:
            self._chain(table, name, block, lines)
        elif word in ("set", "map") and name and block is not None and len(items) == 3:
            self._set(table, name, block, lines, word == "map")
        elif word in OBJECTS:
            self.irrelevant.update((line.number, _OBJECT) for line in all_lines(items))
        elif word == "meter" and block is not None:
            self._set(table, name, block, lines, False)
        else:
            self.not_understood(all_lines(items))

    def _chain(self, table: TableText, name: str, block: Item | None, lines: tuple[SourceLine, ...]) -> bool:
        chain = table.chains.setdefault(name, ChainText(name, list(lines)))
        if block is None:
            return True
        if not is_block(block):
            return False
        self._scopes.append({})
        for statement in rules_in(block.items, self.written):
            first = statement[0]
            if isinstance(first, Token) and first.kind is Kind.LINE:
                if not first.text.lstrip().startswith(_NO_RULES):
                    chain.rules.append(statement)
                    continue
                statement = tuple(self.written.expanded(first)[:-1])
            word = word_of(statement[0])
            if word in ("define", "redefine"):
                self._define(statement)
            elif word in _CHAIN_WORDS:
                chain.base.append(self._filled(statement))
            else:
                chain.rules.append(self._filled(statement))
        self._scopes.pop()
        return True

    def _rule(self, table: TableText, name: str, items: tuple[Item, ...], *, first: bool) -> bool:
        if not items or word_of(items[0]) in ("handle", "position", "index"):
            return False  # where it goes is not told, or it was cut off: nft takes no rule that says nothing
        chain = table.chains.get(name)
        if chain is None:
            chain = table.chains[name] = ChainText(name, list(lines_of(items)))
            self.doubt(DoubtKind.UNDEFINED, _NO_CHAIN, lines_of(items))
        if first:
            chain.rules.insert(0, items)
        else:
            chain.rules.append(items)
        return True

    def _set(self, table: TableText, name: str, block: Item, lines: tuple[SourceLine, ...], is_map: bool) -> bool:
        if not is_block(block):
            return False
        set_ = table.sets.setdefault(name, SetText(name, list(lines), is_map))
        for statement in statements(block.items):
            word = word_of(statement[0])
            if word == "elements" and len(statement) == 3:
                self._elements(table, name, statement[2])
            elif word == "flags":
                set_.flags |= {word_of(item) for item in statement[1:]} - {""}
            elif word in ("timeout", "gc"):
                set_.flags |= {"timeout"} if word == "timeout" else set()
            elif word not in (
                "type",
                "typeof",
                "size",
                "policy",
                "auto",
                "auto-merge",
                "comment",
                "counter",
                "gc-interval",
                "handle",
                "limit",
                "quota",
                "last",
            ):
                set_.unsure = True
                self.not_understood(all_lines(statement))
        return True

    def _elements(self, table: TableText, name: str, block: Item) -> bool:
        set_ = table.sets.setdefault(name, SetText(name, list(lines_of((block,))), unsure=True))
        filled = self._filled((block,))
        for one in filled:
            if not is_block(one):
                set_.unsure = True
                return False
            set_.elements.extend(part for part in split(one.items, ",") if part)
            for line in one.lines:
                if line not in set_.lines and len(set_.lines) < _SHOWN:
                    set_.lines.append(line)
        return True
