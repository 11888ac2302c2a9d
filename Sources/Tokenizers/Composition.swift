import Foundation

/// Canonical composition (NFC) of UTF-8, by Unicode 9 as the reference has it. Text that is composed already is only
/// looked at; of other text, only the places where a character may change are written anew. Done here, because the
/// standard library's needs quadratic time for many marks in a row, and leaves "가" and U+11A8 apart.
struct Composition: Sendable {
    private static let shared = Composition()

    /// Appends the composed form of `text`, and returns true; false, and appends nothing, where it is `text` itself for
    /// certain.
    static func compose(_ text: UnsafeBufferPointer<UInt8>, into output: inout [UInt8]) -> Bool {
        let classes = ScalarClasses.shared
        // Where the last character began that starts anew, and how far the text has been written.
        var start = 0, written = 0, at = 0, hasChanged = false
        while at < text.count {
            if text[at] < 0x80 {
                start = at
                at += 1
                continue
            }
            let (scalar, end) = text.scalar(at: at), kind = classes.of(scalar.value)
            if kind & ScalarClasses.mayCompose == 0 {
                // No older character joins one that is new to the reference.
                start = kind & ScalarClasses.isNewToComposition == 0 ? at : end
                at = end
                continue
            }
            at = end
            while at < text.count, case let (next, end) = text.scalar(at: at),
                classes.of(next.value) & ScalarClasses.mayCompose != 0
            { at = end }
            if !hasChanged { output.reserveCapacity(output.count + text.count) }
            hasChanged = true
            output.append(contentsOf: text[written..<start])
            shared.compose(segment: UnsafeBufferPointer(rebasing: text[start..<at]), into: &output)
            written = at
            start = at
        }
        if hasChanged { output.append(contentsOf: text[written...]) }
        return hasChanged
    }

    /// What a character falls apart into, of those that do and are no Hangul syllables.
    private let decompositions: [UInt32: [UInt32]]
    /// The character that two neighbours become, by the first above the second.
    private let composites: [UInt64: UInt32]

    // Where characters stand that marks and bases make, by Unicode 9; what falls apart for good is in `composing`.
    private static let composed: [ClosedRange<UInt32>] = [
        0xc0...0x6d3, 0x929...0xdde, 0x1026...0x1026, 0x1b06...0x1b43, 0x1e00...0x1fff, 0x219a...0x22ed, 0x304c...0x30fe,
        0x1109a...0x115bb,
    ]

    private init() {
        var decompositions: [UInt32: [UInt32]] = [:], pairs: [(whole: UInt32, parts: [UInt32])] = []
        for value in (Self.composed + ScalarClasses.composing).joined() {
            guard let scalar = Unicode.Scalar(value), let age = scalar.properties.age, age.major <= 9 else { continue }
            let text = String(Character(scalar)), parts = text.decomposedStringWithCanonicalMapping.unicodeScalars.map(\.value)
            guard parts != [value] else { continue }
            decompositions[value] = parts
            if parts.count > 1, text.precomposedStringWithCanonicalMapping.unicodeScalars.first == scalar {
                pairs.append((value, parts))
            }
        }
        // The parts before the last make a character too, of fewer parts.
        var composites: [UInt64: UInt32] = [:], wholes: [[UInt32]: UInt32] = [:]
        for (whole, parts) in pairs.sorted(by: { $0.parts.count < $1.parts.count }) {
            wholes[parts] = whole
            let first = parts.count == 2 ? parts[0] : wholes[Array(parts.dropLast())]
            if let first { composites[Self.pair(first, parts[parts.count - 1])] = whole }
        }
        (self.decompositions, self.composites) = (decompositions, composites)
    }

    private static func pair(_ first: UInt32, _ second: UInt32) -> UInt64 { UInt64(first) << 32 | UInt64(second) }

    // Hangul syllables are computed (Unicode, 3.12): leading consonants, vowels, trailing consonants.
    private static let syllables: UInt32 = 0xac00, leading: UInt32 = 0x1100, vowels: UInt32 = 0x1161, trailing: UInt32 = 0x11a7
    private static let leadingCount: UInt32 = 19, vowelCount: UInt32 = 21, trailingCount: UInt32 = 28

    /// Characters that fall apart, come into order by their classes, and are joined again.
    private func compose(segment: UnsafeBufferPointer<UInt8>, into output: inout [UInt8]) {
        var parts: [UInt32] = [], at = 0
        while at < segment.count {
            let (scalar, end) = segment.scalar(at: at)
            decompose(scalar.value, into: &parts)
            at = end
        }
        // A class beside each character: 0 begins anew, marks are sorted between, equal ones stay as they came.
        let classes = parts.map(Self.combiningClass)
        var order = Array(parts.indices), first = 0
        while first < parts.count {
            var end = first
            while end < parts.count, classes[end] != 0 { end += 1 }
            if end - first > 1 { order[first..<end].sort { (classes[$0], $0) < (classes[$1], $1) } }
            first = end + 1
        }
        var joined: [UInt32] = [], starter: Int?, last: UInt8 = 0
        for index in order {
            let part = parts[index], own = classes[index]
            if let starter, last < own || last == 0, let whole = composite(joined[starter], part) {
                joined[starter] = whole
                continue
            }
            if own == 0 { starter = joined.count }
            last = own
            joined.append(part)
        }
        for value in joined { if let scalar = Unicode.Scalar(value) { output.append(contentsOf: scalar.utf8) } }
    }

    private static func combiningClass(_ value: UInt32) -> UInt8 {
        guard ScalarClasses.shared.of(value) & ScalarClasses.mayCompose != 0, let scalar = Unicode.Scalar(value) else {
            return 0
        }
        return scalar.properties.canonicalCombiningClass.rawValue
    }

    private func decompose(_ value: UInt32, into parts: inout [UInt32]) {
        let syllable = value &- Self.syllables, perLeading = Self.vowelCount * Self.trailingCount
        if syllable < Self.leadingCount * perLeading {
            parts.append(Self.leading + syllable / perLeading)
            parts.append(Self.vowels + syllable % perLeading / Self.trailingCount)
            if syllable % Self.trailingCount != 0 { parts.append(Self.trailing + syllable % Self.trailingCount) }
        } else if let found = decompositions[value] {
            parts.append(contentsOf: found)
        } else {
            parts.append(value)
        }
    }

    private func composite(_ first: UInt32, _ second: UInt32) -> UInt32? {
        if first &- Self.leading < Self.leadingCount, second &- Self.vowels < Self.vowelCount {
            return Self.syllables + ((first - Self.leading) * Self.vowelCount + (second - Self.vowels)) * Self.trailingCount
        }
        let syllable = first &- Self.syllables
        if syllable < Self.leadingCount * Self.vowelCount * Self.trailingCount, syllable % Self.trailingCount == 0,
            (1..<Self.trailingCount).contains(second &- Self.trailing)
        {
            return first + (second - Self.trailing)
        }
        return composites[Self.pair(first, second)]
    }
}
