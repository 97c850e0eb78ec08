"""A small audit folder whose statements are asked for, and a person who answers."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from pathlib import Path

from secaudit.attest.questions import Questionnaire, questions_of

AS_OF = datetime.date(2026, 10, 1)
MUNICIPALITY = """\
municipality:
  code: "202991"
  name: あおぞら市
  prefecture: 長野県
model: alpha
edition: mic-2026-03
roles:
  ciso: 副市長
  system_manager: 情報政策課長
zones:
  my_number: {subnets: [10.10.0.0/16]}
  lgwan: {subnets: [10.20.0.0/16]}
  internet: {subnets: [10.30.0.0/16]}
register: []
devices:
  - {name: fw, vendor: fortios, role: boundary_firewall}
"""
STATEMENTS = """\
# 書いた人の注記
attestations:
    # 一件目
    - id: AT-001   # 番号
      subject: MN-10
      answer: yes
      statement: |
        全ての端末で
        実施している。
      stated_by: 副市長
      role: ciso
      stated_on: 令和8年4月1日
      document: 総行第12号
# 終わりの注記"""


def make_folder(parent: Path, statements: str | bytes | None = None) -> Path:
    """An audit folder in a Japanese path with a blank."""
    root = parent / "監査 フォルダ"
    (root / "documents").mkdir(parents=True)
    (root / "municipality.yaml").write_text(MUNICIPALITY, encoding="utf-8")
    (root / "documents" / "方針 写し.pdf").write_bytes(b"%PDF-1.7 policy")
    if statements is not None:
        data = statements.encode("utf-8") if isinstance(statements, str) else statements
        (root / "attestations.yaml").write_bytes(data)
    return root


def asked_of(root: Path) -> Questionnaire:
    """The questions as they stand now."""
    return questions_of(root, AS_OF)


class Person:
    """Types what it was told to, and then nothing more; keeps what it saw. An exception among the words is raised instead."""

    def __init__(self, *typed: str | BaseException) -> None:
        self._typed = iter(typed)
        self.seen: list[str] = []

    def say(self, line: str) -> None:
        self.seen.append(line)

    def ask(self, prompt: str) -> str:
        self.seen.append(prompt)
        word = next(self._typed, None)
        if word is None:
            raise EOFError
        if isinstance(word, BaseException):
            raise word
        return word

    @property
    def screen(self) -> str:
        return "\n".join(self.seen)


def lines_of(root: Path) -> Iterable[str]:
    """The lines of `attestations.yaml`."""
    return (root / "attestations.yaml").read_text(encoding="utf-8").splitlines()
