"""What the responsible roles of `municipality.yaml` and of statements are called: the one table of their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from secaudit.text.bilingual import Text

ROLES: Mapping[str, Text] = {
    "cio": Text(ja="最高情報統括責任者 (CIO)", en="chief information officer (CIO)"),
    "ciso": Text(ja="最高情報セキュリティ責任者 (CISO)", en="chief information security officer (CISO)"),
    "deputy_ciso": Text(
        ja="副最高情報セキュリティ責任者 (副CISO)", en="deputy chief information security officer (deputy CISO)"
    ),
    "chief_security_officer": Text(ja="統括情報セキュリティ責任者", en="general information security officer"),
    "security_officer": Text(ja="情報セキュリティ責任者", en="information security officer"),
    "security_manager": Text(ja="情報セキュリティ管理者", en="information security manager"),
    "system_manager": Text(ja="情報システム管理者", en="information system manager"),
    "csirt": Text(ja="CSIRT", en="CSIRT"),
    "audit_manager": Text(ja="情報セキュリティ監査統括責任者", en="head of information security audit"),
    "auditor": Text(ja="監査人", en="auditor"),
}
"""By the words that the files use, the highest first (guideline 7.3)."""


def title_of(role: str) -> Text:
    """The name of one role; a word that is none stays as it is."""
    return ROLES.get(role, Text(ja=role, en=role))


def in_order(roles: Iterable[str]) -> tuple[str, ...]:
    """Roles, each once, the highest first."""
    held = set(roles)
    return (*(role for role in ROLES if role in held), *sorted(held - set(ROLES)))


def titles_of(roles: Iterable[str]) -> Text:
    """The names of several roles, the highest first."""
    titles = [title_of(role) for role in in_order(roles)]
    return Text(ja="、".join(title.ja for title in titles), en=", ".join(title.en for title in titles))


def span_of(roles: Iterable[str]) -> Text | None:
    """Many roles in a row as "from the highest to the lowest", None where a list is as short or the row has gaps."""
    chosen = in_order(roles)
    places = [list(ROLES).index(role) for role in chosen if role in ROLES]
    if len(chosen) < 4 or places != list(range(places[0], places[0] + len(chosen))):
        return None
    first, last = title_of(chosen[0]), title_of(chosen[-1])
    return Text(ja=f"{first.ja}から{last.ja}まで", en=f"from the {first.en} down to the {last.en}")
