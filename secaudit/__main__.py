"""`python -m secaudit` is the program."""

from __future__ import annotations

from secaudit.cli.main import main

if __name__ == "__main__":
    main()
