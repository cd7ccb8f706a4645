"""Closures and the library's own walk fill a template alike, whatever the data; what closures cannot do the library does."""

from __future__ import annotations

import quopri

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from push.content.cards import Card
from push.content.mime import encode_pieces
from push.content.templating import ContentError, Pieces, Template

TEMPLATES = [
    "plain",
    "{{ a }}-{{ a.b }}-{{ a.b.c }}",
    "{% if a %}yes{{ a }}{% elsif b %}b {{ b }}{% else %}no{% endif %}",
    "{% if a.b == 1 %}one{% endif %}{% if l.size > 1 %}many{% endif %}{{ l.size }}",
    "{% for x in l %}[{{ x }}|{{ x.n }}|{{ a }}]{% else %}none{% endfor %}{{ x }}",
    "{% for x in l %}{{ x.reason | upcase }}{% if x.reason == 1 %}one{% endif %}{{ x.name }}{% endfor %}",
    "{% for x in l %}{% for y in x.l %}{{ x.n }}{{ y }}{% if y %}+{% endif %}{% endfor %}{% endfor %}",
    "{% for a in l %}{{ a.n }}{% endfor %}{{ a }}",
    "{% for x in l %}{{ x.n | upcase }}{{ a | default: 'd' }}{% endfor %}",
    "{{ a | truncate: 4 }}{{ a | truncate: 2 }}{{ a.b | truncate: 0 }}{{ l | truncate: 9 }}",
    "{{ l | map: 'n' | join: ', ' }} {{ l.first.n }} {{ l[0].n }} {{ 'text' }} {{ 3 }}",
    "{% if a %} {% endif %}.{% for x in l %} {% endfor %}.",
    # Beyond the closures.
    "{% for x in l %}{{ forloop.index }}{% if x.n == 2 %}{% break %}{% endif %}{% endfor %}",
    "{% assign z = a %}{{ z }}{% capture w %}<{{ a }}>{% endcapture %}{{ w }}",
    "{% for x in l limit: 1 %}{{ x.n }}{% endfor %}{% for x in l reversed %}{{ x.n }}{% endfor %}",
    "{% unless a %}u{% endunless %}{% case a %}{% when 1 %}one{% else %}other{% endcase %}",
    "{% if a and b or l %}x{% endif %}{% if a contains 'x' %}y{% endif %}{% if a != nil %}z{% endif %}",
]
LEAF = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.floats(allow_nan=False, width=16), st.text(max_size=6)
)
VALUE = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(["n", "l", "b", "c", "size"]), inner, max_size=4)
    ),
    max_leaves=12,
)
DATA = st.dictionaries(st.sampled_from(["a", "b", "l", "x"]), VALUE, max_size=4)
PARSED = {
    (source, escape): Template(source, escape=escape, where="t") for source in TEMPLATES for escape in (True, False)
}


def by_library(template: Template, data) -> str | type[Exception]:
    pieces = Pieces()
    try:
        template._fill_by_library(data, pieces)
    except Exception as error:
        return type(error)
    return "".join(pieces)


@pytest.mark.parametrize("escape", [True, False])
@pytest.mark.parametrize("source", TEMPLATES)
@settings(max_examples=80, deadline=None)
@given(data=DATA)
def test_both_ways_write_the_same(source, escape, data) -> None:
    template = PARSED[source, escape]
    expected = by_library(template, data)
    if isinstance(expected, str):
        assert "".join(template.fill(data)) == expected
    else:
        with pytest.raises(ContentError):
            template.fill(data)


def test_the_library_s_templates_go_the_quick_way() -> None:
    from push.content import layouts

    for name in layouts.names():
        words = layouts.library_copy(name, "en")
        html = layouts.html_source(layouts.library_body(name, "mjml"), words)
        assert Template(html, escape=True, where="html")._quick is not None


CARDS = [
    "{% for x in l %}[{{ x.name }}|{{ x.link }}|{% if x.reason %}({{ x.reason }}){% else %}-{% endif %}|{{ x.link }}]{% endfor %}",
    "{% for x in l %}{{ x.link }}{% endfor %}{% for y in l %}{{ y.name | upcase }}{{ y.link }}{% endfor %}",
    "{% for x in l %}{{ x.link }}{{ x.name | truncate: 3 }}{% endfor %}",
    # Not of the card alone, or not of its link as it is: filled anew for each.
    "{% for x in l %}{{ a }}{{ x.name }}{{ x.link | upcase }}{% if x.link %}+{% endif %}{% endfor %}",
    "{% for x in l %}{{ x.reason | upcase }}{% if x.reason == 1 %}one{% endif %}{{ x.name }}{% endfor %}",
    "{% for x in l %}{% for y in x.l %}{{ y }}{% endfor %}{{ x }}{% endfor %}",
]
KNOWN_CARDS = {
    (source, escape): Template(source, escape=escape, where="t") for source in CARDS for escape in (True, False)
}


@pytest.mark.parametrize("escape", [True, False])
@pytest.mark.parametrize("source", CARDS)
@settings(max_examples=80, deadline=None)
@given(
    shown=st.lists(
        st.tuples(st.text(max_size=8), st.one_of(st.none(), st.text(max_size=4)), st.text(max_size=6)), max_size=5
    ),
    other=st.text(max_size=3),
)
def test_a_card_says_the_same_for_the_second_reader(source, escape, shown, other) -> None:
    """The template remembers cards of all examples before."""
    cards = []
    for name, reason, link in shown:
        card = Card(name=name, reason=reason, link=link)
        card.key = (name, reason is None)
        cards.append(card)
    template, data = KNOWN_CARDS[source, escape], {"l": cards, "a": other}
    pieces = template.fill(data)
    assert "".join(pieces) == by_library(template, data)
    encoded = quopri.decodestring(encode_pieces(pieces).replace(b"\r\n", b"\n")).decode()
    assert encoded == "".join(pieces)


LIMITS = {
    "a loop in a loop in a loop": "{% for a in l %}{% for b in l %}{% for c in l %}{{ c }}{% endfor %}{% endfor %}{% endfor %}",
    "a text that doubles": "{% assign a = 'xxxxxxxxxxxxxxxx' %}" + "{% assign a = a | append: a %}" * 40 + "{{ a }}",
    "much output": "{% for a in l %}{% for b in l %}{{ big }}{% endfor %}{% endfor %}",
    "nesting": "{% if l %}" * 40 + "x" + "{% endif %}" * 40,
}


@pytest.mark.parametrize("source", LIMITS.values(), ids=LIMITS)
def test_limits_end_a_template_that_wants_too_much(source) -> None:
    with pytest.raises(ContentError):
        Template(source, escape=True, where="body").fill({"l": list(range(30)), "big": "x" * 10_000})


@pytest.mark.parametrize(
    "source",
    ["{{ a | safe }}", "{% include 'x' %}", "{% render 'x' %}", "{% if %}", "{{ a | nosuch }}", "{% for x in %}"],
)
def test_a_mistake_is_named_with_its_line(source) -> None:
    with pytest.raises(ContentError, match=r"^body: .+"):
        Template(f"one\ntwo {source}", escape=True, where="body").fill({"a": "x"})


def test_an_object_s_attributes_are_out_of_reach() -> None:
    class Secret:
        password = "secret"

    assert "".join(Template("{{ o.password }}{{ o.__class__ }}", escape=True, where="t").fill({"o": Secret()})) == ""
