"""Repairs as `secaudit flows --repair` shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from secaudit.cli.language import LANGUAGE, say

if TYPE_CHECKING:
    from secaudit.audit.repairs import Repair, RepairAnswer


def as_json(answer: RepairAnswer) -> dict[str, Any]:
    """The `repair` of `flows --format json`."""
    return {
        "forbidden_boxes": list(answer.boxes),
        "forbidden_boxes_omitted": answer.boxes_omitted,
        "changes": [] if answer.repair is None else [step.in_(LANGUAGE) for step in answer.repair.steps],
        "commands": [] if answer.repair is None else _commands_json(answer.repair),
        "commands_missing": None
        if answer.repair is None or answer.repair.unsaid is None
        else answer.repair.unsaid.in_(LANGUAGE),
        "proof": None if answer.repair is None else _proof_json(answer.repair),
        "refused": [one.in_(LANGUAGE) for one in answer.refused],
    }


def _commands_json(repair: Repair) -> list[dict[str, Any]]:
    return [
        {
            "device": one.device,
            "vendor": one.vendor,
            "lines": list(one.lines),
            "notes": [note.in_(LANGUAGE) for note in one.notes],
        }
        for one in repair.commands
    ]


def _proof_json(repair: Repair) -> dict[str, Any]:
    return {
        "fewest_changes": repair.fewest,
        "zone_pairs": repair.proof.pairs,
        "results": repair.proof.results,
        "commands_read_back": repair.proof.read_back,
        "still_possible": repair.proof.still_possible,
        "left_behind": repair.proof.left_behind,
    }


def as_lines(answer: RepairAnswer) -> list[str]:
    """For a terminal."""
    if not answer.boxes:
        return [
            say(
                "修正案: 方針と台帳に照らして、確実に通ってしまう禁止の通信はない。",
                "repair: nothing surely passes that the policy and the register do not permit",
            )
        ]
    lines = [
        say(
            "止めるべき通信(方針と台帳で許可されていないもの):", "to be stopped (not permitted by policy and register):"
        )
    ]
    lines += [f"  {box}" for box in answer.boxes]
    if answer.boxes_omitted:
        lines.append(say(f"  ほか {answer.boxes_omitted} 件", f"  and {answer.boxes_omitted} more"))
    if answer.repair is None:
        lines.append(say("確かめられた修正案はない。理由:", "no repair could be proved:"))
    else:
        lines += _repair_lines(answer.repair)
    if answer.refused:
        if answer.repair is not None:
            lines.append(say("採らなかった案:", "tried and not taken:"))
        lines += [f"  - {one.in_(LANGUAGE)}" for one in answer.refused]
    return lines


def _repair_lines(repair: Repair) -> list[str]:
    count = len(repair.steps)
    fewest = say("(これより少ない変更では止められない)", " (no fewer changes can stop it)") if repair.fewest else ""
    lines = [say(f"修正案: {count} か所の変更{fewest}", f"repair: {count} change(s){fewest}")]
    lines += [f"  {number}. {step.in_(LANGUAGE)}" for number, step in enumerate(repair.steps, start=1)]
    for one in repair.commands:
        lines.append(say(f"{one.device} に投入するコマンド:", f"commands for {one.device}:"))
        lines += [f"    {line}" for line in one.lines]
        lines += [f"  * {note.in_(LANGUAGE)}" for note in one.notes]
    if repair.unsaid is not None:
        lines.append(say("投入コマンドは示せない: ", "no commands can be printed: ") + repair.unsaid.in_(LANGUAGE))
    lines += _proof_lines(repair)
    lines.append(
        say(
            "これは助言である。業務に要る通信でないことを担当者に確かめ、現在の設定を控えたうえで、作業時間帯に投入すること。",
            "This is advice. Make sure that nobody needs these packets, keep a copy of the configuration, and use a maintenance window.",
        )
    )
    return lines


def _proof_lines(repair: Repair) -> list[str]:
    proof = repair.proof
    how = (
        say("コマンドを加えた設定を読み取り直し、", "the configuration with the commands was read again; ")
        if proof.read_back
        else say("変更をモデルに加え、", "the change was made on the model; ")
    )
    lines = [say("確かめたこと:", "proved:")]
    gone = (
        say(
            "止めるべき通信は確実には通らなくなるが、判断できない設定があり、通る可能性は残る。",
            "the packets no longer surely pass, though settings that are not understood could still let them",
        )
        if proof.still_possible
        else say("止めるべき通信は通らなくなる。", "the packets no longer pass")
    )
    lines.append(f"  - {how}{gone}")
    lines.append(
        say(
            f"  - 領域の組 {proof.pairs} 件すべてを変更前と比べ、新たに開く通信も、ほかに閉じる許可された通信もない。",
            f"  - all {proof.pairs} zone pairs were compared with before: nothing opens, and nothing permitted closes",
        )
    )
    lines.append(
        say(
            f"  - 監査の判定 {proof.results} 件に、悪くなるものはない(必要な通信の往復を含む)。",
            f"  - none of the {proof.results} results of the audit gets worse (required links in both directions among them)",
        )
    )
    if proof.left_behind:
        lines.append(
            say(
                "  - 効果のなくなる許可の行がフィルターに残る(NW-01)。後日、削除すること。",
                "  - a permission that no longer has an effect stays in the filter (NW-01): take it out later",
            )
        )
    return lines
