"""The steps of which the programs are made: a name and Python that turns v into the next v."""

LISTS = {  # list of whole numbers to list
    "reverse": "v[::-1]", "sort": "sorted(v)", "sort_down": "sorted(v, reverse=True)", "tail": "v[1:]", "init": "v[:-1]",
    "take {k}": "v[:{k}]", "drop {k}": "v[{k}:]", "every_other": "v[::2]", "add {k}": "[x + {k} for x in v]",
    "times {k}": "[x * {k} for x in v]", "square": "[x * x for x in v]", "negate": "[-x for x in v]", "abs": "[abs(x) for x in v]",
    "evens": "[x for x in v if x % 2 == 0]", "odds": "[x for x in v if x % 2 == 1]", "positives": "[x for x in v if x > 0]",
    "above {k}": "[x for x in v if x > {k}]", "unique": "list(dict.fromkeys(v))",
    "running_sums": "[sum(v[:i + 1]) for i in range(len(v))]", "twice": "v + v",
}
NUMBERS = {  # list to a number
    "sum": "sum(v)", "max": "max(v)", "min": "min(v)", "length": "len(v)", "first": "v[0]", "last": "v[-1]",
    "count_evens": "sum(1 for x in v if x % 2 == 0)", "product": "math.prod(v)",
}
STRINGS = {  # string to string
    "reverse": "v[::-1]", "upper": "v.upper()", "lower": "v.lower()", "swapcase": "v.swapcase()",
    "no_vowels": "''.join(c for c in v if c not in 'aeiouAEIOU')", "take {k}": "v[:{k}]", "drop {k}": "v[{k}:]", "every_other": "v[::2]",
    "sort_letters": "''.join(sorted(v))", "unique_letters": "''.join(dict.fromkeys(v))", "no_spaces": "v.replace(' ', '')",
    "double_letters": "''.join(c + c for c in v)", "initials": "''.join(w[0] for w in v.split())",
    "words_reversed": "' '.join(v.split()[::-1])", "capitalise": "' '.join(w[0].upper() + w[1:] for w in v.split())",
}
COUNTS = {  # string to a number
    "length": "len(v)", "count_vowels": "sum(1 for c in v if c in 'aeiouAEIOU')", "count_words": "len(v.split())",
}

WORDS = (
    "amber river stone quiet Lamp garden Otter velvet seven cloud maple drum Paper signal honey copper tiger lemon winter apple bridge candle Delta "
    "echo forest glass harbor island jacket kernel ladder mirror north orbit pepper quartz rocket shadow timber union violet window yellow zebra"
).split()


def source(steps):
    """The program of (expression, …) as Python."""
    body = "".join(f"    v = {step}\n" for step in steps[:-1]) + f"    return {steps[-1]}\n"
    return ("import math\n\n" if any("math." in step for step in steps) else "") + f"def f(v):\n{body}"


def call(program, argument):
    """What the program gives; an error is an error of ours, so it passes."""
    space = {}
    exec(program, space)  # our own text, from the tables above
    return space["f"](argument)


def chain(random, count, kind):
    """Names and expressions of so many steps, from a list or a string."""
    through, ends = (LISTS, NUMBERS) if kind == "list" else (STRINGS, COUNTS)
    names, texts = [], []
    for place in range(count):
        last = place == count - 1
        table = ends if last and random.chance(2 if count > 1 else 1, 5) else through
        name = random.pick(list(table))
        k = random.between(2, 5)
        names.append(name.format(k=k))
        texts.append(table[name].format(k=k) if "{k}" in name else table[name])
    return names, texts


def argument(random, kind, wide):
    if kind == "list":
        count = random.between(6, 10) if wide else random.between(4, 7)
        return [random.between(-30, 60) if wide else random.between(-9, 19) for _ in range(count)]
    words = random.sample(WORDS, random.between(3, 5) if wide else random.between(1, 4))
    return " ".join(words)
