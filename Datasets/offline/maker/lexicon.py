"""What is a what: a table by hand of facts that nobody disputes. WordNet had no part in the answers."""

# class: its members. A noun of one group is of no other class, but for what ABOVE and ALSO say.
MEMBERS = {
    "mammal": "otter badger walrus squirrel giraffe camel moose beaver hedgehog dolphin whale kangaroo elephant leopard hyena antelope "
    "porcupine gorilla donkey weasel mole bat rabbit armadillo manatee",
    "bird": "sparrow eagle heron pelican ostrich penguin robin falcon swan woodpecker flamingo parrot owl vulture pigeon swallow crane hummingbird",
    "fish": "salmon trout herring mackerel shark tuna cod pike sturgeon halibut eel anchovy carp sardine perch",
    "reptile": "lizard crocodile tortoise cobra iguana alligator viper gecko chameleon python",
    "amphibian": "frog toad salamander newt",
    "insect": "beetle ant mosquito wasp grasshopper moth cricket termite bee ladybug cockroach flea",
    "tree": "oak birch willow spruce cedar beech poplar elm sycamore larch",
    "flower": "tulip daisy orchid marigold daffodil petunia chrysanthemum peony",
    "fruit": "apple pear cherry banana mango apricot grape lemon plum raspberry papaya",
    "vegetable": "carrot cabbage spinach broccoli turnip cauliflower celery leek",
    "tool": "hammer chisel screwdriver wrench saw  spade rake drill",
    "musical instrument": "violin trumpet clarinet guitar cello oboe harp trombone banjo bassoon flute drum accordion",
    "vehicle": "truck bicycle motorcycle ambulance bus tractor locomotive sled wagon",
    "weapon": "sword rifle dagger spear pistol crossbow bayonet musket",
    "metal": "copper iron zinc nickel aluminium tungsten titanium platinum cobalt",
    "furniture": "sofa wardrobe bookcase armchair stool desk couch cupboard",
    "garment": "shirt coat sweater skirt jacket blouse waistcoat",
    "building": "cathedral skyscraper hotel library barn palace school mosque",
    "beverage": "coffee lemonade beer wine cider cocoa",
    "disease": "measles malaria cholera influenza tuberculosis pneumonia leprosy",
    "sport": "tennis hockey rugby judo football badminton volleyball",
    "gemstone": "diamond ruby emerald sapphire topaz opal",
    "language": "Swedish Portuguese Hungarian Swahili Korean Icelandic",
}
# class: also true of every member of these.
ABOVE = {
    "animal": ["mammal", "bird", "fish", "reptile", "amphibian", "insect"],
    "vertebrate": ["mammal", "bird", "fish", "reptile", "amphibian"],
    "plant": ["tree", "flower"],
}
# Classes that are asked of other groups only with care, since a member may be of both, or people dispute it.
NEVER_ASK = {
    ("fruit", "vegetable"), ("vegetable", "fruit"), ("tree", "fruit"), ("fruit", "tree"), ("flower", "tree"), ("tree", "flower"),
    ("vehicle", "tool"), ("musical instrument", "tool"), ("furniture", "tool"), ("gemstone", "tool"), ("metal", "tool"), ("building", "plant"),
    ("weapon", "metal"), ("tool", "metal"), ("vehicle", "weapon"), ("vegetable", "plant"), ("fruit", "plant"), ("vegetable", "flower"), ("flower", "vegetable"), ("fruit", "flower"), ("tool", "weapon"),
    ("weapon", "tool"), ("beverage", "fruit"), ("metal", "gemstone"), ("tree", "furniture"), ("tree", "vegetable"),
}
# Words whose other sense would make the answer debatable: never asked of these classes.
DEBATABLE = {
    ("drum", "fish"), ("drum", "animal"), ("drum", "vertebrate"), ("screwdriver", "beverage"), ("grasshopper", "beverage"), ("tuna", "plant"),
    ("coffee", "tree"), ("coffee", "plant"), ("copper", "insect"), ("copper", "animal"), ("stool", "tool"), ("school", "fish"), ("bat", "sport"),
    ("bat", "tool"), ("bat", "weapon"), ("mole", "tool"), ("crane", "tool"), ("crane", "vehicle"), ("crane", "building"), ("python", "language"),
    ("cricket", "sport"), ("pike", "weapon"), ("perch", "furniture"), ("drill", "mammal"), ("drill", "animal"), ("drill", "vertebrate"),
    ("saw", "weapon"), ("spade", "weapon"), ("hammer", "weapon"), ("beetle", "vehicle"), ("plum", "gemstone"), ("cherry", "tree"), ("apple", "tree"),
    ("platinum", "gemstone"), ("iron", "tool"), ("library", "furniture"), ("sled", "tool"), ("tractor", "tool"), ("flea", "disease"),
    ("swallow", "beverage"), ("cocoa", "plant"), ("drum", "tool"), ("harp", "tool"), ("football", "tool"), ("rugby", "garment"),
    ("opal", "metal"), ("tree", "metal"), ("orchid", "tree"), ("robin", "vehicle"), ("sofa", "vehicle"), ("bus", "building"), ("shark", "tool"),
    ("cobra", "vehicle"), ("viper", "vehicle"), ("falcon", "vehicle"), ("moth", "vehicle"), ("saw", "musical instrument"), ("accordion", "furniture"),
}
# Pairs that sound right and aren't, or sound wrong and are.
NEAR_MISSES = [
    ("bat", "bird", "no"), ("whale", "fish", "no"), ("dolphin", "fish", "no"), ("penguin", "mammal", "no"), ("spider", "insect", "no"),
    ("turtle", "amphibian", "no"), ("frog", "reptile", "no"), ("salamander", "reptile", "no"), ("newt", "lizard", "no"), ("eel", "snake", "no"),
    ("seal", "fish", "no"), ("ostrich", "mammal", "no"), ("koala", "bear", "no"), ("hyena", "dog", "no"), ("scorpion", "insect", "no"),
    ("octopus", "fish", "no"), ("squid", "fish", "no"), ("lobster", "fish", "no"), ("shrimp", "insect", "no"), 
    ("platypus", "mammal", "yes"), ("platypus", "bird", "no"), ("seahorse", "fish", "yes"), ("ladybug", "beetle", "yes"),
    ("porpoise", "mammal", "yes"), ("manatee", "fish", "no"), ("walrus", "fish", "no"), ("snail", "insect", "no"), 
    ("cello", "wind instrument", "no"), ("trumpet", "stringed instrument", "no"), ("saxophone", "wind instrument", "yes"), ("violin", "stringed instrument", "yes"),
    ("flute", "stringed instrument", "no"), ("diamond", "metal", "no"), ("mercury", "metal", "yes"),
    ("poodle", "dog", "yes"), ("dachshund", "dog", "yes"), ("terrier", "cat", "no"), ("colt", "horse", "yes"), ("mare", "horse", "yes"),
    ("ewe", "sheep", "yes"), ("cygnet", "swan", "yes"), ("drake", "duck", "yes"), ("gander", "goose", "yes"),
    ("ram", "goat", "no"), ("canoe", "boat", "yes"), ("dinghy", "boat", "yes"), ("kayak", "boat", "yes"), ("sonnet", "poem", "yes"), ("limerick", "poem", "yes"),
    ("waltz", "dance", "yes"), ("tango", "dance", "yes"), ("novel", "poem", "no"), ("granite", "rock", "yes"), ("basalt", "rock", "yes"),
    ("hexagon", "polygon", "yes"), ("circle", "polygon", "no"), ("cube", "polygon", "no"), ("triangle", "polygon", "yes"), ("cheddar", "cheese", "yes"),
    ("butter", "cheese", "no"), ("surgeon", "doctor", "yes"), ("pharmacist", "surgeon", "no"), ("oxygen", "gas", "yes"), ("helium", "metal", "no"),
    ("silver", "metal", "yes"), ("aspirin", "medicine", "yes"), ("femur", "bone", "yes"), ("tibia", "bone", "yes"), ("liver", "bone", "no"),
    ("kidney", "organ", "yes"), ("biceps", "muscle", "yes"), ("femur", "muscle", "no"), ("sedan", "car", "yes"), ("glider", "aircraft", "yes"),
    ("helicopter", "aircraft", "yes"), ("submarine", "aircraft", "no"), ("sandal", "shoe", "yes"), ("glove", "shoe", "no"),
]

# The noun ends with the letters of the class, and isn't one.
LOOK_ALIKES = [
    ("jellyfish", "fish"), ("starfish", "fish"), ("seahorse", "horse"), ("butterfly", "fly"), ("dragonfly", "fly"), ("firefly", "fly"),
    ("cuttlefish", "fish"), ("crayfish", "fish"), ("groundhog", "hog"), ("hedgehog", "hog"), ("sea lion", "lion"), ("guinea pig", "pig"),
    ("prairie dog", "dog"), ("pineapple", "apple"), ("nightmare", "mare"), ("mushroom", "room"), ("flying fox", "fox"),
    ("polecat", "cat"), ("wombat", "bat"), ("acrobat", "bat"), ("copycat", "cat"), ("carpet", "pet"), ("trumpet", "pet"),
    ("puppet", "pet"), ("spear", "pear"), ("grape", "ape"), ("landscape", "ape"), ("beagle", "eagle"), ("elephant", "ant"),
    ("merchant", "ant"), ("pheasant", "ant"), ("croissant", "ant"), ("bowl", "owl"), ("fowl", "owl"), ("scarecrow", "crow"),
    ("shoe", "hoe"), ("flute", "lute"), ("titmouse", "mouse"), ("limpet", "pet"), ("tadpole", "pole"), ("ladybird", "bird"),
    ("glowworm", "worm"), ("cartridge", "ridge"), ("partridge", "ridge"),
]

# Two words that WordNet doesn't list together: modifiers, what it is, what it isn't.
COMPOUNDS = [
    ("airport farm station museum", "bench", "lamp"), ("rescue police hospital army", "helicopter", "ship"),
    ("village harbour roadside mountain", "restaurant", "vehicle"), ("school hiking winter carnival", "shoe", "sock"),
    ("school office summer village", "party", "song"), ("cellar attic balcony stable", "door", "stair"),
    ("oak library harbour travel", "desk", "tree"), ("circus forest mountain village", "elephant", "horse"),
    ("orchestra student concert school", "violin", "drum"), ("village neighbourhood shelter farm", "cat", "dog"),
    ("plumber's mason's uncle's roofer's", "hammer", "nail"), ("island harbour suburb village", "hotel", "boat"),
    ("rental racing children's postman's", "bicycle", "car"), ("kitchen camping souvenir cafeteria", "spoon", "plate"),
    ("orchard supermarket breakfast winter", "pear", "potato"), ("antique bedroom hallway sailor's", "mirror", "window"),
    ("copper travel campfire office", "kettle", "spoon"), ("museum kitchen grandmother's station", "clock", "calendar"),
    ("wool ski children's birthday", "sweater", "glove"), ("village coastal military island", "airport", "harbour"),
    ("village school church rehearsal", "piano", "guitar"), ("mountain forest island city", "river", "lake"),
]
# Taken without an article.
UNCOUNTED = set(
    "copper iron zinc nickel aluminium tungsten titanium platinum cobalt mercury silver oxygen helium spinach broccoli celery coffee lemonade beer "
    "wine cider cocoa measles malaria cholera influenza tuberculosis pneumonia leprosy tennis hockey rugby judo football badminton volleyball Swedish "
    "Portuguese Hungarian Swahili Korean Icelandic cheddar butter aspirin granite basalt furniture".split()
)
