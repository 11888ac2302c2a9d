import Foundation

/// Shares from 0 to 1 of each row and column, such as how often a domain's tasks go to each worker.
public struct HeatMap: Codable, Sendable, Equatable {
    public var title: String
    public var rows: [String]
    public var columns: [String]
    /// `[rows][columns]`; missing values, and those that are no numbers, are drawn as a dash.
    public var values: [[Double]]

    public init(title: String, rows: [String], columns: [String], values: [[Double]]) {
        self.title = title
        self.rows = rows
        self.columns = columns
        self.values = values
    }

    func picture() -> Picture {
        let left = min(200, rows.map(estimatedWidth).max() ?? 0) + 12, cellHeight = 24.0
        let names = columns.map { min(200, estimatedWidth($0)) }.max() ?? 0
        let cellWidth = max(34, min(76, (660 - left) / Double(max(1, columns.count))))
        let isTurned = names > cellWidth - 6
        let top = isTurned ? 34 + names * 0.58 + 8 : 50.0
        let width = max(
            left + cellWidth * Double(columns.count) + (isTurned ? names * 0.82 - cellWidth / 2 + 8 : 4),
            min(680, estimatedWidth(title) * 1.15 + 8))
        var picture = Picture(title: title, width: width, height: top + cellHeight * Double(rows.count) + 6)
        picture.heading()
        for (column, name) in columns.enumerated() {
            let x = left + cellWidth * (Double(column) + 0.5)
            if isTurned {
                picture.text(shortened(name, to: 200), x, top - 6, turned: -35)
            } else {
                picture.text(name, x, top - 8, .middle)
            }
        }
        for (row, name) in rows.enumerated() {
            let y = top + cellHeight * Double(row)
            picture.text(shortened(name, to: 200), left - 8, y + cellHeight / 2 + 4, .end)
            for column in columns.indices {
                let value = row < values.count && column < values[row].count ? values[row][column] : .nan
                draw(value, left + cellWidth * Double(column), y, cellWidth, cellHeight, &picture)
            }
        }
        return picture
    }

    private func draw(
        _ value: Double, _ x: Double, _ y: Double, _ width: Double, _ height: Double, _ picture: inout Picture
    ) {
        let middle = (x: x + width / 2, y: y + height / 2 + 4)
        guard value.isFinite else {
            picture.text("–", middle.x, middle.y, .middle, style: "soft")
            return
        }
        let share = max(0, min(1, value))
        picture.rectangle(x + 0.75, y + 0.75, width - 1.5, height - 1.5, "fill0", opacity: 0.04 + 0.96 * share)
        // Light letters on the strong half of the colours, in the light scheme and the dark one.
        picture.text(String(format: "%.2f", value), middle.x, middle.y, .middle, style: share > 0.55 ? "paper" : "ink")
    }
}
