"""Chains of responsible lines as `secaudit flows --explain` shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from secaudit.cli.language import LANGUAGE, say

if TYPE_CHECKING:
    from secaudit.audit.flow_query import FlowExplanation, ShownChain
    from secaudit.flows.chain import Link
    from secaudit.text.source import Sources


def as_json(explanation: FlowExplanation) -> dict[str, Any]:
    """The `explanation` of `flows --format json`."""
    return {
        "chains": [_chain_json(one) for one in explanation.chains],
        "chains_found": explanation.found,
        "complete": explanation.complete,
        "unexplained_boxes": list(explanation.unexplained),
    }


def _chain_json(shown: ShownChain) -> dict[str, Any]:
    chain = shown.chain
    return {
        "certain": shown.certain,
        "size": chain.size,
        "share": round(shown.share, 6),
        "boxes": list(shown.boxes),
        "boxes_omitted": shown.boxes_omitted,
        "witness": None if shown.witness is None else str(shown.witness.packet),
        "arrives": None if shown.witness is None else str(shown.witness.arrives),
        "leaves": None if chain.leaves is None else ":".join(chain.leaves),
        "links": [_link_json(link) for link in chain.links],
        "doubts": [{"text": doubt.text.in_(LANGUAGE), "lines": _lines_json(doubt.sources)} for doubt in chain.doubts],
    }


def _link_json(link: Link) -> dict[str, Any]:
    return {
        "device": link.device,
        "stage": None if link.stage is None else link.stage.value,
        "ingress": link.ingress,
        "egress": link.egress,
        "what": link.what.in_(LANGUAGE),
        "filter": link.filter,
        "label": link.label or None,
        "lines": _lines_json(link.sources),
    }


def _lines_json(sources: Sources) -> list[dict[str, Any]]:
    return [{"file": line.file, "line": line.number, "text": line.text.strip()} for line in sources]


def as_lines(explanation: FlowExplanation) -> list[str]:
    """For a terminal."""
    lines: list[str] = []
    if explanation.chains:
        lines.append(_heading(explanation))
        lines.append(
            say(
                "  一つの連鎖は、通信が通る一つの道筋で許可・転送している設定を順に並べたもの。"
                "止めるには、どの連鎖でも少なくとも一か所を変更する必要がある。",
                "  a chain lists, in order, the settings that permit and forward the traffic on one way; "
                "to stop it, at least one setting of every chain has to change",
            )
        )
    told: dict[Link, str] = {}
    for number, shown in enumerate(explanation.chains, start=1):
        lines += _chain_lines(number, shown, told)
    hidden = explanation.found - len(explanation.chains)
    if hidden:
        lines.append(say(f"ほか {hidden} 通り(--limit で表示数を変更)", f"and {hidden} more (see --limit)"))
    if not explanation.complete:
        lines.append(
            say(
                "連鎖が多すぎるため、探索を途中で打ち切った。これ以外にもある。",
                "there are too many chains: the search was stopped, and there are more than these",
            )
        )
    if explanation.unexplained:
        lines.append(
            say(
                "提出された設定の中に道筋がなく、下記の「?」の理由だけで確認不能となるもの:",
                "possible for the reasons marked ? alone, on no way through submitted devices:",
            )
        )
        lines += [f"  {box}" for box in explanation.unexplained]
    return lines


def _heading(explanation: FlowExplanation) -> str:
    found = explanation.found
    if not explanation.complete:
        return say(
            f"通信を許している設定の連鎖: 少なくとも {found} 通り",
            f"chains of settings that let it through: at least {found}",
        )
    return say(
        f"通信を許している設定の連鎖: {found} 通り(通す範囲の広い順)",
        f"chains of settings that let it through: {found}, the widest first",
    )


def _chain_lines(number: int, shown: ShownChain, told: dict[Link, str]) -> list[str]:
    """`told` are the decisions that were shown before, with their places: several lines are not written out twice."""
    chain = shown.chain
    lines = [f"[{number}] {say(_share(shown, ja=True), _share(shown, ja=False))}"]
    lines += [f"    {box}" for box in shown.boxes]
    if shown.boxes_omitted:
        lines.append(say(f"    ほか {shown.boxes_omitted} 件", f"    and {shown.boxes_omitted} more"))
    place: tuple[str, str] | None = None
    for position, link in enumerate(chain.links, start=1):
        here = (link.device, link.ingress)
        entered = say(f"({link.ingress} から入る)", f" (in by {link.ingress})") if here != place else ""
        place = here
        lines.append(f"  {position:3}. {link.device}{entered}: {link.what.in_(LANGUAGE)}")
        if link in told and len(link.sources) > 1:
            lines.append(say(f"         設定行は {told[link]} と同じ", f"         the lines of {told[link]}"))
            continue
        told.setdefault(link, f"[{number}]-{position}")
        lines += [f"         {line}" for line in link.sources]
    if chain.leaves is not None:
        device, interface = chain.leaves
        lines.append(
            say(
                f"       {device} の {interface} から、設定が提出されていない機器へ出る",
                f"       leaves {device} by {interface} for a device that was not submitted",
            )
        )
    if shown.witness is not None:
        lines.append(say(f"    実例: {shown.witness.packet}", f"    witness: {shown.witness.packet}"))
        if str(shown.witness.arrives) != str(shown.witness.packet):
            lines.append(say(f"    到着時: {shown.witness.arrives}", f"    arrives as: {shown.witness.arrives}"))
    for doubt in chain.doubts:
        lines.append(f"    ? {doubt.text.in_(LANGUAGE)}")
        lines += [f"         {line}" for line in doubt.sources[:10]]
    return lines


def _share(shown: ShownChain, *, ja: bool) -> str:
    """How much of the flow it lets through; rounded so that only the whole is 100 %."""
    percent = shown.share * 100
    what = "この通信" if shown.certain else "確認不能の通信"
    whole = "this traffic" if shown.certain else "the undetermined traffic"
    if shown.share >= 1:
        return f"{what}のすべて" if ja else f"all of {whole}"
    if percent < 0.1:
        return f"{what}の 0.1 % 未満" if ja else f"less than 0.1 % of {whole}"
    told = f"{min(percent, 99.9):.1f}"
    return f"{what}の約 {told} %" if ja else f"about {told} % of {whole}"
