"""A product knows no other product: removing the folder of one breaks no other."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from pathlib import Path

import secaudit.vendors

FOLDER = Path(secaudit.vendors.__file__).parent
IMPORTED = re.compile(r"^\s*(?:from|import) secaudit\.vendors\.(\w+)", re.MULTILINE)


def test_no_product_imports_another() -> None:
    products = {entry.name for entry in entry_points(group="secaudit.vendors")}
    found = {
        (path.relative_to(FOLDER).parts[0], other)
        for path in FOLDER.rglob("*.py")
        for other in IMPORTED.findall(path.read_text(encoding="utf-8"))
        if other in products
    }
    assert found, "every product imports parts of its own"
    assert {(product, other) for product, other in found if product != other} == set()
