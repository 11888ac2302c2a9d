import Files
public import Foundation
public import Routing

/// Which worker solved which task, how often: read from a folder of recorded outcomes, or from the ledger of a run.
public struct Outcomes: Sendable {
    /// One part each for training, choosing and judging, as rows of the table.
    public struct Split: Sendable, Equatable {
        public var train: [Int], validation: [Int], test: [Int]
    }

    /// Where it was read: a folder, or the ledger.
    public let url: URL
    /// What the rows call themselves, else the folder's or the recipe's name.
    public let name: String
    /// One entry a task, in the order of the file.
    public let ids: [String], domains: [String], prompts: [String]
    /// Successes and samples, one row a task, one column a worker.
    public let table: OutcomeTable
    /// Splits by name.
    public let splits: [String: Split]
    /// Workers whose answers do not differ from one sample to the next.
    public let deterministicWorkers: Set<String>

    /// The split of that name, without the tasks on which no worker was tried.
    ///
    /// Throws ``InputError`` where there is no such split, or a part of it has no task left.
    public func split(named name: String) throws -> Split {
        let place = url.appendingPathComponent("splits.json").path
        guard let split = splits[name] else {
            throw InputError(place, "no split \"\(name)\"; there are \(splitNames.joined(separator: ", "))")
        }
        func tried(_ rows: [Int], _ part: String) throws -> [Int] {
            let width = table.workers.count
            let left = rows.filter { row in table.samples[row * width..<(row + 1) * width].contains { $0 > 0 } }
            guard !left.isEmpty else { throw InputError(place, "split \"\(name)\": no worker was tried on any \(part) task") }
            return left
        }
        return try Split(
            train: tried(split.train, "train"), validation: tried(split.validation, "validation"),
            test: tried(split.test, "test"))
    }

    /// The names of the splits, numbers in their order before other names.
    public var splitNames: [String] {
        splits.keys.sorted { ($0.count, $0) < ($1.count, $1) }
    }
}
