"""The best choice under a limit, with and without a side condition; the reference is a table over (count, weight)."""

from .randomness import apportion

KINDS = [("plain-short", 14), ("plain-long", 22), ("at-most", 28), ("apart", 22), ("needs", 14)]

# Wordings by part; no template, side condition or ask stands in two of them.
TEMPLATES = {
    "train": [
        ("knapsack-rucksack", "A rucksack holds at most {capacity} kg. Items: {items}.{side} What is the greatest total value that fits?{ask}"),
        ("knapsack-bakery", "I own a bakery and can spend {capacity} coins on new things. On offer: {items}.{side} "
         "What is the largest total gain?{ask}"),
        ("knapsack-van", "How much value can a van with a limit of {capacity} kg carry? The load is chosen from: {items}.{side}{ask}"),
        ("knapsack-projects", "Our budget is {capacity} million. Projects: {items}.{side} Which total gain is the best possible?{ask}"),
        ("knapsack-thief", "A thief's sack bears a weight of {capacity}. In the vault there are: {items}.{side} "
         "How much is the richest haul worth?{ask}"),
        ("knapsack-terse", "Weight limit {capacity}. Candidates: {items}.{side} Best value?{ask}"),
        ("knapsack-flight", "I'm packing for a flight and my bag may weigh no more than {capacity}. I could bring any of these: {items}.{side} "
         "What's the most value I can squeeze in?{ask}"),
        ("knapsack-subset", "Select a subset of the articles listed whose combined weight stays within {capacity}: {items}.{side} "
         "State the maximum attainable value.{ask}"),
        ("knapsack-drone", "A drone can lift {capacity} in total. Parcels waiting: {items}.{side} "
         "What is the greatest combined value of a single trip?{ask}"),
        ("knapsack-mule", "Suppose a merchant's mule cannot carry a load above {capacity}, and the market offers one piece each of: {items}.{side} "
         "What is the optimum value of the load?{ask}"),
    ],
    "validation": [
        ("knapsack-lorry", "The lorry's payload is {capacity}. Goods in the depot: {items}.{side} What worth of goods can it deliver at best?{ask}"),
        ("knapsack-packing", "Solve this packing problem with capacity {capacity} and the objects below: {items}.{side} "
         "What total value is optimal?{ask}"),
        ("knapsack-moving", "We're moving house, and the last box can take a weight of {capacity}. Still lying around: {items}.{side} "
         "How valuable can the contents of that box get?{ask}"),
    ],
    "test": [
        ("knapsack-sledge", "Our dogs can pull a sledge carrying {capacity} kg and no more. Ready for loading: {items}.{side} "
         "Which total value can the sledge bring home at best?{ask}"),
        ("knapsack-auction", "I visit an auction with {capacity} dollars in my pocket and mean to resell what I buy. Lots: {items}.{side} "
         "How large can the sum of all gains become?{ask}"),
        ("knapsack-helicopter", "A helicopter makes a single flight to a mountain hut and takes {capacity} kg at most. Waiting on the ground: "
         "{items}.{side} Report the total value of the most valuable load.{ask}"),
    ],
}
ASKS = {
    "train": [" Answer with the number only.", "", " Just the number, please.", " Reply with the bare figure.", "", " I only need the final value."],
    "validation": [" No working, only the number.", " A single number is enough.", ""],
    "test": [" State the number alone.", ""],
}
SIDES = {
    "train": {
        "at-most": [
            " Take no more than {k} items.", " You may choose {k} of them at most.", " Pick up to {k} of them.", " There is room for no more than {k} things.",
            " Handling more than {k} items is impossible.",
        ],
        "apart": [
            " The {p} and the {q} must not be taken together.", " It's either the {p} or the {q}, never both.", " The {p} does not go with the {q}.",
            " Never put the {p} next to the {q}, leave one of them out.", " Either leave out the {p} or leave out the {q}.",
        ],
        "needs": [
            " The {p} is allowed only together with the {q}.", " Without the {q} you can't have the {p}.", " Choose the {p} only when the {q} comes too.",
            " The {p} is useful only with the {q}, so never take it alone.",
        ],
    },
    "validation": {
        "at-most": [" At most {k} items may come along.", " Of these things, {k} is the maximum."],
        "apart": [" The {p} may not travel with the {q}.", " Having the {p} means not having the {q}."],
        "needs": [" Load the {p} only if the {q} is aboard.", " No {q}, no {p}: the latter is not to be taken without the former."],
    },
    "test": {
        "at-most": [" A maximum of {k} things may be selected."],
        "apart": [" The {p} and the {q} can never be combined.", " You cannot have both the {p} and the {q}."],
        "needs": [" The {p} can be selected only if the {q} is selected as well."],
    },
}
COSTS = ("knapsack-bakery", "knapsack-projects", "knapsack-auction")
NAMES = {
    "knapsack-rucksack": "tent, stove, rope, lantern, camera, blanket, compass, kettle, knife, axe, map, mirror, radio, torch, whistle, hammock, "
    "fishing rod, book, flute, boots, raincoat, water filter, tarpaulin, ice pick, sleeping bag, gas bottle, chess set, saw, "
    "binoculars, drum, pillow, harness, crampons, thermos, coffee pot, umbrella, notebook, spade, sunshade",
    "knapsack-bakery": "oven, mixer, counter, sign, awning, scale, shelf, basket, freezer, slicer, tray rack, bread peel, kneading bowl, "
    "coffee machine, window, bench, delivery bike, apron set, cash desk, proofing cabinet, sheeter, grinder, flour silo, lamp, "
    "espresso cups, cake stand, fridge, poster, website, dough divider, pastry case, stool, menu board, radio, toaster, blender, "
    "icing kit, rolling pins, ladder, sink",
    "knapsack-projects": "bridge, tunnel, school, library, harbour, clinic, museum, park, stadium, tramway, airport, reservoir, theatre, canal, "
    "market hall, solar farm, wind farm, sewer, archive, town hall, cycle path, ring road, fire station, swimming pool, laboratory, "
    "data centre, power line, dam, dike, lighthouse, ferry, nursery, planetarium, zoo, courthouse, quay, car park, greenhouse, depot, mill",
    "knapsack-auction": "vase, violin, rug, chandelier, clock, stamp album, portrait, teapot, sabre, writing desk, globe, necklace, candlestick, "
    "tapestry, bronze horse, coin box, rocking chair, first edition, map, barometer, fountain pen, silver tray, music box, gramophone, "
    "samovar, ring, snuff box, typewriter, sundial, medal, camera, mosaic, jug, screen, bracelet, toy train, bookcase, pistol, drum, quilt",
}
OTHERS = (
    "barrel, crate, anvil, carpet, piano, chest, sofa, bicycle, generator, pump, wheel, engine, ladder, table, statue, safe, lathe, boiler, "
    "mattress, printer, toolbox, antenna, battery, medicine, seed bag, rice sack, oil drum, cable reel, glass pane, tent, net, sail, mast, "
    "compass, stove, lamp, cheese wheel, wine case, coal sack, water tank"
)


def best(items, capacity, limit=None):
    """The greatest value of at most `limit` items within `capacity`."""
    count = len(items) if limit is None else limit
    table = [[0] * (capacity + 1) for _ in range((count if limit is not None else 0) + 1)]
    for _, weight, value in items:
        if limit is None:
            row = table[0]
            for room in range(capacity, weight - 1, -1):
                row[room] = max(row[room], row[room - weight] + value)
        else:
            for taken in range(limit, 0, -1):
                row, fewer = table[taken], table[taken - 1]
                for room in range(capacity, weight - 1, -1):
                    row[room] = max(row[room], fewer[room - weight] + value)
    return table[-1][capacity]


def without(items, *names):
    return [item for item in items if item[0] not in names]


def best_apart(items, capacity, p, q):
    return max(best(without(items, p), capacity), best(without(items, q), capacity))


def best_needing(items, capacity, p, q):
    """p only with q."""
    pair = [item for item in items if item[0] in (p, q)]
    left = capacity - sum(weight for _, weight, _ in pair)
    answers = [best(without(items, p), capacity)]
    if left >= 0:
        answers.append(sum(value for _, _, value in pair) + best(without(items, p, q), left))
    return max(answers)


def problem(random, kind, wide, names):
    """Items, capacity, what the side condition is about, the answer; a side condition lowers the optimum."""
    for _ in range(2000):
        if kind == "plain-long":
            n = random.between(30, 38) if wide else random.between(26, 34)
        elif kind == "plain-short":
            n = random.between(9, 12) if wide else random.between(5, 9)
        else:
            n = random.between(7, 11) if wide else random.between(6, 9)
        heavy = 90 if wide else 40
        chosen = random.sample(names, n)
        items = [(name, random.between(4, heavy), random.between(5, 2 * heavy)) for name in chosen]
        capacity = sum(weight for _, weight, _ in items) * random.between(30, 60) // 100
        free, (p, q) = best(items, capacity), random.sample(chosen, 2)
        if kind.startswith("plain"):
            return items, capacity, {}, free
        if kind == "at-most":
            k = random.between(2, max(2, n // 2))
            answer, slots = best(items, capacity, k), {"k": k}
        elif kind == "apart":
            answer, slots = best_apart(items, capacity, p, q), {"p": p, "q": q}
        else:
            answer, slots = best_needing(items, capacity, p, q), {"p": p, "q": q}
        if answer < free:
            return items, capacity, slots, answer
    raise RuntimeError(f"no side condition {kind} that matters")


def rows(random, split, count, seen):
    test = split == "test"
    templates = TEMPLATES[split]
    for index, kind in enumerate(random.shuffled(apportion(count, KINDS))):
        wide = test and index % 3 == 0
        name, text = templates[(index + index // 12) % len(templates)]
        items, capacity, slots, answer = problem(random, kind, wide, NAMES.get(name, OTHERS).split(", "))
        if (tuple(items), capacity) in seen:
            raise RuntimeError("the same load twice")
        seen.add((tuple(items), capacity))
        left, right = ("cost", "gain") if name in COSTS else ("weight", "value")
        listed = ", ".join(f"{item} ({left} {weight}, {right} {value})" for item, weight, value in items)
        side = random.pick(SIDES[split][kind]).format(**slots) if slots else ""
        ask = random.pick(ASKS[split])
        yield {
            "question": text.format(capacity=capacity, items=listed, side=side, ask=ask), "target": str(answer),
            "grader": "number", "grader_options": {"tolerance": 0},
            "meta": {"template": name, "kind": kind, "range": "shifted" if wide else "usual"},
        }
