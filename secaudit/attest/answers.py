"""One answer before it is written: each field read from what a person typed, and checked against what the rule asks."""

from __future__ import annotations

import datetime
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from secaudit.errors import InputError
from secaudit.municipality.documents import names_a_file
from secaudit.municipality.fields import DATE_HINT
from secaudit.municipality.folder import FolderFiles
from secaudit.municipality.model import Attestation
from secaudit.municipality.roles import ROLES, in_order, titles_of
from secaudit.rules.demands import Demand
from secaudit.text.bilingual import Text
from secaudit.text.dates import in_japanese_era, parse_date
from secaudit.text.yaml_document import shown

ANSWERS: Mapping[str, Text] = {
    "yes": Text(ja="はい", en="yes"),
    "no": Text(ja="いいえ", en="no"),
    "partly": Text(ja="一部", en="partly"),
}
_ANSWER_WORDS = {
    "y": "yes", "yes": "yes", "はい": "yes", "○": "yes",
    "n": "no", "no": "no", "いいえ": "no", "×": "no",
    "p": "partly", "partly": "partly", "一部": "partly", "△": "partly",
}  # fmt: skip
_DEFAULT_STATEMENTS = {"yes": "要件のとおり実施している。", "no": "実施していない。"}
LONGEST_STATEMENT, LONGEST_NAME, LONGEST_DOCUMENT = 4000, 200, 500
DOCUMENTS_FOLDER = "documents"


class WrongAnswerError(ValueError):
    """What a person typed cannot be taken; `text` says why, `hint` what to do."""

    def __init__(self, text: Text, hint: Text) -> None:
        super().__init__(text.en)
        self.text = text
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Draft:
    """An answer that is right in all its fields and ready to be written."""

    subject: str
    answer: str
    statement: str
    stated_by: str
    role: str
    stated_on: datetime.date
    valid_until: datetime.date | None
    document: str | None
    document_sha256: str | None
    items: tuple[tuple[str, str], ...]

    def says_the_same_as(self, made: Attestation) -> bool:
        """Whether a statement is this one. The digest is left out: a document that changed later makes no new statement."""
        return (
            (self.subject, self.answer, self.statement, self.stated_by, self.role)
            == (made.subject, made.answer, made.statement, made.stated_by, made.role)
            and (self.stated_on, self.valid_until, self.document) == (made.stated_on, made.valid_until, made.document)
            and dict(self.items) == dict(made.items)
        )


def answer_of(typed: str) -> str:
    """`yes`, `no` or `partly`."""
    answer = _ANSWER_WORDS.get(plain(typed).lower())
    if answer is None:
        raise WrongAnswerError(
            Text(ja=f"「{shown(typed)}」は回答として読めない。", en=f"`{shown(typed)}` is not an answer."),
            Text(
                ja="はい、いいえ、一部 のいずれかを入力する（y、n、p でもよい）。",
                en="Answer yes, no or partly (y, n, p).",
            ),
        )
    return answer


def default_statement(answer: str) -> str | None:
    """What is stated when nothing else is; None where a person has to say it (what part is done)."""
    return _DEFAULT_STATEMENTS.get(answer)


def statement_of(typed: str, answer: str) -> str:
    """The words of the statement."""
    text = _line(typed, LONGEST_STATEMENT) or default_statement(answer)
    if text is None:
        raise WrongAnswerError(
            Text(
                ja="「一部」と答えるときは、実施していることと、していないことを書く必要がある。",
                en="For `partly`, say what is done and what is not.",
            ),
            Text(ja="申告の内容を文で入力する。", en="Write it as a sentence."),
        )
    return text


def person_of(typed: str) -> str:
    """Who states it."""
    text = _line(typed, LONGEST_NAME)
    if not text:
        raise WrongAnswerError(
            Text(ja="申告者が書かれていない。", en="Who states it is missing."),
            Text(ja="職名又は氏名を入力する（例: 情報政策課長）。", en="Give the post or the name."),
        )
    return text


def role_of(typed: str, demand: Demand) -> str:
    """The role, by its word or its name in either language; one that the rule accepts."""
    text = plain(typed)
    role = _role_named(text)
    permitted = in_order(demand.roles or ROLES)
    may = titles_of(permitted)
    hint = Text(ja=f"申告できる役割: {may.ja}", en=f"It may be stated by: {may.en}")
    if role is None:
        what = (
            Text(ja="役割が書かれていない。", en="The role is missing.")
            if not text
            else Text(ja=f"「{shown(typed)}」という役割はない。", en=f"There is no role `{shown(typed)}`.")
        )
        raise WrongAnswerError(what, hint)
    if role not in permitted:
        title = ROLES[role]
        raise WrongAnswerError(
            Text(
                ja=f"{title.ja}は、この事項を申告できる役割ではない。",
                en=f"This may not be stated by the {title.en}.",
            ),
            hint,
        )
    return role


def _role_named(text: str) -> str | None:
    words = text.casefold().replace(" ", "")
    for role, title in ROLES.items():
        names = (role, title.ja, title.en, title.ja.partition(" (")[0])
        if words in {plain(name).casefold().replace(" ", "") for name in names}:
            return role
    return None


def day_of(typed: str) -> datetime.date:
    """A day in either calendar."""
    try:
        return parse_date(typed)
    except ValueError:
        raise WrongAnswerError(
            Text(ja=f"「{shown(typed)}」は日付として読めない。", en=f"`{shown(typed)}` is not a date."), DATE_HINT
        ) from None


def stated_on_of(day: datetime.date, as_of: datetime.date) -> datetime.date:
    """The day of the statement, which may not be in the future."""
    if day > as_of:
        raise WrongAnswerError(
            Text(
                ja=f"申告日（{in_japanese_era(day)}）が基準日（{in_japanese_era(as_of)}）より後である。",
                en=f"It is dated {day}, after {as_of}.",
            ),
            Text(
                ja="実際に申告した日を入力する。和暦の年の読み違いにも注意する。",
                en="Give the day on which it was stated; check the year of the era.",
            ),
        )
    return day


def not_before(last: Attestation | None, stated_on: datetime.date) -> None:
    """Raises when a later statement is there already: the newest counts, so this one would change nothing."""
    if last is not None and stated_on < last.stated_on:
        raise WrongAnswerError(
            Text(
                ja=f"より新しい申告（{last.id}、{in_japanese_era(last.stated_on)}）があるため、{in_japanese_era(stated_on)}の申告は用いられない。",
                en=f"A later statement is there ({last.id}, {last.stated_on}), so one of {stated_on} would not count.",
            ),
            Text(
                ja=f"申告し直した日を入力する。前の申告が誤りなら attestations.yaml の {last.id} を直す。",
                en=f"Give the day on which it is stated anew; if {last.id} is wrong, mend it in attestations.yaml.",
            ),
        )


def valid_until_of(day: datetime.date | None, stated_on: datetime.date) -> datetime.date | None:
    """The last day on which it holds, not before the day of the statement."""
    if day is not None and day < stated_on:
        raise WrongAnswerError(
            Text(
                ja=f"有効期限（{in_japanese_era(day)}）が申告日（{in_japanese_era(stated_on)}）より前である。",
                en=f"It ends on {day}, before it is stated on {stated_on}.",
            ),
            Text(ja="有効期限は申告日以後の日とする。なければ空欄とする。", en="Give a later day, or none."),
        )
    return day


def too_old(demand: Demand, stated_on: datetime.date, valid_until: datetime.date | None, as_of: datetime.date) -> bool:
    """Whether an audit of that day would find the statement too old already."""
    aged = demand.max_age_days is not None and (as_of - stated_on).days > demand.max_age_days
    return aged or (valid_until is not None and valid_until < as_of)


def document_of(typed: str, root: Path, demand: Demand, answer: str) -> tuple[str | None, str | None]:
    """The document and its SHA-256: a file of the audit folder, or a number of reference, which has no digest."""
    text = _line(typed, LONGEST_DOCUMENT).strip("\"'").strip()
    if not text:
        if demand.document is not None and answer == "yes":
            wanted = demand.document
            raise WrongAnswerError(
                Text(
                    ja=f"根拠となる文書（{wanted.ja}）が書かれていない。",
                    en=f"The document that it rests on is missing ({wanted.en}).",
                ),
                Text(
                    ja="文書を監査フォルダの documents/ に置いてファイル名を入力するか、文書番号を入力する。",
                    en="Put it into documents/ of the audit folder and give its name, or give its number.",
                ),
            )
        return None, None
    name, digest = _file_of(text, root)
    return name or text, digest


def _file_of(text: str, root: Path) -> tuple[str | None, str | None]:
    """The path inside the folder and the digest of a file that is there; (None, None) for a number of reference."""
    path = PurePosixPath(_inside(text, root).replace("\\", "/"))
    outside = path.is_absolute() or ".." in path.parts or (len(text) > 1 and text[1] == ":" and text[0].isascii())
    if outside:
        raise WrongAnswerError(
            Text(
                ja=f"文書「{shown(text)}」は監査フォルダの外にある。",
                en=f"`{shown(text)}` is outside the audit folder.",
            ),
            Text(
                ja="文書を監査フォルダの documents/ に写し、そのファイル名を入力する。",
                en="Copy it into documents/ of the audit folder and give that name.",
            ),
        )
    files = FolderFiles(root)
    for name in (path.as_posix(), f"{DOCUMENTS_FOLDER}/{path.as_posix()}"):
        if name not in (".", f"{DOCUMENTS_FOLDER}/.") and files.exists(name) and not _is_folder(files, name):
            return name, _digest(files, name)
    if names_a_file(text):
        raise WrongAnswerError(
            Text(ja=f"文書「{shown(text)}」が監査フォルダにない。", en=f"`{shown(text)}` is not in the audit folder."),
            Text(
                ja="文書を監査フォルダの documents/ に置くか、文書番号など、ファイル名でない書き方とする。",
                en="Put it into documents/ of the audit folder, or give a number of reference.",
            ),
        )
    return None, None


def _inside(text: str, root: Path) -> str:
    """A full path that leads into the folder (a file dropped onto the window) as the path from there."""
    try:
        given = Path(text)
        return given.resolve().relative_to(root.resolve()).as_posix() if given.is_absolute() else text
    except (OSError, RuntimeError, ValueError):
        return text


def _is_folder(files: FolderFiles, name: str) -> bool:
    try:
        return files.path_of(name).is_dir()
    except InputError:
        return False  # a broken link or one that leaves the folder: taking its digest says so


def _digest(files: FolderFiles, name: str) -> str:
    try:
        return files.take(name).sha256
    except InputError as error:
        hint = error.hint or Text(ja="別のファイルを指定する。", en="Give another file.")
        raise WrongAnswerError(Text(ja=f"{name}: {error.text.ja}", en=f"{name}: {error.text.en}"), hint) from error


def items_of(demand: Demand, answers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The answers to the parts, by their ids, as they are written: by their titles, in the order of the rule."""
    return tuple((item.title.ja, answers[item.id]) for item in demand.items if item.id in answers)


def plain(text: str) -> str:
    """What was typed with full-width letters made narrow, and without blanks around it."""
    return unicodedata.normalize("NFKC", text[:LONGEST_STATEMENT]).strip()


def _line(typed: str, longest: int) -> str:
    """One line of text that can stand in the file and in a report."""
    text = " ".join(typed.split())
    if len(text) > longest:
        raise WrongAnswerError(
            Text(ja=f"長すぎる（{longest}文字まで）。", en=f"Too long (at most {longest} characters)."),
            Text(ja="短くし、詳しくは文書に書く。", en="Shorten it; the document can say the rest."),
        )
    if not text.isprintable():
        raise WrongAnswerError(
            Text(ja="表示できない文字が含まれている。", en="It contains characters that cannot be shown."),
            Text(ja="制御文字等を取り除いて入力し直す。", en="Type it again without control characters."),
        )
    return text
