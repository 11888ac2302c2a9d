import Foundation
import HDF5

extension BadInput {
    private static let run = Workshop.run
    private static let newest = "\(run)/checkpoints/gen-000004.h5", sft = "\(run)/checkpoints/sft.h5"

    /// A case of a finished run whose newest checkpoint is spoiled, and which is to be longer.
    private static func checkpoint(
        _ name: String, says words: String..., spoil: @escaping @Sendable (Workshop) throws -> Void
    ) -> BadInput {
        var bad = BadInput(
            "checkpoint: \(name)", by: ["evolve", run, "--generations", "6", "--quiet"], from: .finishedRun, spoil)
        bad.words = ["gen-000004.h5"] + words
        return bad
    }

    /// A case of a search that stands at generation 5 of 9, and whose recipe changes.
    private static func halfFinished(
        _ name: String, says words: String..., by command: String...,
        spoil: @escaping @Sendable (Workshop) throws -> Void = { _ in }
    ) -> BadInput {
        var bad = BadInput("half finished: \(name)", by: command + ["--quiet"], from: .finishedRun) { workshop in
            let ending = try workshop.baton(
                "evolve", run, "--generations", "9", "--quiet", environment: ["BATON_KILL_AT": "14"])
            guard ending.status == 128 + SIGKILL else { throw InputErrorOfTheTest() }
            try spoil(workshop)
        }
        bad.words = ["of 9", "give the old value back", "--restart"] + words
        return bad
    }

    private struct InputErrorOfTheTest: Error {}

    static let searches: [BadInput] = [
        checkpoint("a newer format", says: "format 4", "reads format 3", "--restart") {
            try $0.rewrite(newest, attributes: ["format": .int64(4)])
        },
        checkpoint("an older format", says: "format 2", "reads format 3", "--restart") {
            try $0.rewrite(newest, attributes: ["format": .int64(2)])
        },
        checkpoint("of another layout", says: "search/variances", "--restart") {
            try $0.rewrite(newest, leavingOut: "search/variances")
        },
        checkpoint("of another kind", says: "checkpoint", "--restart") { try $0.write($0.bytes(sft), to: newest) },
        checkpoint("a vector of the wrong length", says: "variances has 5", "must agree") {
            try $0.rewrite(newest, numbers: ["search/variances": [1, 1, 1, 1, 1]])
        },
        checkpoint("a mean of the wrong length", says: "5", "must agree") {
            try $0.rewrite(newest, numbers: ["search/mean": [1, 1, 1, 1, 1]])
        },
        checkpoint("a mean that is no number", says: "mean[7] is nan", "finite") { workshop in
            var mean = try workshop.numbers(newest, "search/mean")
            mean[7] = .nan
            try workshop.rewrite(newest, numbers: ["search/mean": mean])
        },
        checkpoint("a history too short", says: "history") {
            let history = try $0.numbers(newest, "history/sigma")
            try $0.rewrite(newest, numbers: ["history/sigma": history.dropLast()])
        },
        checkpoint("settings of another search", says: "key") {
            try $0.rewrite(newest, attributes: ["evolve.sigma": .string("0.5")])
        },
        BadInput(
            "sft.h5: a head that is no number", says: sft, "policy/head[3] is nan", "finite", by: ["evolve", run],
            from: .finishedRun
        ) { workshop in
            try workshop.rewrite(
                sft,
                floats: { name, values in
                    guard name == "policy/head" else { return values }
                    var values = values
                    values[3] = .nan
                    return values
                })
        },
        halfFinished(
            "another step size", says: "evolve.sigma was 0.03 and is 0.1", by: "evolve", run, "--generations", "9",
            "--evolve.sigma", "0.1"),
        halfFinished(
            "two other settings", says: "evolve.popsize was 8 and is 10, seed was 7 and is 8", by: "run", run, "--seed", "8",
            "--evolve.popsize", "10"),
        halfFinished(
            "other draws", says: "evolve.draws was exact and is sampled", by: "evolve", run, "--evolve.draws", "sampled"),
        halfFinished(
            "other outcomes", says: "the outcomes changed", by: "evolve", run,
            spoil: {
                try $0.edit("outcomes/tasks.jsonl", "[2, 2]", "[1, 2]")
                // The stages before are done again, and that one is not.
                _ = try $0.baton("sft", run, "--generations", "9", "--quiet")
            }),
        halfFinished(
            "another SFT, in one command", says: "sft.ridge was auto and is 0.5", by: "run", run, "--sft.ridge", "0.5"),
        halfFinished(
            "other levels, in one command", says: "embed.layers was 0,2,4 and is 4", by: "run", run, "--embed.layers", "last"),
        halfFinished(
            "other levels by number, in one command", says: "embed.layers was 0,2,4 and is 1,2", by: "run", run,
            "--embed.layers", "1,2"),
        halfFinished(
            "another read-out, in one command", says: "embed.readout was mean and is cls", by: "run", run, "--embed.readout",
            "cls"),
    ]
}

extension Workshop {
    /// The doubles of a dataset.
    func numbers(_ path: String, _ name: String) throws -> [Double] {
        let (values, _) = try HDF5File(reading: file(path).path).read(name, as: Double.self, rank: nil)
        return values
    }

    /// Writes an HDF5 file again, with other attributes of the file, other columns of doubles, or without a dataset.
    func rewrite(
        _ path: String, attributes changed: [String: HDF5Attribute] = [:], numbers: [String: [Double]] = [:],
        leavingOut left: String? = nil, floats: (String, [Float]) -> [Float] = { $1 }
    ) throws {
        let old = try HDF5File(reading: file(path).path), beside = file(path + ".new")
        let new = try HDF5File(creating: beside.path)
        for entry in try old.entries() {
            let name = entry.name.hasPrefix("/") ? String(entry.name.dropFirst()) : entry.name
            guard case .dataset(let type, _) = entry.kind, name != left else { continue }
            switch type {
            case .float(bits: 32):
                let (values, shape) = try old.read(name, as: Float.self, rank: nil)
                try new.write(floats(name, values), shape: shape, to: name)
            case .float:
                let (values, shape) = try old.read(name, as: Double.self, rank: nil)
                if let other = numbers[name] {
                    try new.write(other, to: name)
                } else {
                    try new.write(values, shape: shape, to: name)
                }
            case .integer:
                let (values, shape) = try old.read(name, as: Int64.self, rank: nil)
                try new.write(values, shape: shape, to: name)
            default: try new.write(old.readStrings(name), to: name)
            }
        }
        for place in ["/"] + (try old.entries().map(\.name)) {
            let name = place.count > 1 && place.hasPrefix("/") ? String(place.dropFirst()) : place
            guard try name == "/" || new.contains(name) else { continue }
            for attribute in try old.attributes(of: place) {
                let value = place == "/" ? changed[attribute.name] ?? attribute.value : attribute.value
                try new.setAttribute(attribute.name, to: value, on: name)
            }
        }
        try new.close()
        _ = rename(beside.path, file(path).path)
    }
}
