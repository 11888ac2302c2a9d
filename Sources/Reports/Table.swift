/// Rows of texts under named columns.
public struct Table: Codable, Sendable, Equatable {
    /// Where a column's texts stand. Numbers stand on the right.
    public enum Alignment: String, Codable, Sendable {
        case left, right
    }

    /// A column's heading and alignment.
    public struct Column: Codable, Sendable, Equatable {
        public var title: String
        public var alignment: Alignment

        public init(_ title: String, _ alignment: Alignment = .left) {
            self.title = title
            self.alignment = alignment
        }
    }

    public var columns: [Column]
    /// One text a column in each row; missing ones are empty, further ones are not shown.
    public var rows: [[String]]
    /// Indices of the rows that matter most.
    public var emphasised: Set<Int>

    public init(columns: [Column], rows: [[String]], emphasised: Set<Int> = []) {
        self.columns = columns
        self.rows = rows
        self.emphasised = emphasised
    }

    /// The table for a terminal: aligned columns two spaces apart; emphasised rows begin with a star.
    public func text() -> String {
        let lines = [columns.map(\.title)] + rows
        let widths = columns.indices.map { column in lines.map { displayWidth(cell(column, of: $0)) }.max() ?? 0 }
        let rule = widths.map { String(repeating: "-", count: $0) }
        var printed = [line(columns.map(\.title), widths: widths), line(rule, widths: widths)]
        for row in rows { printed.append(line(row, widths: widths)) }
        guard !emphasised.isEmpty else { return printed.joined(separator: "\n") }
        return printed.enumerated().map { index, line in
            emphasised.contains(index - 2) ? "* " + line : line.isEmpty ? "" : "  " + line
        }.joined(separator: "\n")
    }

    /// The text at `column` of a row that may be short.
    func cell(_ column: Int, of row: [String]) -> String { column < row.count ? row[column] : "" }

    private func line(_ row: [String], widths: [Int]) -> String {
        let cells = columns.indices.map { padded(cell($0, of: row), to: widths[$0], columns[$0].alignment) }
        var line = cells.joined(separator: "  ")
        while line.last == " " { line.removeLast() }
        return line
    }
}

/// The text on one line without control characters: what stands in prompts must not steer a terminal.
func plain(_ text: String) -> String {
    var scalars = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: scalars.append(" ")
        // Invisible marks that turn the direction of the text around.
        case .format: continue
        default: scalars.append(scalar)
        }
    }
    return String(scalars)
}

/// Columns of a terminal that `plain(text)` takes: East Asian wide characters and emoji take two.
func displayWidth(_ text: String) -> Int {
    plain(text).reduce(0) { width, character in
        guard let scalar = character.unicodeScalars.first else { return width }
        let isWide =
            switch scalar.value {
            case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
                0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
                true
            default: false
            }
        return width + (isWide ? 2 : 1)
    }
}

/// The text with spaces up to `width` columns.
func padded(_ text: String, to width: Int, _ alignment: Table.Alignment) -> String {
    let space = String(repeating: " ", count: max(0, width - displayWidth(text)))
    return alignment == .left ? plain(text) + space : space + plain(text)
}
