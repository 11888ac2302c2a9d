"""Can it be coloured with three colours? Worded as clashes; the reference is an exhaustive search."""

from .randomness import apportion
from .wordings import YES_OR_NO

KINDS = [("pairs-yes", 44), ("pairs-no", 44), ("lists-yes", 6), ("lists-no", 6)]

# Wordings by part; no template or ask stands in two of them.
TEMPLATES = {
    "train": [
        ("colouring-exams", "There are {n} exams and three time slots. These have students in common and can't share a slot: {edges}. "
         "Is there a timetable without a clash?{ask}"),
        ("colouring-towers", "{n} radio towers share three frequencies. These interfere with each other: {edges}. "
         "Can every tower get a frequency so that towers that interfere never have the same one?{ask}"),
        ("colouring-graph", "Consider the graph with {n} vertices and these edges: {edges}. "
         "Is it possible to colour the vertices with three colours so that the ends of each edge differ?{ask}"),
        ("colouring-guests", "I have three tables, each large enough for all of my {n} guests. Some must not sit at the same table: {edges}. "
         "Can I seat everybody?{ask}"),
        ("colouring-talks", "A conference has {n} talks and three time slots. Some talks share a speaker, so they must not run at once: {edges}. "
         "Is a timetable possible?{ask}"),
        ("colouring-map", "Map puzzle with {n} regions; these ones share a border: {edges}. "
         "Would three crayons be enough so that no two neighbours look alike?{ask}"),
        ("colouring-chromatic", "Graph, {n} vertices, edges as follows: {edges}. Is its chromatic number at most three?{ask}"),
        ("colouring-fish", "We keep {n} fish, and we own three tanks. The following pairs fight: {edges}. Could everyone be housed in peace?{ask}"),
        ("colouring-seating", "Help me out here, I'm seating {n} guests at three tables and some of them can't stand each other: {edges}. "
         "Will it work?{ask}"),
        ("colouring-registers", "Decide whether {n} variables fit into three registers, given that the pairs listed interfere: {edges}. "
         "Does a valid allocation exist?{ask}"),
    ],
    "validation": [
        ("colouring-masts", "There are {n} radio masts, and those close together need distinct frequencies: {edges}. "
         "Do three frequencies suffice?{ask}"),
        ("colouring-cupboards", "{n} chemicals, three cupboards. Never store together: {edges}. Can it be done?{ask}"),
        ("colouring-sessions", "Consider a set of {n} exams. Students are enrolled in both members of each of these pairs: {edges}. "
         "Can all exams be held in three sessions without a clash?{ask}"),
    ],
    "test": [
        ("colouring-chemicals", "A laboratory stores {n} chemicals in three cabinets. Within one cabinet these would react with each other: {edges}. "
         "Does a safe arrangement exist?{ask}"),
        ("colouring-fields", "A farm grows three crops on its {n} fields, one crop in each. These fields are neighbours: {edges}. "
         "Can the crops be distributed so that no two neighbours carry the same one?{ask}"),
        ("colouring-buses", "{n} children travel in three buses with plenty of seats. These would quarrel aboard the same bus: {edges}. "
         "Can all of them travel in peace?{ask}"),
    ],
}
ASKS = YES_OR_NO

WORDS = {
    "colouring-exams": "Latin Physics Biology History Music Algebra Drama Chemistry Geography French Spanish Logic Botany Economics Law "
    "Ethics Statistics Sculpture Rhetoric Optics Geology Poetry Zoology Greek German Dance",
    "colouring-guests": "Ada Ben Cleo Dan Eve Finn Gia Hugo Ida Jon Kim Lea Max Nora Otto Pia Quinn Rosa Sam Tess Udo Vera Will Xena Yann Zoe",
    "colouring-chemicals": "acetone borax bromine chlorine phenol toluene benzene ethanol methanol glycerol ammonia iodine sodium potassium "
    "sulphur phosphorus lithium permanganate hydrazine peroxide aniline formalin chloroform hexane pyridine naphtha",
    "colouring-buses": "Alma Bruno Carla Dario Elif Fritz Greta Hanna Ivan Jana Karl Lotte Milo Nils Olga Paul Ravi Sofia Tom Ulla Vito Wanda "
    "Xaver Yusuf Zara Emil",
    "colouring-map": "Norland Sudmark Westria Ostvale Highmoor Lowfen Greyshire Redhill Bluewater Stonegate Ashford Elmsea Oakham Pinecrest "
    "Riverside Lakewood Meadowby Hillcot Marshend Seabrook Dunmore Fernley",
    "colouring-fish": "guppy tetra molly oscar platy discus angelfish betta danio barb loach pleco cichlid killifish goldfish gourami rasbora "
    "swordtail wrasse goby blenny tang",
    "colouring-sessions": "Anatomy Calculus Genetics Acoustics Mechanics Semantics Topology Astronomy Ecology Sociology Russian Italian Hydraulics "
    "Metallurgy Cartography Phonetics Virology Jazz Pottery Weaving Fencing Navigation",
}
WORDS["colouring-seating"] = WORDS["colouring-guests"]
# Where the things have no names: a letter and a number.
LETTERS = {
    "colouring-towers": "T", "colouring-graph": "v", "colouring-fields": "F", "colouring-talks": "K", "colouring-chromatic": "p",
    "colouring-registers": "w", "colouring-masts": "M", "colouring-cupboards": "C",
}


def colouring(n, edges):
    """A colour for each vertex, or None: exhaustive, the most constrained vertex first (Brélaz 1979)."""
    near = [[] for _ in range(n)]
    for a, b in edges:
        near[a].append(b)
        near[b].append(a)
    colours = [-1] * n

    def place(left):
        if left == 0:
            return True
        taken = lambda v: {colours[w] for w in near[v] if colours[w] >= 0}
        v = max((v for v in range(n) if colours[v] < 0), key=lambda v: (len(taken(v)), len(near[v]), -v))
        used = max(colours)
        for colour in range(min(3, used + 2)):  # a colour that nobody has stands for all such
            if colour not in taken(v):
                colours[v] = colour
                if place(left - 1):
                    return True
        colours[v] = -1
        return False

    return list(colours) if place(n) else None


def greedy_succeeds(order, edges):
    """Whether first-come, first-served in this order finds three colours."""
    colours = [-1] * len(order)
    for v in order:
        taken = {colours[b if a == v else a] for a, b in edges if v in (a, b)}
        free = [c for c in range(3) if c not in taken]
        if not free:
            return False
        colours[v] = free[0]
    return True


def scattered(random, n, count):
    """So many edges among all pairs."""
    pairs = [(a, b) for a in range(n) for b in range(a + 1, n)]
    return sorted(random.sample(pairs, min(count, len(pairs))))


def planar(random, n, percent):
    """A map: triangles into triangles (so planar), of whose borders `percent` stay."""
    faces, edges = [(0, 1, 2)], [(0, 1), (0, 2), (1, 2)]
    for v in range(3, n):
        at = random.below(len(faces))
        a, b, c = faces[at]
        faces[at] = (a, b, v)
        faces += [(a, c, v), (b, c, v)]
        edges += [(a, v), (b, v), (c, v)]
    keep = max(3, len(edges) * percent // 100)
    order = random.shuffled(range(n))
    return sorted(tuple(sorted((order[a], order[b]))) for a, b in random.sample(edges, keep))


def graph(random, template, notation, wanted, wide):
    """n and edges with the wanted answer. A yes in pairs is mostly one that greedy colouring misses, in lists one that it finds."""
    greedy = None if wanted == "no" else (notation == "lists" if random.chance(4, 5) else None)
    sparse = greedy is True
    best = None
    for _ in range(400):
        n = random.between(20, 26 if template in WORDS else 38) if wide else random.between(6, 22)
        if notation == "lists":
            n = random.between(14, 20) if wide else random.between(7, 16)
        if template == "colouring-fields":
            n = max(n, 8)
            edges = planar(random, n, random.between(40, 60) if sparse else random.between(60, 90))
        else:
            edges = scattered(random, n, n * (random.between(110, 180) if sparse else random.between(195, 245)) // 100)
        if (colouring(n, edges) is not None) == (wanted == "yes"):
            best = n, edges
            found = sum(greedy_succeeds(random.shuffled(range(n)), edges) for _ in range(10)) if greedy is not None else 0
            if greedy is None or (found >= 6 if greedy else found <= 3):
                break
    if best is None:
        raise RuntimeError(f"no graph whose answer is {wanted}")
    return best


def worded(names, edges, notation):
    if notation == "pairs":
        return ", ".join(f"{names[a]}-{names[b]}" for a, b in edges)
    groups = []
    for a in range(len(names)):
        others = [names[y] for x, y in edges if x == a]
        if others:
            groups.append(f"{names[a]} with {', '.join(others)}")
    return "; ".join(groups)


def rows(random, split, count, seen):
    test = split == "test"
    templates = TEMPLATES[split]
    for index, kind in enumerate(random.shuffled(apportion(count, KINDS))):
        wide = test and index % 3 == 0
        name, text = templates[(index + index // 12) % len(templates)]
        notation, wanted = kind.split("-")
        for _ in range(50):
            n, edges = graph(random, name, notation, wanted, wide)
            if (n, tuple(edges)) not in seen:
                break
        else:
            raise RuntimeError("no new graph")
        seen.add((n, tuple(edges)))
        if name in WORDS:
            names = random.sample(WORDS[name].split(), n)
        else:
            letter = LETTERS[name]
            names = [f"{letter}{i + 1}" for i in range(n)]
        yield {
            "question": text.format(n=n, edges=worded(names, edges, notation), ask=random.pick(ASKS[split])),
            "target": wanted, "grader": "exact", "grader_options": {"ignore_case": True},
            "meta": {"template": name, "kind": notation, "range": "shifted" if wide else "usual"},
        }
