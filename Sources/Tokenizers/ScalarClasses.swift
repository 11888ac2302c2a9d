/// What split rules and composition ask of a character, in a table: letter, number or blank as the reference's
/// regular expressions have them (Unicode 16), and whether composition (Unicode 9) leaves it alone. Swift's own tables
/// are newer: a character that came later counts as unassigned.
struct ScalarClasses: Sendable {
    static let letter: UInt8 = 1, number: UInt8 = 2, blank: UInt8 = 4
    /// Composition may change it, or what stands before it.
    static let mayCompose: UInt8 = 8
    /// Unknown to composition: it neither changes nor is joined.
    static let isNewToComposition: UInt8 = 16
    /// Letter, number and blank; what is none of them is the rest of a split rule.
    static let kinds: UInt8 = 7

    static let shared = ScalarClasses()

    /// A byte for each character below `end`.
    private let table: [UInt8]
    // Planes from here on hold no letters, numbers, blanks, nor anything that composes.
    private static let end = 0x40000

    private init() {
        table = [UInt8](unsafeUninitializedCapacity: Self.end) { table, count in
            table.initialize(repeating: 0)
            for value in 0..<UInt32(Self.end) {
                switch value {
                // All letters since Unicode 3.1, and the most there are.
                case 0x3400...0x4db5, 0x4e00...0x9fa5, 0xac00...0xd7a3, 0x20000...0x2a6d6: table[Int(value)] = Self.letter
                case 0xe000...0xf8ff: break
                default: if let scalar = Unicode.Scalar(value) { table[Int(value)] = Self.classes(of: scalar) }
                }
            }
            count = Self.end
        }
    }

    /// The classes of a character.
    @inline(__always)
    func of(_ value: UInt32) -> UInt8 { value < UInt32(Self.end) ? table[Int(value)] : 0 }

    private static func classes(of scalar: Unicode.Scalar) -> UInt8 {
        let properties = scalar.properties
        guard let age = properties.age else { return 0 }
        var classes: UInt8 = 0
        if age.major <= 16 {
            switch properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: classes = letter
            case .decimalNumber, .letterNumber, .otherNumber: classes = number
            default: if properties.isWhitespace { classes = blank }
            }
        }
        if age.major > 9 { return classes | isNewToComposition }
        if properties.canonicalCombiningClass != .notReordered || composing.contains(where: { $0.contains(scalar.value) }) {
            classes |= mayCompose
        }
        return classes
    }

    // All that is not for certain kept by composition (NFC_Quick_Check), and some more: whole blocks where they are
    // rare. Marks with an order of their own are found by it.
    static let composing: [ClosedRange<UInt32>] = [
        0x374...0x374, 0x37e...0x37e, 0x387...0x387,  // Greek
        0x958...0x95f, 0x9be...0x9be, 0x9d7...0x9df, 0xa33...0xa36, 0xa59...0xa5e, 0xb3e...0xb3e, 0xb56...0xb5d,  // India
        0xbbe...0xbbe, 0xbd7...0xbd7, 0xcc2...0xcc2, 0xcd5...0xcd6, 0xd3e...0xd3e, 0xd57...0xd57, 0xdcf...0xdcf,
        0xddf...0xddf, 0xf43...0xfb9, 0x102e...0x102e, 0x1b35...0x1b35,  // Tibet, Burma, Bali
        0x1161...0x1175, 0x11a8...0x11c2,  // Hangul
        0x1f71...0x1ffd, 0x2000...0x2001, 0x2126...0x2126, 0x212a...0x212b, 0x2329...0x232a, 0x2adc...0x2adc,
        0xf900...0xfad9, 0xfb1d...0xfb4e,  // forms for compatibility
        0x11127...0x11127, 0x1133e...0x1133e, 0x11357...0x11357, 0x114b0...0x114bd, 0x115af...0x115af,
        0x1d15e...0x1d164, 0x1d1bb...0x1d1c0, 0x2f800...0x2fa1d,
    ]
}
