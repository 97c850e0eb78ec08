"""The audit folder: what people of one municipality wrote and collected, loaded and validated."""
