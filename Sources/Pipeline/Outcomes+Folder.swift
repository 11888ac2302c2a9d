import Files
public import Foundation
import Routing

extension Outcomes {
    /// Reads and checks the folder. Throws ``InputError`` naming the file and the line of the first thing that is wrong.
    public init(reading folder: URL) throws {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder) else {
            throw InputError(folder.path, "no such folder; give one with tasks.jsonl, workers.csv and splits.json")
        }
        guard isFolder.boolValue else {
            throw InputError(folder.path, "is a file; give a folder with tasks.jsonl, workers.csv and splits.json")
        }
        let workers = try WorkerList(reading: folder.appendingPathComponent("workers.csv"))
        let rows = try TaskRows(reading: folder.appendingPathComponent("tasks.jsonl"), workers: workers.names)
        url = folder
        ids = rows.ids
        domains = rows.domains
        prompts = rows.prompts
        name = rows.dataset ?? folder.standardizedFileURL.lastPathComponent
        table = OutcomeTable(workers: workers.names, successes: rows.successes, samples: rows.samples)
        deterministicWorkers = workers.deterministic
        splits = try Self.readSplits(folder.appendingPathComponent("splits.json"), ids: rows.ids)
    }

    private static func readSplits(_ file: URL, ids: [String]) throws -> [String: Split] {
        let rows = Dictionary(uniqueKeysWithValues: zip(ids, ids.indices))
        let named: [String: [String: [String]]]
        do {
            named = try JSONDecoder().decode([String: [String: [String]]].self, from: readFile(file))
        } catch let error as DecodingError {
            throw InputError(
                file.path, "\(error.oneLine); expected {\"0\": {\"train\": [ids], \"validation\": [ids], \"test\": [ids]}, …}")
        }
        guard !named.isEmpty else { throw InputError(file.path, "holds no split") }
        let ordered = named.sorted { $0.key < $1.key }
        return try Dictionary(
            uniqueKeysWithValues: ordered.map { ($0.key, try split($0.value, name: $0.key, rows: rows, file: file)) })
    }

    private static func split(
        _ parts: [String: [String]], name: String, rows: [String: Int], file: URL
    ) throws -> Split {
        let place = "\(file.path): split \"\(name)\""
        if let unknown = parts.keys.sorted().first(where: { !["train", "validation", "test"].contains($0) }) {
            throw InputError(place, "unknown part \"\(unknown)\"; the parts are train, validation and test")
        }
        var part: [String: String] = [:]
        func indices(_ wanted: String) throws -> [Int] {
            guard let ids = parts[wanted], !ids.isEmpty else { throw InputError(place, "has no tasks in \(wanted)") }
            return try ids.map { id in
                guard let row = rows[id] else {
                    throw InputError(place, "id \"\(id)\" in \(wanted) is not in tasks.jsonl")
                }
                if let other = part.updateValue(wanted, forKey: id) {
                    throw InputError(
                        place,
                        other == wanted
                            ? "id \"\(id)\" stands twice in \(wanted)" : "id \"\(id)\" is in \(other) and in \(wanted)")
                }
                return row
            }
        }
        return try Split(train: indices("train"), validation: indices("validation"), test: indices("test"))
    }
}

/// The rows of `tasks.jsonl`.
private struct TaskRows {
    /// Nobody repeats a task more often; a larger number is a slip, and would keep the cross-fitted oracle busy for hours.
    private static let mostSamples = 10_000

    var ids: [String] = [], domains: [String] = [], prompts: [String] = []
    var dataset: String?
    /// `[tasks × workers]`.
    var successes: [Double] = [], samples: [Int] = []

    private struct Row: Decodable {
        var id: String
        var dataset: String?
        var domain: String?
        var prompt: String
        var outcomes: [String: [Double]]
    }

    init(reading file: URL, workers: [String]) throws {
        let columns = Dictionary(uniqueKeysWithValues: zip(workers, workers.indices))
        var lines: [String: Int] = [:]
        let decoder = JSONDecoder()
        try JSONLines.forEach(in: file) { line, number in
            let place = "\(file.path):\(number)"
            let row: Row
            do { row = try decoder.decode(Row.self, from: line) } catch let error as DecodingError {
                throw InputError(
                    place,
                    "\(error.oneLine); expected {\"id\", \"domain\", \"prompt\", \"outcomes\": {WORKER: [successes, samples]}}")
            }
            if let first = lines.updateValue(number, forKey: row.id) {
                throw InputError(place, "duplicate id \"\(row.id)\", first on line \(first)")
            }
            guard !row.id.isEmpty, !row.id.utf8.contains(0) else {
                throw InputError(place, "an id must not be empty or hold a zero byte")
            }
            ids.append(row.id)
            domains.append(row.domain ?? "")
            prompts.append(row.prompt)
            if dataset == nil { dataset = row.dataset }
            try append(row.outcomes, columns: columns, place: place)
        }
        guard !ids.isEmpty else { throw InputError(file.path, "holds no task") }
    }

    private mutating func append(_ outcomes: [String: [Double]], columns: [String: Int], place: String) throws {
        let first = samples.count
        successes.append(contentsOf: repeatElement(0, count: columns.count))
        samples.append(contentsOf: repeatElement(0, count: columns.count))
        for (worker, cell) in outcomes.sorted(by: { $0.key < $1.key }) {
            guard let column = columns[worker] else {
                throw InputError(
                    place, "unknown worker \"\(worker)\"; workers.csv has \(columns.keys.sorted().joined(separator: ", "))")
            }
            guard cell.count == 2, let count = Int(exactly: cell[1]), (0...Self.mostSamples).contains(count) else {
                throw InputError(
                    place,
                    "worker \"\(worker)\": expected [successes, samples] with a whole number of samples up to \(Self.mostSamples)"
                )
            }
            guard cell[0] >= 0, cell[0] <= cell[1] else {
                throw InputError(
                    place,
                    "worker \"\(worker)\": \(cell[0].short) successes of \(count) samples; they must lie between 0 and \(count)"
                )
            }
            successes[first + column] = cell[0]
            samples[first + column] = count
        }
    }
}

/// The rows of `workers.csv`.
private struct WorkerList {
    var names: [String] = []
    var deterministic: Set<String> = []

    init(reading file: URL) throws {
        guard let text = String(bytes: try readFile(file), encoding: .utf8) else {
            throw InputError(file.path, "is not UTF-8 text")
        }
        let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        let header = fields(lines.first.map(String.init) ?? "")
        guard let nameColumn = header.firstIndex(of: "worker") else {
            throw InputError("\(file.path):1", "no column \"worker\" in the header; expected worker,input_price,output_price,…")
        }
        let deterministicColumn = header.firstIndex(of: "deterministic")
        for (index, line) in lines.enumerated().dropFirst() where !line.allSatisfy(\.isWhitespace) {
            let place = "\(file.path):\(index + 1)"
            let cells = fields(String(line))
            guard cells.count == header.count else {
                throw InputError(place, "\(cells.count) cells under a header of \(header.count)")
            }
            let name = cells[nameColumn]
            guard !name.isEmpty, !name.utf8.contains(0) else { throw InputError(place, "the worker has no name") }
            guard !names.contains(name) else { throw InputError(place, "duplicate worker \"\(name)\"") }
            names.append(name)
            if let column = deterministicColumn, ["true", "1", "yes"].contains(cells[column].lowercased()) {
                deterministic.insert(name)
            }
        }
        guard !names.isEmpty else { throw InputError(file.path, "names no worker") }
    }

    /// The cells of one line; a cell in double quotes may hold commas, and two quotes stand for one.
    private func fields(_ line: String) -> [String] {
        var fields: [String] = [], current = "", quoted = false, previous: Character = ","
        for character in line {
            switch character {
            case "\"":
                if !quoted && previous == "\"" { current.append("\"") }
                quoted.toggle()
            case "," where !quoted:
                fields.append(current.trimmingCharacters(in: .whitespaces))
                current = ""
            default: current.append(character)
            }
            previous = character
        }
        return fields + [current.trimmingCharacters(in: .whitespaces)]
    }
}
