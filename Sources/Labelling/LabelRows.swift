import Chat
import Files
import Ledger

/// The label matrix as text: `baton labels`.
public struct LabelRows: Sendable {
    static let columns = [
        "task", "worker", "repeat", "status", "score", "attempts", "prompt_tokens", "completion_tokens", "cost", "latency",
        "revision",
    ]

    private let matrix: LabelMatrix
    private let rows: [LabelMatrix.Row]

    /// The rows that `filter` lets through: `column=value` or `column!=value`, several with spaces between, all of which
    /// must hold.
    ///
    /// Throws ``Files/InputError`` where the filter can't be read.
    public init(_ matrix: LabelMatrix, filter: String? = nil) throws {
        let terms = try (filter ?? "").split(separator: " ").map { try Term($0) }
        self.matrix = matrix
        rows =
            terms.isEmpty
            ? matrix.rows
            : matrix.rows.filter { row in
                let object = Self.object(row)
                return terms.allSatisfy { $0.holds(for: object) }
            }
    }

    private struct Term {
        var column: String, value: String
        var isEqual: Bool

        init(_ text: Substring) throws {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else {
                throw InputError(
                    "--where", "expected column=value, got \"\(text)\"; columns are \(columns.joined(separator: ", "))")
            }
            isEqual = !parts[0].hasSuffix("!")
            column = String(isEqual ? parts[0] : parts[0].dropLast())
            value = String(parts[1])
            guard columns.contains(column) else {
                throw InputError("--where", "no column \"\(column)\"; there are \(columns.joined(separator: ", "))")
            }
        }

        func holds(for row: JSONObject) -> Bool {
            let found = row[column].map(LabelRows.text) ?? ""
            let isSame = found == value || (Double(found).map { $0 == Double(value) } ?? false)
            return isSame == isEqual
        }
    }

    private static func object(_ row: LabelMatrix.Row) -> JSONObject {
        let call = row.call
        return [
            "task": .string(row.task), "worker": .string(row.worker), "repeat": JSON(row.cell.repeatIndex),
            "status": .string(row.status.rawValue), "score": row.score.map(JSON.init(_:)) ?? .null,
            "attempts": JSON(call?.attempts ?? 0), "prompt_tokens": call?.usage.map { JSON($0.promptTokens) } ?? .null,
            "completion_tokens": call?.usage.map { JSON($0.completionTokens) } ?? .null,
            "cost": call.map { .number($0.cost.description) } ?? .null,
            "latency": call?.latency.map { JSON($0 / .seconds(1)) } ?? .null,
            "revision": call?.revision.map { .string($0) } ?? .null,
        ]
    }

    private static func text(_ value: JSON) -> String {
        switch value {
        case .null: ""
        case .string(let text): text
        default: value.text
        }
    }

    /// One JSON object a row.
    public var jsonLines: [String] { rows.map { JSON.object(Self.object($0)).text } }

    /// A header, and one line a row; texts with commas, quotes or line feeds stand in quotes.
    public var csv: [String] {
        func cell(_ text: String) -> String {
            guard text.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return text }
            return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
        }
        return [Self.columns.joined(separator: ",")]
            + rows.map { row in
                let object = Self.object(row)
                return Self.columns.map { cell(Self.text(object[$0] ?? .null)) }.joined(separator: ",")
            }
    }

    /// Counts by worker, and what is still to come.
    public var table: [String] {
        let statuses = LabelMatrix.Status.allCases
        var byWorker: [String: [LabelMatrix.Row]] = [:], order: [String] = []
        for row in rows {
            if byWorker[row.worker] == nil { order.append(row.worker) }
            byWorker[row.worker, default: []].append(row)
        }
        var lines = [["worker", "cells", "score"] + statuses.map(\.rawValue)]
        for worker in order {
            let own = byWorker[worker] ?? [], heard = own.filter(\.status.isHeard).count
            let percent = heard > 0 ? (own.reduce(0) { $0 + ($1.score ?? 0) } / Double(heard) * 1000).rounded() / 10 : 0
            lines.append(
                [worker, "\(own.count)", heard > 0 ? "\(percent) %" : ""]
                    + statuses.map { status in
                        let count = own.filter { $0.status == status }.count
                        return count == 0 ? "·" : "\(count)"
                    })
        }
        let widths = lines[0].indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        let text = lines.map { line in
            zip(line, widths).enumerated().map { index, cell in
                let padding = String(repeating: " ", count: cell.1 - cell.0.count)
                return index == 0 ? cell.0 + padding : padding + cell.0
            }.joined(separator: "  ")
        }
        let spending = matrix.spending
        return text + ["\(matrix.rows.count) cells, \(matrix.pending.count) to come; \(spending.spent) spent"]
    }
}
