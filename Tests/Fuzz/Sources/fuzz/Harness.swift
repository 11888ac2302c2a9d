import Backbones
import Foundation
import Tensors
import Tokenizers

/// What libFuzzer calls with each input. `BATON_FUZZ` in the environment says which file of a model is meant: libFuzzer starts
/// copies of its program with flags of its own, so the command line is no place for it.
@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    Harness.current.run(UnsafeBufferPointer(start: bytes, count: count))
    return 0
}

/// A folder with a model, in which one file is written anew for each input.
final class Harness {
    /// The one of this process: libFuzzer calls a C function, which captures nothing. Used by one thread.
    nonisolated(unsafe) static let current: Harness = {
        do { return try Harness() } catch { complain("\(error)") }
    }()

    private let subject: Subject
    private let folder: URL

    /// The subject of `BATON_FUZZ`, in a copy of the model in `BATON_FUZZ_MODEL`.
    private init() throws {
        let environment = ProcessInfo.processInfo.environment
        guard let name = environment["BATON_FUZZ"], let subject = Subject(rawValue: name) else {
            throw ModelError("BATON_FUZZ is to be one of " + Subject.allCases.map(\.rawValue).joined(separator: ", "))
        }
        guard let model = environment["BATON_FUZZ_MODEL"] else {
            throw ModelError("BATON_FUZZ_MODEL is to be a model's folder")
        }
        self.subject = subject
        let files = FileManager.default
        folder = files.temporaryDirectory.appendingPathComponent("baton-fuzz-\(ProcessInfo.processInfo.processIdentifier)")
        try files.createDirectory(at: folder, withIntermediateDirectories: true)
        let source = URL(fileURLWithPath: model)
        for file in try files.contentsOfDirectory(atPath: model) where subject != .index || file != "model.safetensors" {
            let target = folder.appendingPathComponent(file)
            try? files.removeItem(at: target)
            try files.createSymbolicLink(at: target, withDestinationURL: source.appendingPathComponent(file))
        }
        try? files.removeItem(at: folder.appendingPathComponent(subject.file))
    }

    /// Writes the input to its place and reads the folder. A refusal is one line; anything else ends the process, and
    /// libFuzzer keeps the input.
    func run(_ input: UnsafeBufferPointer<UInt8>) {
        do {
            try subject.contents(input).write(to: folder.appendingPathComponent(subject.file))
            try subject.use(folder)
        } catch {
            Self.check(error)
        }
    }

    private static func check(_ error: any Error) {
        let isOurs = error is ModelError || error is WeightsError || error is TokenizerError
        let line = "\(error)"
        guard isOurs, !line.isEmpty, line.utf8.count < 2000, !line.contains(where: \.isNewline) else {
            complain("not a refusal in one line: \(type(of: error)): \(line)")
        }
    }

    static func complain(_ line: String) -> Never {
        FileHandle.standardError.write(Data((line + "\n").utf8))
        abort()
    }
}
