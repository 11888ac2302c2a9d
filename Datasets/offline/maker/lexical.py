"""What is a what: yes or no, from a table by hand."""

from .lexicon import ABOVE, COMPOUNDS, DEBATABLE, LOOK_ALIKES, MEMBERS, NEAR_MISSES, NEVER_ASK, UNCOUNTED
from .randomness import apportion
from .wordings import YES_OR_NO

KINDS = [("plain", 66), ("look-alike", 15), ("compound", 19)]

# Wordings by part; no template or ask stands in two of them.
TEMPLATES = {
    "train": [
        ("lexical-is", "Is {a noun} {a class}?{ask}"), ("lexical-kind", "Would you call {a noun} a kind of {class}?{ask}"),
        ("lexical-daughter", "My daughter asks whether {a noun} is {a class}. What do I tell her?{ask}"),
        ("lexical-true", "True or not: every {noun} is {a class}.{ask}"),
        ("lexical-call", "Is it correct to call {a noun} a kind of {class}?{ask}"),
        ("lexical-quick", "Quick one: is {a noun} {a class}, would you say?{ask}"),
        ("lexical-insists", "My daughter insists that {a noun} is {a class}. Is she right?{ask}"),
        ("lexical-taxonomy", "Taxonomy check: may I call {a noun} a kind of {class}?{ask}"),
        ("lexical-decide", "Decide whether {a noun} is {a class}, going by the dictionary.{ask}"),
        ("lexical-sense", "In the ordinary sense of the words, every {noun} is {a class}. Does that hold?{ask}"),
    ],
    "validation": [
        ("lexical-dinner", "We had an argument over dinner: can {a noun} be described as {a class}?{ask}"),
        ("lexical-belong", "In a dictionary, does {noun} belong to the class {class}?{ask}"),
        ("lexical-confirm", "Please confirm or deny that {a noun} is {a class}.{ask}"),
    ],
    "test": [
        ("lexical-correct", "Is it correct to say that {a noun} is {a class}?{ask}"),
        ("lexical-cards", "While sorting picture cards I wonder whether {a noun} counts as {a class}. Does it?{ask}"),
        ("lexical-neighbour", "My neighbour insists that {a noun} is {a class}. Do you agree?{ask}"),
    ],
}
ASKS = YES_OR_NO
ANIMALS = ABOVE["animal"] + list(ABOVE)


def with_article(words):
    if words in UNCOUNTED:
        return words
    return ("an " if words[0] in "aeiouAEIO" and not words.startswith("uni") else "a ") + words


def member(random, nouns):
    """A noun and a class of the same or of another group."""
    noun, group = random.pick(nouns)
    above = [upper for upper, groups in ABOVE.items() if group in groups]
    if random.chance(1, 2):
        return noun, random.pick(above) if above and random.chance(1, 4) else group, "yes"
    others = [
        other for other in list(MEMBERS) + list(ABOVE)
        if other != group and other not in above and (group, other) not in NEVER_ASK and (noun, other) not in DEBATABLE
        and not ((group == "fruit" or group == "vegetable") and other == "plant")
    ]
    near = [other for other in others if (other in ANIMALS) == (group in ANIMALS)]
    return noun, random.pick(near if near and random.chance(2, 3) else others), "no"


def compound(random):
    modifiers, head, other = random.pick(COMPOUNDS)
    noun = f"{random.pick(modifiers.split())} {head}"
    return (noun, head, "yes") if random.chance(3, 4) else (noun, other, "no")


def rows(random, split, count, seen):
    test = split == "test"
    nouns = [(noun, group) for group, members in MEMBERS.items() for noun in members.split()]
    held_out = nouns[::4]  # stand only in test
    usual = [noun for noun in nouns if noun not in held_out]
    templates = TEMPLATES[split]
    for index, kind in enumerate(random.shuffled(apportion(count, KINDS))):
        wide = test and index % 3 == 0 and kind == "plain"
        for _ in range(2000):
            if kind == "look-alike":
                noun, group = random.pick(LOOK_ALIKES)
                answer = "no"
            elif kind == "compound":
                noun, group, answer = compound(random)
            elif not wide and random.chance(3, 10):
                noun, group, answer = random.pick(NEAR_MISSES)
            else:
                noun, group, answer = member(random, held_out if wide else usual)
            if (noun, group) not in seen:
                break
        else:
            raise RuntimeError(f"no new pair of kind {kind}")
        seen.add((noun, group))
        name, text = templates[(index + index // 12) % len(templates)]
        if "every {noun}" in text and noun in UNCOUNTED:
            name, text = templates[0]
        question = text.replace("{a noun}", with_article(noun)).replace("{a class}", with_article(group))
        question = question.replace("{noun}", noun).replace("{class}", group).replace("{ask}", random.pick(ASKS[split]))
        yield {
            "question": question[0].upper() + question[1:], "target": answer, "grader": "exact", "grader_options": {"ignore_case": True},
            "meta": {"template": name, "kind": kind, "range": "shifted" if wide else "usual"},
        }
