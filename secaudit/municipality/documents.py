"""Documents that statements point to: looked up in the audit folder only, digested, compared."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from secaudit.errors import InputError
from secaudit.municipality.fields import Mistakes
from secaudit.municipality.folder import FolderFiles
from secaudit.text.bilingual import Text
from secaudit.text.yaml_document import YamlNode, shown

_DRIVE = re.compile(r"[A-Za-z]:")
_FILE_ENDING = re.compile(r"\.(?:pdf|docx?|xlsx?|pptx?|txt|md|csv|html?|png|jpe?g|zip|ods|odt|jtdc?)$", re.IGNORECASE)
_FILE_NAME = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}\Z")


def names_a_file(text: str) -> bool:
    """Whether a document is named as a file is. A number of reference (`第12号`) names a document that is kept elsewhere."""
    return _FILE_NAME.search(text) is not None


class Documents:
    """The documents of one audit folder. What is wrong with one is a problem of the audit, not the end of it."""

    def __init__(self, files: FolderFiles) -> None:
        self._files = files
        self.problems: list[InputError] = []

    def named_by(self, node: YamlNode, mistakes: Mistakes, key: str = "document") -> str | None:
        """The document a statement names: a path inside the folder with `/`, or a number of reference as written."""
        text = node.optional_text(key)
        if text is None:
            return None
        path = PurePosixPath(text.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or _DRIVE.match(text):
            mistakes.add(
                node.error(
                    Text(
                        ja=f"文書「{shown(text)}」は監査フォルダの外を指しています。",
                        en=f"The document `{shown(text)}` points outside of the audit folder.",
                    ),
                    Text(
                        ja="文書を監査フォルダ（documents/ など）に置き、そこからのパスを書いてください。",
                        en="Put the document into the audit folder and write its path from there.",
                    ),
                    key,
                )
            )
            return text
        name = path.as_posix()
        if self._files.exists(name):
            self._read(name, node, key)
        elif _FILE_ENDING.search(name):
            self.problems.append(
                node.error(
                    Text(
                        ja=f"文書「{shown(text)}」が監査フォルダにありません。",
                        en=f"The document `{shown(text)}` is not in the audit folder.",
                    ),
                    Text(
                        ja="文書を置くか、文書番号など、ファイル名でない書き方にしてください。",
                        en="Put it there, or give a number of reference instead of a file name.",
                    ),
                    key,
                )
            )
        return name if self._files.exists(name) else text

    def verified(self, node: YamlNode, document: str | None) -> bool | None:
        """Whether the document has the digest that the statement gives; None when that cannot be told."""
        expected = node.optional_text("document_sha256")
        if document is None or expected is None:
            return None
        actual = self._files.digest_of(document)
        if actual is None:
            return None
        if actual == expected.lower():
            return True
        self.problems.append(
            node.error(
                Text(
                    ja=f"文書「{shown(document)}」の内容が、申告されたときから変わっています（SHA-256 が一致しません）。",
                    en=f"The document `{shown(document)}` is not the one that was stated: its SHA-256 differs.",
                ),
                Text(
                    ja=f"正しい文書に戻すか、確認のうえ document_sha256 を {actual} に直してください。",
                    en=f"Restore the right document, or, once checked, write {actual} as document_sha256.",
                ),
                "document_sha256",
            )
        )
        return False

    def _read(self, name: str, node: YamlNode, key: str) -> None:
        try:
            self._files.take(name)
        except InputError as error:
            self.problems.append(node.error(error.text, error.hint, key))
