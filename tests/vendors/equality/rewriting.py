"""Rewrites that must not change what a configuration means.

`EXACT` rewrites must give the same set; after a `CAREFUL` one (a terminal destroyed something, or the text is a script and no
configuration) the reader may also say that it is not sure.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

from tests.vendors.equality.written import Written

Rewrite = Callable[[Written, Random], Written]
Encode = Callable[[str], bytes]

_TERMINAL_COLUMNS = 80
_COMMENTS = (
    "監査用の控え",
    "表示ソースの確認",
    "permit ip any any",
    "ip filter 1 pass *",
    "end",
    "set action accept",
    "",
)
_CISCO_KEYWORDS = re.compile(
    r"\b(permit|deny|tcp|udp|icmp|ip|ipv6|host|any|eq|neq|gt|lt|range|access-list|extended|access-group|interface|sequence|"
    r"object-group|network|service|group-object|echo|www|domain|remark|log|source)\b(?![-.])"
)
_FORTIOS_POLICY_DEFAULTS = (
    "status enable", "srcaddr-negate disable", "dstaddr-negate disable", "service-negate disable", "nat disable",
    "internet-service disable", "internet-service-src disable", "fixedport disable", "ippool disable", "utm-status disable",
    "match-vip disable", "logtraffic-start disable", "ssl-ssh-profile ''", "tcp-mss-sender 0", "diffserv-forward disable",
)  # fmt: skip


# --- any vendor -------------------------------------------------------------------------------------------


def blank_lines(written: Written, random: Random) -> Written:
    """Empty lines and lines of blanks."""
    lines = []
    for line in written.lines:
        lines.append(line)
        if random.random() < 0.2:
            lines.append(random.choice(("", "  ", "\t")))
    return written.with_lines(lines, "blank lines")


def trailing_blanks(written: Written, random: Random) -> Written:
    """Blanks and tabs behind the text."""
    lines = [line + random.choice(("", " ", "   ", "\t")) for line in written.lines]
    return written.with_lines(lines, "trailing blanks")


def padded(written: Written, random: Random) -> Written:
    """Every line filled up with blanks to the width of the terminal."""
    del random
    return written.with_lines([line.ljust(_TERMINAL_COLUMNS) for line in written.lines], "padded")


def comments(written: Written, random: Random) -> Written:
    """Comment lines in Japanese, and with text that looks like commands."""
    sign = "#" if written.vendor in ("fortios", "juniper_srx", "yamaha") else "!"
    lines = []
    for line in written.lines:
        if random.random() < 0.2 and not line.startswith("#"):
            lines.append(f"{sign} {random.choice(_COMMENTS)}")
        lines.append(line)
    return written.with_lines(lines, "comments")


# --- FortiOS ----------------------------------------------------------------------------------------------


def other_indentation(written: Written, random: Random) -> Written:
    """FortiOS and YAMAHA: indentation means nothing."""
    lines = [random.choice(("", "  ", "\t", "        ")) + line.lstrip() for line in written.lines]
    return written.with_lines(
        [line.lstrip() if line.lstrip().startswith("#") else line for line in lines], "indentation"
    )


def other_quotes(written: Written, random: Random) -> Written:
    """FortiOS: a name without blanks needs no quotes."""

    def unquoted(match: re.Match[str]) -> str:
        return match[1] if random.random() < 0.6 else match[0]

    lines = [re.sub(r'"([A-Za-z0-9_./-]+)"', unquoted, line) for line in written.lines]
    return written.with_lines(lines, "quotes")


def full_configuration(written: Written, random: Random) -> Written:
    """FortiOS: `show full-configuration` prints what has its default value as well."""
    lines: list[str] = []
    path = ""
    before: set[str] = set()
    for line in written.lines:
        words = line.split()
        if words[0] == "config" and not line.startswith(" "):
            path = " ".join(words[1:])
        if words[0] == "edit":
            before = set()
        if words[0] in ("set", "unset"):
            before.add(words[1])
        if words == ["next"]:
            lines += [f"        set {one}" for one in _defaults(path, before) if random.random() < 0.8]
        lines.append(line)
    return written.with_lines(lines, "full configuration")


def _defaults(path: str, said: set[str]) -> list[str]:
    if path in ("firewall policy", "firewall policy6"):
        here = [
            one
            for one in _FORTIOS_POLICY_DEFAULTS
            if path == "firewall policy" or not one.startswith(("internet", "match"))
        ]
        return [one for one in (*here, "action deny") if one.split()[0] not in said]
    if path == "firewall address":
        values = [
            "type ipmask",
            "comment ''",
            "visibility enable",
            "associated-interface ''",
            "color 0",
            "allow-routing disable",
        ]
        return [one for one in values if one.split()[0] not in said]
    if path == "firewall service custom":
        ported = "tcp-portrange" in said or "udp-portrange" in said
        values = ["proxy disable", "category ''", "comment ''", "color 0", "visibility enable"]
        if ported:
            values += [
                "protocol TCP/UDP/SCTP",
                "helper auto",
                "iprange 0.0.0.0",
                "fqdn ''",
                "udp-portrange ''",
                "sctp-portrange ''",
            ]
            values += ["tcp-portrange ''", "session-ttl 0", "check-reset-range default", "tcp-halfclose-timer 0"]
        return [one for one in values if one.split()[0] not in said]
    if path in ("firewall addrgrp", "firewall service group"):
        return [
            one
            for one in ("comment ''", "color 0", *(["exclude disable"] if "addrgrp" in path else []))
            if one.split()[0] not in said
        ]
    return []


def quoted_text(written: Written, random: Random) -> Written:
    """FortiOS: a quoted value over several lines that looks like a configuration."""
    text = [
        'config system replacemsg admin "pre_admin-disclaimer-text"',
        '    set buffer "WARNING',
        "config firewall policy",
    ]
    text += ["    edit 1", "        set action accept", '    next"', "end"]
    heads = [index for index, line in enumerate(written.lines) if line.startswith("config ")]
    place = random.choice(heads)
    return written.with_lines([*written.lines[:place], *text, *written.lines[place:]], "quoted text")


# --- Cisco IOS --------------------------------------------------------------------------------------------


def cisco_case(written: Written, random: Random) -> Written:
    """Cisco: keywords in capitals; names are case-sensitive and stay."""
    names = {word for line in written.lines for word in _named_by(line)}

    def changed(match: re.Match[str]) -> str:
        return match[0].upper() if match[0] not in names and random.random() < 0.5 else match[0]

    return written.with_lines([_CISCO_KEYWORDS.sub(changed, line) for line in written.lines], "capitals")


def _named_by(line: str) -> list[str]:
    words = line.split()
    if words[:1] == ["object-group"] or words[:2] in (["ip", "access-list"], ["ipv6", "access-list"]):
        return words[-1:]
    return []


def cisco_indentation(written: Written, random: Random) -> Written:
    """Cisco and ALAXALA: how far a line is indented does not matter, as long as it is."""
    width = random.choice(("  ", "    ", "\t"))
    lines = [width * (len(line) - len(line.lstrip())) + line.lstrip() for line in written.lines]
    return written.with_lines(lines, "indentation")


def cisco_session(written: Written, random: Random) -> Written:
    """Cisco: what a terminal session leaves around the configuration, and a banner that looks like commands."""
    del random
    head = ["RT-EQ#show running-config", "Building configuration...", "", "Current configuration : 4711 bytes", "!"]
    banner = [
        "banner motd ^C",
        "access-list 100 permit ip any any",
        "interface GigabitEthernet0/0",
        " no ip access-group",
        "^C",
    ]
    return written.with_lines([*head, *written.lines[:2], *banner, *written.lines[2:], "", "RT-EQ#"], "session")


def cisco_remarks(written: Written, random: Random) -> Written:
    """Cisco: remarks are no entries."""
    lines: list[str] = []
    inside = False
    for line in written.lines:
        inside = line.startswith(("ip access-list", "ipv6 access-list")) or (inside and line.startswith(" "))
        if line.startswith("access-list") and random.random() < 0.3:
            lines.append(f"{' '.join(line.split()[:2])} remark deny ip any any")
        lines.append(line)
        if inside and random.random() < 0.3:
            lines.append(" remark permit ip any any" if random.random() < 0.7 else " !")
    return written.with_lines(lines, "remarks")


# --- ALAXALA ----------------------------------------------------------------------------------------------


def alaxala_session(written: Written, random: Random) -> Written:
    """ALAXALA: what a terminal session leaves around the configuration."""
    del random
    return written.with_lines(["AX-EQ# show running-config", *written.lines, "AX-EQ# exit"], "session")


# --- YAMAHA -----------------------------------------------------------------------------------------------


def yamaha_case(written: Written, random: Random) -> Written:
    """YAMAHA: commands may be typed in capitals; the name of a set is left alone."""
    lines = [
        line.upper() if random.random() < 0.4 and not line.startswith("#") and "Policy-1" not in line else line
        for line in written.lines
    ]
    return written.with_lines(lines, "capitals")


def yamaha_comments(written: Written, random: Random) -> Written:
    """YAMAHA: a comment may stand behind a command."""
    lines = [
        f"{line} # {random.choice(_COMMENTS)}" if random.random() < 0.3 and not line.startswith("#") else line
        for line in written.lines
    ]
    return written.with_lines(lines, "comments behind")


def yamaha_replaced(written: Written, random: Random) -> Written:
    """YAMAHA: a filter that is defined again, or removed and defined again, has its last definition."""
    lines: list[str] = []
    for line in written.lines:
        words = line.split()
        if words[1:2] == ["filter"] and words[2].isdigit() and random.random() < 0.3:
            other = random.choice((f"{words[0]} filter {words[2]} pass * *", f"{words[0]} filter {words[2]} reject *"))
            lines += [other] if random.random() < 0.5 else [other, f"no {words[0]} filter {words[2]}"]
        if words[2:4] == ["secure", "filter"] and words[4] in ("in", "out") and random.random() < 0.3:
            lines.append(" ".join((*words[:5], words[5])))
        lines.append(line)
    return written.with_lines(lines, "replaced")


def yamaha_list(written: Written, random: Random) -> Written:
    """YAMAHA: a number that stands twice, one that is not defined, and dynamic filters do not change what may open a connection."""
    lines: list[str] = []
    for line in written.lines:
        words = line.split()
        if words[2:4] == ["secure", "filter"] and words[4] in ("in", "out"):
            numbers = words[5:]
            place = random.randrange(len(numbers))
            numbers = [*numbers[: place + 1], *numbers[: place + 1][-1:], "21474835", *numbers[place + 1 :]]
            line = " ".join((*words[:5], *numbers, "dynamic", "7", "8"))
            lines += [f"{words[0]} filter dynamic 7 * * tcp", f"{words[0]} filter dynamic 8 * * udp syslog=off"]
        lines.append(line)
    return written.with_lines(lines, "list")


# --- NEC UNIVERGE IX --------------------------------------------------------------------------------------


def nec_session(written: Written, random: Random) -> Written:
    """NEC: what a terminal session leaves around the configuration."""
    del random
    head = [
        "IX-EQ(config)# show running-config",
        "Building configuration...",
        "! Current time Nov 01-Fri-2024 19:15:34 JST",
    ]
    return written.with_lines([*head, *written.lines, "IX-EQ(config)# exit"], "session")


def nec_settings(written: Written, random: Random) -> Written:
    """NEC: settings of caches, and lists that nothing applies, are no entries."""
    lines: list[str] = []
    for line in written.lines:
        if line.startswith("ip access-list") and random.random() < 0.3:
            lines += ["ip access-list cache 4096", "ip access-list dynamic timer udp-idle-timeout 30"]
        if line.startswith("interface ") and random.random() < 0.3:
            lines += ["ip access-list not-used permit ip src any dest any"]
        lines.append(line)
        if line.startswith("interface ") and random.random() < 0.3:
            lines += ["  ip tcp adjust-mss auto", "  ip proxy-arp"]
    return written.with_lines(lines, "settings")


def nec_typed_again(written: Written, random: Random) -> Written:
    """NEC: an entry that is entered in the wrong place, deleted, and entered again."""
    lines: list[str] = []
    for line in written.lines:
        words = line.split()
        if words[1:2] == ["access-list"] and "dest" in words and not words[3].isdigit() and random.random() < 0.3:
            other = f"{words[0]} access-list {words[2]} deny 255 src any dest any"
            lines += [other, f"no {other}"]
        lines.append(line)
    return written.with_lines(lines, "typed again")


# --- destroyed by a terminal ------------------------------------------------------------------------------


def wrapped(written: Written, random: Random) -> Written:
    """A terminal of 80 columns broke every longer line."""
    del random
    lines: list[str] = []
    for line in written.lines:
        rest = line
        while _width(rest) > _TERMINAL_COLUMNS:
            cut = _TERMINAL_COLUMNS
            while _width(rest[:cut]) > _TERMINAL_COLUMNS:
                cut -= 1
            lines.append(rest[:cut])
            rest = rest[cut:]
        lines.append(rest)
    return written.with_lines(lines, "wrapped")


def _width(text: str) -> int:
    return sum(1 if character.isascii() else 2 for character in text)


def paged(written: Written, random: Random) -> Written:
    """A pager stopped every 24 lines and left its word."""
    lines = list(written.lines)
    for place in range(24, len(lines), 24):
        if written.vendor == "yamaha":
            lines[place] = f"---つづく---\r            \r{lines[place]}"
        else:
            lines[place] = (
                f"--More-- \x08\x08\x08\x08\x08\x08\x08\x08\x08         \x08\x08\x08\x08\x08\x08\x08\x08\x08{lines[place]}"
            )
    return written.with_lines(lines, "paged")


def flattened(written: Written, random: Random) -> Written:
    """Somebody pasted the configuration into a tool that drops leading blanks."""
    del random
    return written.with_lines([line.lstrip() for line in written.lines], "flattened")


def typed_again(written: Written, random: Random) -> Written:
    """A script that makes the configuration: what the device knew before is removed, `edit 0` takes a free number, `move` orders."""
    lines = list(written.lines)
    if written.vendor == "cisco_ios":
        place = next(index for index, line in enumerate(lines) if "access-list " in line)
        words = lines[place].split()
        name = words[: 2 if words[0] == "access-list" else len(words)]
        lines.insert(place, " ".join(("no", *name)))
    elif written.vendor == "fortios":
        table = next(index for index, line in enumerate(lines) if line.startswith("config firewall policy"))
        end = lines.index("end", table)
        entries = [index for index in range(table, end) if lines[index].startswith("    edit")]
        if len(entries) > 1 and random.random() < 0.5:
            number, before = lines[entries[1]].split()[1], lines[entries[0]].split()[1]
            moved = lines[entries[0] : entries[1]]  # the first policy is written last, and moved to its place
            lines[table + 1 : end] = [*lines[entries[1] : end], *moved, f"    move {before} before {number}"]
        else:
            lines[table:end] = ["    edit 0" if line.startswith("    edit") else line for line in lines[table:end]]
    return written.with_lines(lines, "typed again")


_EVERY: tuple[Rewrite, ...] = (comments, blank_lines, trailing_blanks)
EXACT: dict[str, tuple[Rewrite, ...]] = {
    "alaxala": (alaxala_session, cisco_case, cisco_indentation, *_EVERY, padded),
    "fortios": (full_configuration, quoted_text, other_quotes, other_indentation, *_EVERY, padded),
    "cisco_ios": (cisco_remarks, cisco_session, cisco_case, cisco_indentation, *_EVERY, padded),
    "cisco_asa": (*_EVERY, padded),
    "juniper_srx": (other_indentation, *_EVERY, padded),
    "nec_ix": (nec_typed_again, nec_settings, nec_session, cisco_indentation, *_EVERY, padded),
    "yamaha": (yamaha_replaced, yamaha_list, yamaha_case, yamaha_comments, other_indentation, *_EVERY, padded),
}
"""Those that look at words come first, so that several can be applied one after another."""
CAREFUL: tuple[Rewrite, ...] = (wrapped, paged, flattened, typed_again)


def _crlf(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


ENCODINGS: dict[str, Encode] = {
    "UTF-8": lambda text: text.encode(),
    "UTF-8 with BOM": lambda text: text.encode("utf-8-sig"),
    "CP932": lambda text: text.encode("cp932"),
    "CP932 with CRLF": lambda text: text.replace("\n", "\r\n").encode("cp932"),
    "EUC-JP": lambda text: text.encode("euc_jp"),
    "UTF-16": lambda text: text.encode("utf-16"),
    "CRLF": _crlf,
    "no last line end": lambda text: text.rstrip("\n").encode(),
}
