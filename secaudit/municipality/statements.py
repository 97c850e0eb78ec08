"""`attestations.yaml` and `exceptions.yaml`."""

from __future__ import annotations

from secaudit.municipality import fields
from secaudit.municipality.documents import Documents
from secaudit.municipality.fields import Mistakes
from secaudit.municipality.model import Attestation, ExceptionFlow, ExceptionGrant
from secaudit.text.bilingual import Text
from secaudit.text.yaml_document import YamlDocument, YamlNode


def read_attestations(document: YamlDocument, documents: Documents) -> tuple[Attestation, ...]:
    """The statements of a validated file. Raises `InputError` listing every mistake."""
    mistakes = Mistakes()
    nodes = list(document.root.items("attestations"))
    fields.check_unique(mistakes, [(node.text("id"), node) for node in nodes], "id")
    statements = tuple(_attestation(node, documents, mistakes) for node in nodes)
    mistakes.raise_if_any()
    return tuple(one for one in statements if one is not None)


def _attestation(node: YamlNode, documents: Documents, mistakes: Mistakes) -> Attestation | None:
    stated_on = mistakes.optional(fields.date, node, "stated_on")
    valid_until = mistakes.optional(fields.date, node, "valid_until")
    fields.check_order(mistakes, node, stated_on, "valid_until", valid_until)
    document = documents.named_by(node, mistakes)
    if stated_on is None:
        return None
    digest = node.optional_text("document_sha256")
    return Attestation(
        id=node.text("id"),
        subject=node.text("subject"),
        answer=node.text("answer"),
        statement=node.text("statement"),
        stated_by=node.text("stated_by"),
        role=node.text("role"),
        stated_on=stated_on,
        valid_until=valid_until,
        document=document,
        document_sha256=None if digest is None else digest.lower(),
        document_verified=documents.verified(node, document),
        items=tuple((name, item.as_text()) for name, item in node.entries("items")),
        source=node.source,
    )


def read_exceptions(document: YamlDocument, documents: Documents) -> tuple[ExceptionGrant, ...]:
    """The exceptions of a validated file. Raises `InputError` listing every mistake."""
    mistakes = Mistakes()
    nodes = list(document.root.items("exceptions"))
    fields.check_unique(mistakes, [(node.text("id"), node) for node in nodes], "id")
    grants = tuple(_exception(node, documents, mistakes) for node in nodes)
    mistakes.raise_if_any()
    return tuple(one for one in grants if one is not None)


def _exception(node: YamlNode, documents: Documents, mistakes: Mistakes) -> ExceptionGrant | None:
    valid_from = mistakes.optional(fields.date, node, "valid_from")
    valid_until = mistakes.optional(fields.date, node, "valid_until")
    fields.check_order(mistakes, node, valid_from, "valid_until", valid_until)
    requested_by, approved_by = node.text("requested_by"), node.text("approved_by")
    if fields.same_person(requested_by, approved_by):
        mistakes.add(
            node.error(
                Text(ja="申請者と承認者が同じです。", en="The same person requested and approved it."),
                Text(
                    ja="申請者とは別の責任者の承認を受けてください（兼務の禁止）。",
                    en="Have it approved by someone other than the one who asked.",
                ),
                "approved_by",
            )
        )
    document = documents.named_by(node, mistakes)
    flow_node = node.get("flow")
    flow = None if flow_node is None else _flow(flow_node, mistakes)
    rule_node, subject_node = node.get("rule"), node.get("subject")
    if valid_from is None or valid_until is None:
        return None
    digest = node.optional_text("document_sha256")
    return ExceptionGrant(
        id=node.text("id"),
        rule=node.text("rule"),
        subject=node.optional_text("subject"),
        reason=node.text("reason"),
        compensating_measure=node.text("compensating_measure"),
        requested_by=requested_by,
        approved_by=approved_by,
        valid_from=valid_from,
        valid_until=valid_until,
        document=document,
        source=node.source,
        document_sha256=None if digest is None else digest.lower(),
        document_verified=documents.verified(node, document),
        flow=flow,
        rule_source=None if rule_node is None else rule_node.source,
        subject_source=None if subject_node is None else subject_node.source,
    )


def _flow(node: YamlNode, mistakes: Mistakes) -> ExceptionFlow:
    """The packets that an exception is limited to; what is wrong in it is noted, and then the file is refused as a whole."""
    sources = mistakes.each(fields.network, node, "from_addresses")
    destinations = mistakes.each(fields.network, node, "to_addresses")
    fields.check_families(mistakes, node, sources, "to_addresses", destinations)
    protocol = node.text("protocol")
    ports = mistakes.each(fields.ports, node, "ports")
    fields.check_ports(mistakes, node, protocol)
    return ExceptionFlow(sources, destinations, protocol, ports)
