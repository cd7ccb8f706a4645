"""What trainings and models say of themselves: stored in English, shown in the language of who looks.

A training has no reader, and its log has several. So a stored line is found again among :data:`SENTENCES` when it is shown;
what is none of them (the reason that an operator gave, the message of a library) stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache

from django.utils.formats import date_format
from django.utils.translation import get_language, gettext, gettext_noop

# Every `%(...)s` stands for a name, a number, or another sentence.
SENTENCES = (
    # Steps and notes of a run.
    gettext_noop("reading orders, events and the catalogue"),
    gettext_noop("%(count)s products"),
    gettext_noop("%(count)s interactions of %(read)s rows that were read"),
    gettext_noop("%(count)s interactions with products that the catalogue does not have were left out"),
    gettext_noop("%(read)s of %(count)s days were read, the others were kept from before"),
    gettext_noop("searching for its values"),
    gettext_noop("learning what acts weigh"),
    gettext_noop("%(name)s: %(value)s, as was learnt"),
    gettext_noop("%(name)s: %(value)s, as an operator set it"),
    gettext_noop("%(name)s learns with what was found on %(date)s: %(values)s"),
    gettext_noop("%(name)s learns with its usual values: on %(date)s none were better"),
    gettext_noop("%(name)s learns with its usual values: %(why)s"),
    gettext_noop("learning from before %(date)s"),
    gettext_noop("learning from everything"),
    gettext_noop("judging by what happened since"),
    gettext_noop("keeping the models"),
    gettext_noop("comparing with the champions"),
    gettext_noop("continues training %(run)s: %(count)s steps are done"),
    gettext_noop("%(count)s questions"),
    gettext_noop("It was ended before it was done."),
    # What keeps an algorithm out.
    gettext_noop("%(name)s is left out: %(why)s"),
    gettext_noop("it ended the whole training each time it was tried (no memory, or a crash)"),
    gettext_noop("no product has a name or description: content needs words"),
    gettext_noop("nothing that was done counts for a product: send views or orders"),
    gettext_noop("nothing that was done counts for a product (only returns and removals): send views or orders"),
    gettext_noop(
        "the catalogue has %(count)s products, training needs %(needed)s: import a catalogue, or run manage.py load_demo"
    ),
    gettext_noop(
        "there are %(count)s interactions (order lines and product events), training needs %(needed)s: import orders, send events"
        " to /api/v1/events, or run manage.py load_demo"
    ),
    gettext_noop("nothing could be learned from what lies before the last %(days)s days, which judge: %(why)s"),
    gettext_noop("PyTorch is not installed (pip install -e '.[deep]')"),
    gettext_noop("shoppers have no states: %(why)s"),
    gettext_noop(
        "%(count)s known shoppers did anything in the last %(weeks)s weeks, states need %(needed)s",
    ),
    # Why a version serves, or does not.
    gettext_noop("%(version)s is pinned"),
    gettext_noop("the only algorithm that was trained"),
    gettext_noop("nothing to compare"),
    gettext_noop("%(best)s is better: %(why)s"),
    gettext_noop("%(best)s is kept back: %(why)s"),
    gettext_noop("%(base)s goes on, with newer data"),
    gettext_noop("%(metric)s %(gain)s (%(low)s to %(high)s) against %(base)s on %(count)s questions"),
    gettext_noop(
        "answers take %(taken)s ms of the processor at the 99th percentile, the limit is %(limit)s ms",
    ),
    gettext_noop("the file has %(size)s bytes, the limit is %(limit)s"),
    gettext_noop("it shows %(mine)s %% of the catalogue, %(beside)s shows %(other)s %%"),
    gettext_noop("%(version)s serves this slot already."),
    # Files that cannot be opened.
    gettext_noop("%(version)s cannot be opened: %(error)s"),
    gettext_noop("%(file)s is empty"),
    gettext_noop("%(file)s is not a file of arrays"),
    gettext_noop("%(file)s is broken: %(error)s"),
    gettext_noop("it does not answer: %(error)s"),
)
_STAMP = re.compile(r"(\d\d:\d\d:\d\d )(.*)")
# An algorithm or a slot, before what is said of it.
_OF_WHOM = re.compile(r"([\w-]+): (.*)")
_NUMBER, _PART = r"[\d.,]+", r"(?:(?!; ).)+?"
_NUMBERS = frozenset({"count", "read", "needed", "days", "run", "taken", "limit", "size", "mine", "other", "weeks"})
_NAMES = frozenset({"name", "best", "base", "version", "beside", "metric"})
_DATE, _BELOW_ZERO = re.compile(r"\d{4}-\d\d-\d\d"), re.compile(r"^-(?=\d)")
_FIELD = re.compile(r"%\((\w+)\)s")


Namer = Callable[[str], str]


def in_words(text: str, named: Namer = str) -> str:
    """Stored words in the active language, line by line.

    Args:
        named: what to call an algorithm, a version, a slot or a metric; as they are stored by default.
    """
    return "\n".join(_line(line, named) for line in text.split("\n"))


def _line(line: str, named: Namer) -> str:
    if stamped := _STAMP.fullmatch(line):
        return stamped[1] + _line(stamped[2], named)
    if (found := _sentence(line, named)) is not None:
        return found
    if "; " in line:
        return gettext("; ").join(_line(part, named) for part in line.split("; "))
    if of_whom := _OF_WHOM.fullmatch(line):
        return gettext("%(whom)s: %(what)s") % {"whom": named(of_whom[1]), "what": _line(of_whom[2], named)}
    return line


def _sentence(line: str, named: Namer) -> str | None:
    for template, pattern in _patterns():
        if found := pattern.fullmatch(line):
            values = {
                field: named(value) if field in _NAMES else _figure(_line(value, named))
                for field, value in found.groupdict().items()
            }
            return gettext(template) % values
    return None


def _figure(value: str) -> str:
    """A stored date or signed number as the language of who looks writes it; English has them as they are stored."""
    if (get_language() or "en").startswith("en"):
        return value
    if _DATE.fullmatch(value):
        return date_format(date.fromisoformat(value), "DATE_FORMAT")
    return _BELOW_ZERO.sub("\u2212", value)


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    return [(template, re.compile("".join(_pieces(template)))) for template in SENTENCES]


def _pieces(template: str) -> Iterator[str]:
    """A regular expression: the words as they are, for each field what may stand there."""
    for number, piece in enumerate(_FIELD.split(template)):
        if number % 2:
            yield f"(?P<{piece}>{_NUMBER if piece in _NUMBERS else _PART})"
        else:
            yield re.escape(piece.replace("%%", "%"))
