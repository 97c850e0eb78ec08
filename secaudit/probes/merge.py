"""Several nmap results for the same ports as one nmap file.

A plan is carried out target by target, so that it can be stopped and its progress be seen; what is kept is one file per list of ports.
"""

from __future__ import annotations

from collections.abc import Sequence

from secaudit.errors import InternalError
from secaudit.probes.nmap_xml import NmapDocument
from secaudit.text.bilingual import Text

_HEAD = b'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE nmaprun>\n'


def merged(documents: Sequence[NmapDocument]) -> bytes:
    """One nmap XML with the hosts of all. Raises `InternalError` when they did not ask the same ports."""
    from xml.etree.ElementTree import Comment, Element, tostring

    first = documents[0].root
    scaninfo = [_scaninfo(document) for document in documents]
    if any(info != scaninfo[0] for info in scaninfo):
        raise InternalError(
            Text(
                ja="異なるポートの探査結果は一つにまとめられません。", en="scans of different ports cannot be one file."
            )
        )
    root = Element("nmaprun", dict(first.attrib))
    root.set("start", str(min(_seconds(document.root.get("start")) for document in documents)))
    root.append(
        Comment(f" {len(documents)} nmap runs of one secaudit probe, one per target; args are those of the first ")
    )
    root.extend(first.findall("scaninfo"))
    totals = {"up": 0, "down": 0, "total": 0}
    finished_at, ended_well = 0, True
    for document in documents:
        root.extend(document.root.findall("target"))
        root.extend(document.root.findall("host"))
        finished = document.root.find("runstats/finished")
        ended_well = ended_well and finished is not None and finished.get("exit", "success") == "success"
        if finished is not None:
            finished_at = max(finished_at, _seconds(finished.get("time")))
        hosts = document.root.find("runstats/hosts")
        for key in totals:
            totals[key] += 0 if hosts is None else _seconds(hosts.get(key))
    stats = Element("runstats")
    stats.append(Element("finished", {"time": str(finished_at), "exit": "success" if ended_well else "error"}))
    stats.append(Element("hosts", {key: str(value) for key, value in totals.items()}))
    root.append(stats)
    for element in root:
        element.tail = "\n"
    body: bytes = tostring(root, encoding="utf-8", xml_declaration=False)
    return _HEAD + body + b"\n"


def _scaninfo(document: NmapDocument) -> list[tuple[str | None, str | None, str | None]]:
    return [
        (info.get("type"), info.get("protocol"), info.get("services")) for info in document.root.findall("scaninfo")
    ]


def _seconds(text: str | None) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() else 0
