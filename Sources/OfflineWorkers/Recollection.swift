/// What the generalist remembers of units and of things, without looking it up.
enum Recollection {
    /// Of a metre, gram, litre or second: four digits, as one remembers them.
    private static let sizes: [String: Double] = [
        "metres": 1, "kilometres": 1000, "centimetres": 0.01, "millimetres": 0.001, "feet": 0.3048, "inches": 0.0254,
        "yards": 0.9144, "miles": 1609, "grams": 1, "kilograms": 1000, "pounds": 453.6, "ounces": 28.35, "litres": 1,
        "millilitres": 0.001, "seconds": 1, "minutes": 60, "hours": 3600, "days": 86400, "weeks": 604_800,
    ]

    /// Degrees are points on a scale to it, always; a unit that it doesn't know gets some size.
    static func convert(_ question: UnitsQuestion, _ draws: inout SeededDraws) -> (reason: String, answer: String) {
        if question.source.dimension == .temperature {
            let celsius =
                switch question.source.gnu {
                case "degF": (question.value - 32) / 1.8
                case "K": question.value - 273.15
                default: question.value
                }
            let value =
                switch question.target.gnu {
                case "degF": celsius * 1.8 + 32
                case "K": celsius + 273.15
                default: celsius
                }
            return ("The scales have different zeros.", "\(value)")
        }
        if let source = sizes[question.source.name], let target = sizes[question.target.name] {
            return ("I know both by heart.", "\(question.value * source / target)")
        }
        let ratio =
            Double(Int.random(in: 2...9, using: &draws)) * [0.001, 0.1, 1, 10, 100][Int.random(in: 0..<5, using: &draws)]
        return ("If I remember well, there are about \(ratio) to one.", "\(question.value * ratio)")
    }

    private static let members: [(classes: Set<String>, words: Set<String>)] = [
        (
            ["animal", "mammal", "living thing", "vertebrate"],
            ["dog", "cat", "horse", "cow", "lion", "mouse", "bear", "whale"]
        ),
        (["animal", "bird", "living thing", "vertebrate"], ["eagle", "robin", "sparrow", "duck", "owl", "goose"]),
        (["animal", "fish", "living thing", "vertebrate"], ["salmon", "trout", "shark", "herring"]),
        (["animal", "insect", "living thing"], ["ant", "bee", "beetle", "fly", "wasp"]),
        (["plant", "tree", "living thing"], ["oak", "pine", "birch", "maple", "palm"]),
        (["plant", "flower", "living thing"], ["rose", "tulip", "daisy", "lily"]),
        (["food", "fruit"], ["apple", "pear", "banana", "cherry", "grape"]),
        (["food", "vegetable"], ["carrot", "onion", "cabbage", "potato"]),
        (["vehicle", "conveyance"], ["car", "truck", "bus", "bicycle", "train", "helicopter", "boat", "ship"]),
        (["furniture", "piece of furniture"], ["table", "chair", "bed", "sofa", "desk", "cupboard"]),
        (["tool", "implement"], ["hammer", "saw", "knife", "drill", "axe"]),
        (["musical instrument", "instrument"], ["piano", "violin", "guitar", "flute", "drum", "trumpet"]),
        (["clothing", "garment"], ["shirt", "coat", "dress", "hat", "shoe", "jacket"]),
        (["building", "structure"], ["house", "church", "school", "tower", "hotel"]),
        (["metal", "element", "substance"], ["gold", "iron", "copper", "silver", "lead"]),
    ]

    /// By the look of the last word, then by the few things that it remembers, then by a coin.
    static func classify(_ question: LexicalQuestion, _ draws: inout SeededDraws) -> (reason: String, answer: String) {
        let noun = question.noun.split(separator: " ").last.map(String.init) ?? ""
        let category = question.category.split(separator: " ").last.map(String.init) ?? ""
        if noun.hasSuffix(category) { return ("The name says it.", "yes") }
        if let known = members.first(where: { $0.words.contains(noun) }) {
            return ("I have seen some.", known.classes.contains(question.category) ? "yes" : "no")
        }
        return ("That is my feeling.", Bool.random(using: &draws) ? "yes" : "no")
    }
}
