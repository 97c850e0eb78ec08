"""One module a report format; see `secaudit.report.formats`."""
