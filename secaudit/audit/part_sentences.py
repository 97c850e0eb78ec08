"""What people are told about files that are parts of one device."""

from __future__ import annotations

from collections.abc import Sequence

from secaudit.audit.reading import Whole
from secaudit.errors import InputError
from secaudit.municipality.model import LedgerDevice, ListedFile
from secaudit.network.device import Doubt, DoubtKind
from secaudit.text.bilingual import Language, Text
from secaudit.vendors.reader import Outline, Reader

_MOST_SECTIONS = 5
"""Sections that are named in a message."""


def shown(error: InputError) -> Text:
    """An error as a sentence that needs no place to stand."""
    return Text(ja=error.message(Language.JA), en=error.message(Language.EN))


def error(one: ListedFile, text: Text, hint: Text) -> InputError:
    """An error at an entry of `files` in the ledger."""
    return InputError(text, file=one.source.file, line=one.source.number, field=one.field, hint=hint)


def no_such_file(entry: LedgerDevice, one: ListedFile) -> InputError:
    """A file that the ledger names is not there."""
    return error(
        one,
        Text(ja=f"{one.path} がない。", en=f"there is no {one.path}"),
        Text(
            ja=f"{entry.name} の設定の一部が欠けるため、この機器についての判定は確認不能とする。ファイル名を確かめるか、ファイルを置くこと。",
            en=f"part of {entry.name} is missing, so what concerns it stays undetermined; check the name, or put the file there",
        ),
    )


def not_there(one: ListedFile) -> Doubt:
    """The doubt about a part that is not there."""
    text = Text(
        ja=f"機器台帳が設定の一部として挙げる {one.path} がない(または読み取れない)。",
        en=f"{one.path}, which the ledger names as part of the configuration, is not there or cannot be read",
    )
    return Doubt(DoubtKind.TRUNCATED, text, (one.source,))


def apart(entry: LedgerDevice) -> Doubt:
    """The doubt when the files of a ledger device cannot be one text."""
    return Doubt(
        DoubtKind.TRUNCATED,
        Text(
            ja=f"機器台帳が {entry.name} の設定として挙げるファイルを、一つの設定として読み取れない。",
            en=f"the files that the ledger names for {entry.name} cannot be read as one configuration",
        ),
        (entry.source,),
    )


def other_vendor(entry: LedgerDevice, one: ListedFile, other: Reader, reader: Reader) -> InputError:
    """A part is of another vendor than the device."""
    return error(
        one,
        Text(
            ja=f"{one.path} は {other.name} の設定であり、{entry.name}({reader.name})の設定の一部ではない。",
            en=f"{one.path} is a configuration of {other.name}, no part of {entry.name} ({reader.name})",
        ),
        Text(ja="files には一台の機器の設定だけを挙げること。", en="name files of one device only in `files`"),
    )


def not_joinable(entry: LedgerDevice, one: ListedFile, reader: Reader) -> InputError:
    """Configurations of a vendor that are not read in parts."""
    return error(
        one,
        Text(
            ja=f"{reader.title} の設定は、複数のファイルに分けたものを一つとして読み取れない。",
            en=f"configurations of {reader.title} that are split into several files cannot be read as one",
        ),
        Text(
            ja=f"{entry.name} の全設定を一つのファイルに出力すること。",
            en=f"export the whole configuration of {entry.name} into one file",
        ),
    )


def other_hostname(one: ListedFile, host: str, first: str) -> InputError:
    """A part is of another host than those before it."""
    return error(
        one,
        Text(
            ja=f"{one.path} のホスト名は {host} であり、先に挙げたファイルの {first} と異なる。",
            en=f"{one.path} is of the host {host}, the files before it are of {first}",
        ),
        Text(ja="files には一台の機器の設定だけを挙げること。", en="name files of one device only in `files`"),
    )


def overlapping(one: ListedFile, other: str, sections: Sequence[str]) -> InputError:
    """A section stands in two parts."""
    named = ", ".join(sections[:_MOST_SECTIONS]) + (", ..." if len(sections) > _MOST_SECTIONS else "")
    return error(
        one,
        Text(
            ja=f"同じ設定区分が {other} にもある({named})。どちらが現在の設定か判断できない。",
            en=f"{other} has the same sections ({named}); which of them is current is not known",
        ),
        Text(
            ja="新しい方だけを残すこと。一つの区分が途中で分かれている場合は、一つのファイルにつなげること。",
            en="keep the newer one; where one section was cut in two, join the files into one",
        ),
    )


def joined_text(name: str, paths: Sequence[str], *, declared: bool) -> Text:
    """What is told when files were read as one device."""
    files_ja, files_en = "、".join(paths), ", ".join(paths)
    if declared:
        return Text(
            ja=f"{files_ja} を、機器台帳(files)に従い、一台の機器 {name} の設定として読み取った。",
            en=f"{files_en} were read as the configuration of one device, {name}, as the ledger says (`files`)",
        )
    return Text(
        ja=f"{files_ja} を、機種とホスト名が同じで設定区分が重ならないため、一台の機器 {name} の設定として読み取った。",
        en=f"{files_en} were read as the configuration of one device, {name}: vendor and hostname are the same, and no section is in two of them",
    )


def lacks(paths: Sequence[str], what: Text) -> Text:
    """Something that every whole export has is in no part."""
    return Text(
        ja=f"{'、'.join(paths)} は設定の全部ではない({what.ja})。出力されていない部分については判定できない。",
        en=f"{', '.join(paths)} are not all of the configuration ({what.en}); what was not exported cannot be judged",
    )


def perhaps_more(paths: Sequence[str], command: str) -> Text:
    """Nothing shows whether found files are everything."""
    return Text(
        ja=f"{'、'.join(paths)} が設定の全部かどうか分からない。全部であれば機器台帳の files にすべてを挙げ、そうでなければ {command} の出力を提出すること。",
        en=f"whether {', '.join(paths)} are all of the configuration is not known; if they are, name them all in `files` in the ledger, "
        f"else submit the output of {command}",
    )


def only_a_part(outline: Outline) -> Text:
    """One file is only part of an export."""
    lacking_ja = "".join(f"({one.ja})" for one in outline.lacking[:1])
    lacking_en = "".join(f" ({one.en})" for one in outline.lacking[:1])
    return Text(
        ja=f"設定の一部だけが出力されたもので{lacking_ja}、出力されていない部分については判定できない。{outline.command} の出力の全部を提出すること。",
        en=f"this is only part of a configuration{lacking_en}, and what was not exported cannot be judged; submit the whole output of {outline.command}",
    )


def refers_to_nothing(whole: Whole) -> Text:
    """Names are defined in no part."""
    return Text(
        ja=f"設定が参照する名前の定義が、{'、'.join(whole.paths)} のどれにもない(出力されていない可能性がある)。",
        en=f"names that the configuration refers to are defined in none of {', '.join(whole.paths)}: they may not have been exported",
    )


def filters_unused(whole: Whole) -> Text:
    """Filters that nothing uses in any part."""
    return Text(
        ja=f"どこからも使われていないフィルターがある。それを使う設定が、{'、'.join(whole.paths)} のどれにも出力されていない可能性がある。",
        en=f"there are filters that nothing uses: what uses them may not have been exported in {', '.join(whole.paths)}",
    )


def unread_part(path: str) -> Text:
    """A part of the device is not recognised."""
    return Text(
        ja=f"{path} は同じ機器の出力であるが読み取れない。設定の一部である可能性がある。",
        en=f"{path} was printed by the same device and cannot be read: it may be part of the configuration",
    )
