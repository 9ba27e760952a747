"""The beginning of a language's prompts, for files that a test writes."""

from __future__ import annotations

PROMPTS_FILE = """
voice = { name = "Polly.Joanna", language = "en-US" }
digits = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
time = "{hour} {minute}"
hour = "{hour} hours"
choice = "{name}, press {key}."
names = { en = "English" }

[prompts]
"""
