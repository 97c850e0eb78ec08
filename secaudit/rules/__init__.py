"""Rules as loaded from `rulesets/`, and their evaluation; `kinds/` has one file per kind of check."""
