"""Claim: a sentence or a number of a final answer, to ask the memory about."""

import random
import re
from collections.abc import Iterator, Sequence
from typing import Final

from commonplace.limits import MAX_SOUGHT_BYTES
from commonplace.study.conversation import Conversation

FINAL_MESSAGES: Final = 3
"""The last messages of a conversation, which together are its answer."""
MAX_CLAIMS: Final = 60
"""Claims of one conversation that are asked about; more are sampled."""

_SENTENCE_END: Final = re.compile(r"(?<=[.!?:])\s+")
_NUMBER: Final = re.compile(r"\d+(?:[.,:/-]\d+)*")


def sentences(text: str) -> Iterator[str]:
    """The sentences of a text, none of them over the end of a line."""
    for line in text.splitlines():
        yield from (each.strip() for each in _SENTENCE_END.split(line) if each.strip())


def numbers(text: str) -> Iterator[str]:
    """The numbers, dates and times of a text."""
    yield from _NUMBER.findall(text)


def claims(conversation: Conversation, seed: int) -> Sequence[str]:
    """What the final answer says: its messages, sentences and numbers, each once.

    At most `MAX_CLAIMS`, chosen by the seed and the conversation's name alone, in order.
    """
    found: dict[str, None] = {}
    for message in conversation.messages[-FINAL_MESSAGES:]:
        text = message.text.strip("\n")
        found |= dict.fromkeys((text, *sentences(text), *numbers(text)))
    told = [each for each in found if each.strip() and len(each.encode()) <= MAX_SOUGHT_BYTES]
    if len(told) <= MAX_CLAIMS:
        return told
    chosen = random.Random(f"{seed}:{conversation.name}").sample(range(len(told)), MAX_CLAIMS)
    return [told[n] for n in sorted(chosen)]
