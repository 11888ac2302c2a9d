/// A unit as questions call it, and what GNU units calls it.
struct UnitName: Sendable, Hashable {
    enum Dimension: Sendable { case length, mass, volume, time, area, pressure, energy, power, speed, temperature }

    /// Plural, lower case.
    var name: String
    var gnu: String
    var dimension: Dimension

    /// The unit whose words stand at `start` of `tokens`, the longest such, and how many words it has.
    static func at(_ start: Int, of tokens: [Words.Token]) -> (unit: UnitName, count: Int)? {
        var name = "", found: (UnitName, Int)?
        for count in 1...longestName where start + count <= tokens.count {
            guard case .word(let word) = tokens[start + count - 1] else { break }
            name += (count > 1 ? " " : "") + word
            if let unit = byName[name] { found = (unit, count) }
        }
        return found
    }

    private static let longestName = 4
    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    static let all: [UnitName] = [
        (
            .length,
            [
                "metres": "m", "kilometres": "km", "centimetres": "cm", "millimetres": "mm", "feet": "ft", "inches": "inch",
                "yards": "yd", "miles": "mile", "furlongs": "furlong", "fathoms": "fathom", "chains": "chain", "rods": "rod",
                "leagues": "league", "nautical miles": "nauticalmile", "light years": "lightyear", "parsecs": "parsec",
                "astronomical units": "au", "angstroms": "angstrom", "microns": "micron",
            ]
        ),
        (
            .mass,
            [
                "grams": "g", "kilograms": "kg", "milligrams": "mg", "pounds": "lb", "ounces": "oz", "troy ounces": "troyounce",
                "stones": "stone", "grains": "grain", "carats": "carat", "slugs": "slug", "long tons": "longton",
                "short tons": "shortton", "tonnes": "tonne", "drams": "dram", "pennyweights": "pennyweight",
            ]
        ),
        (
            .volume,
            [
                "litres": "liter", "millilitres": "ml", "us gallons": "usgallon", "imperial gallons": "brgallon",
                "us bushels": "bu", "us pints": "uspint", "us quarts": "usquart", "us cups": "uscup",
            ]
        ),
        (
            .time,
            [
                "seconds": "s", "minutes": "min", "hours": "hour", "days": "day", "weeks": "week", "fortnights": "fortnight",
            ]
        ),
        (
            .area,
            ["acres": "acre", "hectares": "hectare", "square metres": "m^2", "square miles": "mile^2", "square feet": "ft^2"]
        ),
        (.pressure, ["pascals": "Pa", "atmospheres": "atm", "torr": "torr", "bars": "bar", "psi": "psi"]),
        (.energy, ["joules": "J", "calories": "cal", "british thermal units": "btu", "electronvolts": "eV"]),
        (.power, ["watts": "W", "horsepower": "hp"]),
        (.speed, ["knots": "knot", "metres per second": "m/s", "miles per hour": "mph", "kilometres per hour": "km/hour"]),
        // As GNU units takes a bare `degC`: a difference of temperatures.
        (.temperature, ["degrees celsius": "degC", "degrees fahrenheit": "degF", "kelvins": "K"]),
    ].flatMap { (dimension: Dimension, units: KeyValuePairs<String, String>) in
        units.map { UnitName(name: $0.key, gnu: $0.value, dimension: dimension) }
    }
}

/// A question for a quantity in another unit.
struct UnitsQuestion: Sendable, Equatable {
    /// As written: a minus, digits, a point, digits.
    var quantity: String
    var source: UnitName
    var target: UnitName

    var value: Double { Double(quantity) ?? 0 }

    /// No quantity is written with more characters.
    static let longestQuantity = 40

    /// The quantity is the first number; its unit stands behind it, or is the first that is named; the other one is the next
    /// of the same dimension. `nil` where one of the three is missing.
    init?(_ question: String) {
        let tokens = Words.tokens(of: question)
        var number: (text: String, place: Int)?, units: [(unit: UnitName, place: Int)] = [], place = 0
        while place < tokens.count {
            if case .number(let text) = tokens[place], number == nil { number = (text, place) }
            if let (unit, count) = UnitName.at(place, of: tokens) {
                units.append((unit, place))
                place += count
            } else {
                place += 1
            }
        }
        guard let number, number.text.utf8.count <= Self.longestQuantity,
            let source = (units.first { $0.place == number.place + 1 } ?? units.first)?.unit,
            let target = units.first(where: { $0.unit != source && $0.unit.dimension == source.dimension })?.unit
        else { return nil }
        quantity = number.text
        self.source = source
        self.target = target
    }
}
