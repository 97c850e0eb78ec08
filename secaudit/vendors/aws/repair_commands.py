"""Repairs as lines of the AWS CLI: narrower permits of a security group, a denying entry of a network ACL, an entry that is taken out.

What a line does is replayed on the answers of AWS by `repair_replay`. Source: AWS CLI command reference, `authorize-security-group-ingress`,
`revoke-security-group-ingress` (and `-egress`), `create-network-acl-entry`, `delete-network-acl-entry`.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import assert_never

from secaudit.network.changes import AddFilter, Change, InsertDeny, RemoveLine
from secaudit.network.device import Device
from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.vendors.aws.reader import gathered_cloud
from secaudit.vendors.aws.repair_acls import AclSession
from secaudit.vendors.aws.repair_groups import GroupSession
from secaudit.vendors.aws.repair_replay import replayed
from secaudit.vendors.aws.repair_terraform import refuse_terraform
from secaudit.vendors.cloud.groups import INBOUND, OUTBOUND
from secaudit.vendors.commands import Commands, NotSaidError

_BROKEN = Text(
    ja="JSON が途中で切れているか、同じ名前の項目が二つあるため、変更後の設定を確かめられない。",
    en="the JSON is cut off or has two members of one name, so what the commands would make of it cannot be proved",
)
_NO_FILTER = Text(
    ja="ゲートウェイには通信を選んで遮断する設定がない。経路(ルートテーブル)を見直すこと。",
    en="a gateway has no list that denies packets; look at the routes (route tables) instead",
)
_WHERE = Text(
    ja="各行に、対象のアカウントの認証情報とリージョンを指定すること(例: --profile <プロファイル> --region <リージョン>)。"
    "POSIX シェル(bash 等)用の引用符を用いている。先に --dry-run を付けて実行すると、権限を確かめられる。",
    en="add the account and the region to every line (--profile PROFILE --region REGION); the quotes are those of POSIX shells such as bash. "
    "With --dry-run first you see whether you are permitted",
)
_KEEP = Text(
    ja="実行前の describe-security-groups と describe-network-acls の出力を控え、実行後にもう一度出力して変更を確かめること。",
    en="keep the output of describe-security-groups and describe-network-acls from before, and look at it again after the change",
)


class AwsCommandWriter:
    """See `secaudit.vendors.commands.CommandWriter` and `GatheringWriter`."""

    def commands(self, device: Device, changes: Sequence[Change], text: ConfigText) -> Commands:
        """Of a device that one text tells. Raises `NotSaidError`."""
        return self.commands_together(device, changes, (text,))

    def commands_together(self, device: Device, changes: Sequence[Change], texts: Sequence[ConfigText]) -> Commands:
        """What is permitted anew first, then what is denied and what is no longer permitted. Raises `NotSaidError`."""
        pages, records, cloud = gathered_cloud(texts)
        if any(page.document.broken is not None or page.document.twice for page in pages):
            raise NotSaidError(_BROKEN)
        groups = GroupSession(device, records, cloud)
        acls = AclSession(device, records, cloud)
        for change in changes:
            _one(change, groups, acls)
        refuse_terraform(pages, groups, acls)
        lines = (*groups.permitting(), *acls.lines(), *groups.revoking())
        notes = (_WHERE, *dict.fromkeys((*groups.notes(), *acls.notes())), _KEEP)
        return Commands(device.name, device.vendor, tuple(map(shlex.join, lines)), notes)

    def typed_behind(self, text: str, lines: Sequence[str]) -> str:
        """The answers as AWS would give them after the lines."""
        return self.typed_behind_together((text,), lines)[0]

    def typed_behind_together(self, texts: Sequence[str], lines: Sequence[str]) -> tuple[str, ...]:
        """As `typed_behind`, of answers in several texts."""
        return replayed(texts, lines)


def _one(change: Change, groups: GroupSession, acls: AclSession) -> None:
    """One change at the list that it speaks of. Raises `NotSaidError`."""
    match change:
        case InsertDeny() | RemoveLine():
            found = acls.list_of(change.filter)
            if found is None and change.filter not in (INBOUND, OUTBOUND):
                raise NotSaidError(_NO_FILTER)
            if isinstance(change, InsertDeny):
                acls.insert(change, *found) if found is not None else groups.insert(change)
            else:
                acls.remove(change, *found) if found is not None else groups.remove(change)
        case AddFilter():
            raise NotSaidError(_NO_FILTER)
        case _:
            assert_never(change)


WRITER = AwsCommandWriter()
