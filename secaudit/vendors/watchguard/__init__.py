"""WatchGuard Firebox: recognised, and honestly undetermined (`common.recognised`)."""

from __future__ import annotations

from secaudit.vendors.common.recognised import RecognisedReader

READER = RecognisedReader(__name__)
