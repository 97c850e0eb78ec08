"""What a file does not tell about how a device protects itself: the defaults of the release, and kinds of settings that a reader has no command for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from secaudit.network.device import Doubt, DoubtKind
from secaudit.network.management import Setting, SettingKind
from secaudit.vendors.common.lines import Node

_WORDS: Mapping[SettingKind, frozenset[str]] = {
    SettingKind.LOGIN_ATTEMPTS: frozenset(("attempt", "attempts", "max-fail", "fail", "lock", "lockout", "block-for")),
    SettingKind.LOGIN_BANNER: frozenset(("banner", "motd", "message")),
    SettingKind.SSH_VERSION: frozenset(("version", "v1", "v2", "sshv1", "sshv2")),
    SettingKind.PASSWORD_LENGTH: frozenset(
        ("min-length", "minimum-length", "complexity", "password-policy", "strength")
    ),
}
"""Words that a line about a kind has in one product or the other."""
_OF_LOGINS = frozenset(("aaa", "login", "password", "username", "banner", "motd", "ssh", "ssh-server", "security"))


def is_whole(doubts: Iterable[Doubt]) -> bool:
    """Whether no line was lost or left out, or not understood, that could say otherwise."""
    return not any(
        one.kind in (DoubtKind.TRUNCATED, DoubtKind.NOT_READ)
        or (one.kind is DoubtKind.UNREAD and one.interfaces is None)
        for one in doubts
    )


def without_defaults(settings: Iterable[Setting]) -> tuple[Setting, ...]:
    """The settings of a file that may not be whole: what no line of it gives is not known."""
    return tuple(replace(one, value=None) if one.by_default else one for one in settings)


def suspected(nodes: Iterable[Node], kinds: Iterable[SettingKind]) -> Iterator[Setting]:
    """Settings of kinds for which no command of a product is confirmed, where a line looks as if it were one: what it says is not known."""
    held = [node for node in nodes if _OF_LOGINS & set(node.keys[:3])]
    for kind in kinds:
        lines = tuple(node.line for node in held if _WORDS[kind] & set(node.keys))
        if lines:
            yield Setting(kind, None, lines)
