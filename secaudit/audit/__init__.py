"""The main job: audit folder in, AuditResult out."""
