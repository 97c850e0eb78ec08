"""Text as people and devices write it: bytes to lines, secrets, dates, and messages in Japanese and English."""
