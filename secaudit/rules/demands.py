"""What a rule asks of a statement (申告): which document, from whom, how fresh, in which parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from secaudit.municipality.model import Attestation, Model, Municipality
from secaudit.municipality.roles import span_of, titles_of
from secaudit.rules.only_where import OnlyWhere, only_where_of
from secaudit.text.bilingual import Text


@dataclass(frozen=True, slots=True)
class Item:
    """One part a statement is split into. People name it by its id or by its Japanese title."""

    id: str
    title: Text

    def answer_in(self, made: Attestation) -> str | None:
        """What a statement says about this part, None when it is silent."""
        return next((answer for name, answer in made.items if name in (self.id, self.title.ja)), None)


@dataclass(frozen=True, slots=True)
class Demand:
    """What a rule asks of a statement. `max_age_days` None = no limit; `roles` empty = any role.

    `subject` is the rule the statement answers (None = the rule that asks). `document` is what the document to name is called, None
    when none is asked for. `items` must all be answered. `models` and `where` say which bodies are asked at all; with `only_where_needed` it
    counts only for devices whose configuration does not tell.
    """

    subject: str | None
    max_age_days: int | None
    roles: frozenset[str]
    document: Text | None
    items: tuple[Item, ...]
    models: frozenset[Model] = frozenset(Model)
    where: OnlyWhere | None = None
    only_where_needed: bool = False

    def is_put_to(self, municipality: Municipality) -> bool:
        """Whether this body is asked."""
        return municipality.model in self.models and (self.where is None or self.where.holds_for(municipality))

    def document_in_words(self) -> Text:
        """Which document is asked for."""
        return self.document or Text(ja="求めない", en="none asked for")

    def roles_in_words(self) -> Text:
        """Who may state it."""
        return titles_of(self.roles) if self.roles else Text(ja="役割を問わない", en="any role")

    def age_in_words(self) -> Text:
        """How long a statement stays fresh."""
        if self.max_age_days is None:
            return Text(ja="期間の定めなし", en="no limit")
        return Text(
            ja=f"申告の日から{self.max_age_days}日以内", en=f"for {self.max_age_days} days from the day it is stated"
        )

    def in_words(self) -> Text:
        """All of it in one line."""
        document, age = self.document_in_words(), self.age_in_words()
        roles = span_of(self.roles) or self.roles_in_words()
        return Text(
            ja=f"文書：{document.ja}、申告できる役割：{roles.ja}、有効な期間：{age.ja}",
            en=f"document: {document.en}; stated by: {roles.en}; fresh: {age.en}",
        )


def demand_of(data: Mapping[str, Any]) -> Demand:
    """The parameters of a rule as a demand."""
    document = data.get("document")
    return Demand(
        subject=data.get("subject"),
        max_age_days=data.get("max_age_days"),
        roles=frozenset(data.get("roles", ())),
        document=None if document is None else Text(ja=document["ja"], en=document["en"]),
        where=only_where_of(data),
        items=tuple(_item(item) for item in data.get("items", ())),
    )


def _item(data: Mapping[str, Any]) -> Item:
    """A part with its `value`, a threshold as a rule, put into its title."""
    value = str(data.get("value", ""))
    title = data["title"]
    return Item(data["id"], Text(ja=title["ja"].replace("{value}", value), en=title["en"].replace("{value}", value)))
