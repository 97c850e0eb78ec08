"""What holds where the file says nothing (`data/defaults.toml`)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from secaudit.vendors.common.defaults import read_defaults

_VERSION = re.compile(r"(\d{1,3})\.(\d{1,3})\(")


@dataclass(frozen=True, slots=True)
class Defaults:
    """The defaults of one release. None: not confirmed."""

    telnet: bool | None
    ssh: bool | None
    nxapi_http: bool | None
    """Whether `feature nxapi` alone answers HTTP; likewise HTTPS below."""
    nxapi_https: bool | None
    ssh_version: int | None


@lru_cache(maxsize=256)
def defaults(version: str) -> Defaults:
    """The defaults of a release as it is printed behind `version`."""
    found = _VERSION.match(version)
    return read_defaults(Defaults, __package__, (int(found[1]), int(found[2])) if found is not None else None, version)
