"""Rule sets, loaded into the kernel by the real programs, and the text of them that staff would submit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from secaudit.network.matches import Family
from tests.kernel.laboratory import Laboratory


class Loader(StrEnum):
    """The program that loads and shows a rule set."""

    LEGACY = "iptables-legacy"
    OVER_NFT = "iptables-nft"
    NFT = "nft"

    @property
    def is_iptables(self) -> bool:
        """Whether the text is that of `iptables-save`."""
        return self is not Loader.NFT


@dataclass(frozen=True, slots=True)
class RuleSet:
    """`texts` by family (one text that holds both for nft, under the first family). `state`/`nat`: whether it may ask for either."""

    name: str
    loader: Loader
    families: tuple[Family, ...]
    texts: Mapping[Family, str]
    state: bool
    nat: bool
    as_written: bool = False
    """What is submitted is the text that was loaded, not what the programs show of it afterwards."""

    @property
    def tracked(self) -> bool:
        """Whether the kernel keeps connections for it."""
        return self.state or self.nat


_EMPTY = "".join(
    f"*{table}\n{''.join(f':{hook} ACCEPT [0:0]{chr(10)}' for hook in hooks)}COMMIT\n"
    for table, hooks in (
        ("raw", ("PREROUTING", "OUTPUT")),
        ("mangle", ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING")),
        ("filter", ("INPUT", "FORWARD", "OUTPUT")),
    )
)
_EMPTY_NAT = (
    "*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\nCOMMIT\n"
)


class Routers:
    """The routers of a process: rules of `iptables-legacy` cannot be removed without a trace, so they have routers of their own."""

    def __init__(self) -> None:
        self._made: dict[tuple[bool, bool], Laboratory] = {}
        self._host: str | None = None

    def load(self, rules: RuleSet) -> tuple[Laboratory, str]:
        """A router with these rules and no connections, and the text that its staff would submit. Raises `LoadError`."""
        legacy = rules.loader is Loader.LEGACY
        key = (legacy, legacy and rules.nat)
        if key not in self._made:
            self._made[key] = Laboratory()
        laboratory = self._made[key]
        if self._host is None:
            self._host = _host(laboratory)
        shown = _load_iptables(laboratory, rules) if rules.loader.is_iptables else _load_nft(laboratory, rules)
        if rules.as_written:
            shown = "".join(_written(family, text, rules.loader) for family, text in rules.texts.items())
        laboratory.flush_connections()
        laboratory.clear()
        return laboratory, self._host + shown

    def close(self) -> None:
        """Closes all of them."""
        for laboratory in self._made.values():
            laboratory.close()


def _host(laboratory: Laboratory) -> str:
    """What beside the rules a person pastes."""
    parts = ["# hostname\nrouter\n"]
    for words in (
        ("ip", "addr"),
        ("ip", "route"),
        ("ip", "-6", "route"),
        ("sysctl", "net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"),
    ):
        parts.append(f"# {' '.join(words)}\n{laboratory.run(*words)}")
    return "".join(parts)


def _written(family: Family, text: str, loader: Loader) -> str:
    if loader is Loader.NFT:
        return f"# cat /etc/nftables.conf\n{text}"
    return f"# ip{'6' if family == 6 else ''}tables-save\n{text}"


def _load_iptables(laboratory: Laboratory, rules: RuleSet) -> str:
    if rules.loader is Loader.OVER_NFT:
        laboratory.run("nft", "flush", "ruleset")
    suffix = rules.loader.value.removeprefix("iptables-")
    shown = []
    for family in (4, 6):
        program = f"ip{'6' if family == 6 else ''}tables"
        if rules.loader is Loader.LEGACY:
            laboratory.run(f"{program}-legacy-restore", text=_EMPTY + (_EMPTY_NAT if rules.nat else ""))
        if family in rules.texts:
            laboratory.run(f"{program}-{suffix}-restore", text=rules.texts[family])
            shown.append(f"# {program}-save\n{laboratory.run(f'{program}-{suffix}-save')}")
    return "".join(shown)


def _load_nft(laboratory: Laboratory, rules: RuleSet) -> str:
    laboratory.run("nft", "flush", "ruleset")
    for text in rules.texts.values():
        laboratory.run("nft", "-f", "-", text=text)
    return f"# nft list ruleset\n{laboratory.run('nft', 'list', 'ruleset')}"
