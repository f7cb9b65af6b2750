"""The texts of the project: no banned phrase, a hint with every message, short help."""

from __future__ import annotations

import re

from tests.wording.collect import (
    Text,
    all_texts,
    messages,
    option_helps,
)

LONGEST_HELP = 60

_COMPARED = "longer|more|less|further|larger|smaller|louder|lower|higher|shorter"

BANNED = {
    r"\banew\b": "again",
    r"\bhas(n't| not) got\b|\bhave not got\b": "lacks; unknown; missing",
    r"\bwhat there is\b|\bthere (is|are) is\b|\bwhich there are\b": "name the thing",
    r"\bnobody (said|knows|asks|asked|will|would)\b": "not stated",
    r"\bstands? for (it|them)sel(f|ves)\b": "name the thing",
    r"\bso that nobody\b": "to prevent …",
    r"\bin the place of\b|\bto the place of\b": "instead of; replaces",
    r"\b(?<!to one )aside\b(?! from)": "temporary; separate",
    r"\b(is|are|was|were) (?-i:none)\b(?! of)": "is not; is invalid",
    rf"\b(is|are|was) no (?!({_COMPARED})\b)\w+": "is not a …; is missing",
    r"\bwas (there )?before still\b|\bwhat was there\b": "existing files are unchanged",
    r"\bcall(s|ed)? it so\b|\bcalled so\b": "named",
    r"\bneed not be made\b": "is read from the cache",
    r"\bthe cluster lost\b|\blost it\b": "failed",
    r"\bhow unlike\b": "variation in …",
    r"\bsets? out\b": "starts",
    r"\bgave? up\b|\bgiven up\b": "timed out; stopped",
    r"\bmade? nothing of\b|\bmakes nothing of\b": "cannot decode",
    r"\bmend(s|ed|ing)?\b": "repair; correct; fix",
    r"\bits kind of\b|\bof its own kind\b": "its type",
    r"\btell it to\b": "mention it in …",
    r"\bthere and .{0,40}\bhere\b(?! and there)": "in A, … in B",
    r"\bthe watching\b": "Watch stopped",
    r"\bnothing fills? in\b": "unused",
    r"\bcontract, planned\b": "Dropout, Specified, Measured",
    r"\bbreaks nothing else\b": "meets every clause",
    r"\bthat should not happen\b": "internal error",
    r"\bis not there\b|\bare not there\b": "does not exist",
    r"\bin its way\b|\bin the way\b": "already exists",
    r"\bto be had\b|\bcome by\b|\bmade much of\b": "name the thing",
    r"\bwants? (a|an|the|to|one|text|tables?|\d)\b": "must be …",
    r"\bin words\b": "as text",
    r"\bwhat (is|was) heard\b": "what is audible; what is rendered",
}
"""Expressions that a text must not hold, and what to write instead."""


def faults(texts: list[Text]) -> list[str]:
    """A line for every banned phrase in `texts`."""
    return [
        f"{text.where}: {match[0]!r} → {instead}: …{text.text[max(0, match.start() - 60) : match.end() + 40]}…"
        for text in texts
        for expression, instead in BANNED.items()
        for match in re.finditer(expression, text.text, re.IGNORECASE)
    ]


def test_every_message_has_a_hint() -> None:
    """Of the errors that a user can cause."""
    found = [f"{message.where}: {message.text}" for message in messages() if not message.has_hint]
    assert not found, "\n".join(found)


def test_help_of_options_is_short() -> None:
    found = [f"{text.where}: {text.text}" for text in option_helps() if len(text.text) > LONGEST_HELP]
    assert not found, "\n".join(found)


def test_every_option_has_help() -> None:
    assert not [text.where for text in option_helps() if not text.text]


def test_no_text_holds_a_banned_phrase() -> None:
    found = faults(all_texts())
    assert not found, "\n".join(found)


def test_a_banned_phrase_is_found() -> None:
    texts = [
        Text("a", "there is no cue 'end', so nobody knows how long the mix is"),
        Text("b", "'x' is no size"),
        Text("c", "Make everything anew"),
        Text("d", "what was there before still is"),
        Text("e", "-48.9 LUFS there and -56.5 LUFS here"),
    ]
    assert {line[0] for line in faults(texts)} == set("abcde")
    assert not faults([Text("f", "the cue 'end' is missing; it is no longer than 5 s")])
