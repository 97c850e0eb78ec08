"""Renders an AuditResult; one file per output format. Knows the result model only, never devices."""
