"""File shapes of `vendors.md` 0.4: every one is read, with the line numbers of the file as it was submitted."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secaudit.errors import InputError
from secaudit.text.bilingual import Language
from secaudit.text.config_text import ConfigText
from secaudit.text.decoding import MAXIMUM_BYTES, config_text_from_bytes, read_config_text

JAPANESE = '# 本庁の拠点ルータ（基幹系）\nip lan1 address 10.10.0.1/24\ndescription lan1 "マイナンバー利用事務系"\n'


def read(data: bytes | str) -> ConfigText:
    return config_text_from_bytes(data.encode("utf-8") if isinstance(data, str) else data, "configs/fw.conf")


def numbered(text: ConfigText) -> dict[int, str]:
    return {line.number: line.text for line in text.lines}


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (JAPANESE.encode("utf-8"), "UTF-8"),
        (JAPANESE.encode("utf-8-sig"), "UTF-8 (BOM)"),
        (JAPANESE.encode("cp932"), "CP932"),
        (JAPANESE.encode("euc_jp"), "EUC-JP"),
        (JAPANESE.encode("utf-16"), "UTF-16 LE"),
        (b"\xfe\xff" + JAPANESE.encode("utf-16-be"), "UTF-16 BE"),
        (JAPANESE.encode("utf-16-le"), "UTF-16 LE"),
        (JAPANESE.encode("utf-16-be"), "UTF-16 BE"),
        (b"\xff\xfe\x00\x00" + JAPANESE.encode("utf-32-le"), "UTF-32 LE"),
    ],
)
def test_encodings(data: bytes, encoding: str) -> None:
    text = read(data)
    assert text.encoding == encoding
    assert [line.text for line in text.lines] == JAPANESE.splitlines()
    assert text.size_bytes == len(data)
    assert text.sha256 == hashlib.sha256(data).hexdigest()
    assert text.notes == ()


def test_ascii_is_called_ascii() -> None:
    assert read(b"ip lan1 address 10.0.0.1/24\n").encoding == "ASCII"


@pytest.mark.parametrize(
    ("sentence", "codec", "encoding"),
    [
        ("description lan1 ホンチョウ", "euc_jp", "EUC-JP"),
        ("description lan1 基幹系", "euc_jp", "EUC-JP"),
        ("description lan1 基幹系", "cp932", "CP932"),
        ("description lan1 ﾎﾝﾁｮｳ ﾙｰﾀ", "cp932", "CP932"),
        ("description lan1 税務課 住民情報", "euc_jp", "EUC-JP"),
        ("description lan1 髙橋ビル①", "cp932", "CP932"),
    ],
)
def test_the_two_japanese_encodings_are_told_apart(sentence: str, codec: str, encoding: str) -> None:
    text = read(sentence.encode(codec))
    assert (text.encoding, text.lines[0].text) == (encoding, sentence)


def test_a_byte_that_fits_nothing_stays_visible() -> None:
    text = read(
        "# 拠点ルータ（基幹系）の設定\n".encode("cp932") + b"description lan1 \x82\nip lan1 address 10.0.0.1/24\n"
    )
    assert text.encoding == "CP932"
    assert numbered(text)[2] == r"description lan1 \x82"
    assert [note.en for note in text.notes] == ["Some bytes are not valid CP932; they are shown like \\x81."]
    assert "CP932" in text.notes[0].ja


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"])
def test_line_ends(end: str) -> None:
    text = read(end.join(["interface port1", " no shutdown", "!"]))
    assert numbered(text) == {1: "interface port1", 2: " no shutdown", 3: "!"}


def test_a_lone_carriage_return_never_hides_text() -> None:
    text = read("access-list 1 permit any\raccess-list 1 deny any\nend\n")
    assert numbered(text) == {1: "access-list 1 permit any access-list 1 deny any", 2: "end"}
    assert text.notes[0].en == "Removed control characters or made them visible (line 1)."


def test_nul_padding_and_trailing_blanks() -> None:
    text = read(b"ip lan1 address 10.0.0.1/24      \t\n" + b"end\n" + b"\x00" * 400)
    assert numbered(text) == {1: "ip lan1 address 10.0.0.1/24", 2: "end"}
    assert text.notes[0].ja == "末尾の NUL 400 文字を除きました。"


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        ("--More--", ""),
        (" --More-- ", ""),
        ("---つづく---", ""),
        ("<--- More --->", ""),
        ("---(more 52%)---", ""),
        ("-- MORE --, next page: Space, next line: Enter, quit: Control-C", ""),
        (
            " --More-- \x08\x08\x08\x08\x08\x08\x08\x08\x08        \x08\x08\x08\x08\x08\x08\x08\x08\x08 ip address 10.0.0.1 255.0.0.0",
            " ip address 10.0.0.1 255.0.0.0",
        ),
        ("--More--\x1b[K    set status enable", "    set status enable"),
        ("--More-- interface Gi0/1", "interface Gi0/1"),
        ("\x1b[7m--More--\x1b[m\r        \rinterface Gi0/1", "interface Gi0/1"),
        ("---- More ----\x1b[42D                                          \x1b[42D rule 5 permit", " rule 5 permit"),
    ],
)
def test_pager_remains(raw: str, line: str) -> None:
    text = read(f"hostname r1\n{raw}\nend\n")
    assert numbered(text) == {1: "hostname r1", 2: line, 3: "end"}
    assert "pager left (line 2)" in text.notes[0].en
    assert "行 2" in text.notes[0].ja


def test_backspaces_elsewhere_hide_nothing() -> None:
    text = read("access-list 1 permit any\x08\x08\x08deny\nend\n")
    assert numbered(text)[1] == "access-list 1 permit any␈␈␈deny"


def test_escape_sequences_are_removed_and_counted() -> None:
    text = read("\x1b[1mhostname r1\x1b[0m\n\x1b]0;title\x07end\n")
    assert numbered(text) == {1: "hostname r1", 2: "end"}
    assert "(lines 1, 2)" in text.notes[0].en


@pytest.mark.parametrize(
    "prompt",
    [
        "Router#show running-config",
        "Router>enable",
        "RTX1210# show config",
        "FG-HONCHO # show full-configuration",
        "FG-HONCHO (root) # show",
        "<HP>display current-configuration",
        "admin@srx> show configuration | display set",
        "awplus#exit",
        "Router#",
        "show running-config",
    ],
)
def test_prompts_before_and_after_a_configuration(prompt: str) -> None:
    text = read(f"{prompt}\nhostname r1\nend\n{prompt if '#' in prompt or '>' in prompt else ''}\n")
    assert numbered(text)[1] == ""
    assert numbered(text)[2] == "hostname r1"
    assert "prompts" in text.notes[0].en


@pytest.mark.parametrize(
    "line",
    [
        "#",
        "!",
        "# show config of the branch",
        "Router(config)#permit ip any any",
        " description a#",
        "show ip route",
        "banner motd #",
        "<config>",
        "<members>",
        "[filter]",
    ],
)
def test_what_is_no_prompt_stays(line: str) -> None:
    assert numbered(read(f"hostname r1\n{line}\nend\n"))[2] == line


@pytest.mark.parametrize(
    ("line", "typed"),
    [
        ("Router#show ip route | include 10.2", "show ip route | include 10.2"),
        ("FG-HONCHO (root) # get router info routing-table all", "get router info routing-table all"),
        ("Router(config)# show ip route static", "show ip route static"),
        ("admin@PA-01> show routing route type ospf", "show routing route type ospf"),
        ("Router#", ""),
        (
            "Router#copy running-config ftp://backup:S3cret@192.0.2.1/",
            "copy running-config ftp://backup:********@192.0.2.1/",
        ),
        ("show running-config", None),
        ("Router#ping 192.0.2.1", None),
    ],
)
def test_what_was_typed_at_a_prompt_is_kept_and_masked(line: str, typed: str | None) -> None:
    text = read(f"hostname r1\n{line}\nend\n")
    assert [(one.file, one.number, one.text) for one in text.commands] == (
        [] if typed is None else [("configs/fw.conf", 2, typed)]
    )


def test_what_was_typed_in_the_first_line_needs_no_prompt() -> None:
    assert [(one.number, one.text) for one in read("show running-config\nhostname r1\n").commands] == [
        (1, "show running-config")
    ]


def test_pagers_that_waited_are_kept_and_those_at_the_end_are_not() -> None:
    text = read(
        "hostname r1\n --More-- \nend\n---(more 100%)---\nlines 1-20/20 (END)\n--More-- r1#\n---(more 52%)---\n"
    )
    assert text.pagers == (2, 4, 6, 7)
    assert [(one.number, one.text) for one in text.commands] == [(6, "")]


def wrapped(*lines: str) -> str:
    """As a terminal of 80 columns saves it."""
    parts = []
    for line in lines:
        parts += [line[index : index + 80] for index in range(0, max(len(line), 1), 80)]
    return "\n".join(parts) + "\n"


LONG_LIST = " ip pp secure filter in " + " ".join(str(number) for number in range(20000, 20030))


def test_a_list_cut_inside_a_number_is_joined() -> None:
    text = read(wrapped("pp select 1", LONG_LIST, " ip pp mtu 1454"))
    assert numbered(text) == {1: "pp select 1", 2: LONG_LIST, 5: " ip pp mtu 1454"}
    assert text.notes[0].en == "Joined lines cut at 80 columns to the line before (lines 3, 4)."
    assert "行 3、4" in text.notes[0].ja


def test_a_list_cut_at_a_blank_is_joined_even_in_a_file_with_wider_lines() -> None:
    head = " ip pp secure filter out 1010 1011 1012 1013 1014 1015 3000 dynamic 100 101 102"
    assert len(head) == 79
    text = read(f"# {'=' * 100}\n{head}\n 103 104 105\n ip pp nat descriptor 1\n")
    assert numbered(text)[2] == head + " 103 104 105"
    assert 3 not in numbered(text)


def test_a_quoted_list_cut_inside_a_word_is_joined() -> None:
    line = '        set member "net-kikan-01" "net-kikan-02" "net-kikan-03" "net-kikan-04" "net-kikan-05"'
    text = read(wrapped("config firewall addrgrp", line, "    next", "end"))
    assert numbered(text) == {1: "config firewall addrgrp", 2: line, 4: "    next", 5: "end"}


@pytest.mark.parametrize(
    "following",
    [
        "ip filter 2 pass * *",
        "   20 permit ip any any",
        "set srcaddr all",
        "!",
        "# comment",
        "next",
        "object-group x",
        "hostname r2",
    ],
)
def test_a_line_of_just_80_columns_is_not_joined_with_a_new_command(following: str) -> None:
    line = (
        "ip filter 1 pass 10.10.0.0/16 10.20.0.0/16 tcp * " + ",".join(str(port) for port in range(1000, 1006)) + "11"
    )
    assert len(line) == 80
    text = read(f"hostname r1\n{line}\n{following}\nend\n")
    assert numbered(text)[2] == line
    assert numbered(text)[3] == following
    assert "may have been cut (line 2)" in text.notes[-1].en


def test_nothing_is_swallowed_by_a_comment_or_description() -> None:
    for head in ("# " + "-" * 78, " description " + "x" * 67, "!" + "*" * 79):
        assert len(head) == 80
        text = read(f"hostname r1\n{head}\nunknown-command any any\nend\n")
        assert numbered(text)[3] == "unknown-command any any"


def test_a_wider_line_forbids_joining() -> None:
    line = "x" * 80
    text = read(f"{'y' * 81}\n{line}\nzzz 5\nend\n")
    assert numbered(text)[3] == "zzz 5"


def test_lines_padded_to_80_columns_are_not_wrapped_lines() -> None:
    text = read(
        "\n".join(f"{line:<80}" for line in ("hostname r1", "vlan database", " vlan 10", "strange words", "end"))
    )
    assert numbered(text) == {1: "hostname r1", 2: "vlan database", 3: " vlan 10", 4: "strange words", 5: "end"}
    assert text.notes == ()


def test_full_width_characters_take_two_columns() -> None:
    line = "ip host " + "庁" * 36 + "wxyzabc"
    text = read("hostname r1\n" + line[:44] + "\n" + line[44:] + "\nend\n")
    assert numbered(text)[2] == line


def test_a_secret_cut_by_the_terminal_is_masked_to_its_end() -> None:
    secret = "S3cret" * 30
    for width in (80, 100, 132):
        line = f"        set password ENC {secret}"
        parts = [line[index : index + width] for index in range(0, len(line), width)]
        text = read("\n".join(["config system admin", *parts, "    next", "end"]))
        assert "S3cret" not in "\n".join(one.text for one in text.lines), width
        assert numbered(text)[2] == "        set password ENC ********"


def test_secrets_are_masked_in_every_encoding() -> None:
    for codec in ("utf-8", "cp932", "euc_jp", "utf-16"):
        text = read("# 設定\nlogin password S3cret!\n".encode(codec))
        assert numbered(text)[2] == "login password ********"


@pytest.mark.parametrize(
    ("data", "hint"),
    [
        (b"PK\x03\x04" + b"\x14\x00" * 100, "Unpack"),
        (b"\x1f\x8b\x08" + bytes(range(256)), "Unpack"),
        (b"%PDF-1.7\n%\xe2\xe3", "not a document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 20, "not a document"),
        (b"\x7fELF\x02\x01\x01" + b"\x00" * 60, "program"),
        (bytes(range(32)) * 40, "Export the configuration as text"),
    ],
)
def test_binary_files_are_refused_with_a_hint(data: bytes, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        read(data)
    assert caught.value.text.en == "This is not text but a binary file."
    assert caught.value.text.ja == "テキストではありません（バイナリファイルです）。"
    assert caught.value.hint is not None
    assert hint in caught.value.hint.en
    assert caught.value.message(Language.JA).startswith("configs/fw.conf: ")


@pytest.mark.parametrize("data", [b"", b"\n\n", b"   \r\n", b"\x00" * 100, b"\xef\xbb\xbf", b"--More--\n"])
def test_empty_files_are_refused(data: bytes) -> None:
    with pytest.raises(InputError) as caught:
        read(data)
    assert caught.value.text.en == "The file is empty."
    assert caught.value.text.ja == "ファイルが空です。"


def test_a_file_over_the_limit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "big.conf"
    with path.open("wb") as stream:
        stream.truncate(MAXIMUM_BYTES + 1)
    with pytest.raises(InputError) as caught:
        read_config_text(path, "configs/big.conf")
    assert "50.0 MB; at most 50 MB" in caught.value.text.en
    assert "上限 50 MB" in caught.value.text.ja
    assert caught.value.hint is not None


def test_what_is_no_ordinary_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, message in (
        ("pipe", "not an ordinary file"),
        (".", "not an ordinary file"),
        ("missing", "cannot be read"),
    ):
        with pytest.raises(InputError) as caught:
            read_config_text(tmp_path / name, f"configs/{name}")
        assert message in caught.value.text.en
        assert caught.value.file == f"configs/{name}"
        assert caught.value.hint is not None


def test_a_file_is_read_from_disk(tmp_path: Path) -> None:
    (tmp_path / "r1.conf").write_bytes(JAPANESE.encode("cp932"))
    text = read_config_text(tmp_path / "r1.conf", "configs/r1.conf")
    assert str(text.lines[1]) == "configs/r1.conf:2: ip lan1 address 10.10.0.1/24"


def test_a_line_of_very_many_blanks_takes_no_longer_than_others() -> None:
    """Minutes, were every blank tried as the first of a comment."""
    line = " " * 400_000 + "x"
    assert numbered(read(f"hostname r1\n{line}\nend\n"))[2] == line


PIECES = [
    "\n",
    "\r",
    "\x08",
    "--More--",
    "\x1b[K",
    "interface",
    "password",
    "x" * 80,
    '"',
    "EOF",
    "embedded file a <<EOF",
    "#",
    "県",
]


@given(
    st.binary(max_size=300)
    | st.lists(st.sampled_from(PIECES), max_size=40).map(lambda pieces: " ".join(pieces).encode("cp932"))
)
def test_no_bytes_raise_anything_but_an_input_error(data: bytes) -> None:
    try:
        text = read(data)
    except InputError:
        return
    numbers = [line.number for line in text.lines]
    assert numbers == sorted(set(numbers))
    assert all("\n" not in line.text and "\x00" not in line.text for line in text.lines)


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=60),
        min_size=1,
        max_size=20,
    )
)
def test_plain_lines_come_out_as_they_went_in_or_masked(lines: list[str]) -> None:
    data = "\n".join(lines).encode("utf-8")
    try:
        text = read(b"\xef\xbb\xbf" + data)
    except InputError as error:
        assert error.text.en == "The file is empty."
        return
    assert text.encoding == "UTF-8 (BOM)"
    for line in text.lines:
        raw = lines[line.number - 1].rstrip(" \t")
        assert line.text == raw or "********" in line.text or line.text == ""
