import Foundation

/// What Linux tells of a process and of those that it started.
enum ProcessTree {
    /// Whether all of them wait for something that is no disk, so that more time of the processor would not help. False where
    /// that can't be known.
    static func isAsleep(_ process: pid_t) -> Bool {
        guard let threads = try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task"), !threads.isEmpty
        else {
            return false
        }
        return threads.allSatisfy { thread in
            let folder = "/proc/\(process)/task/\(thread)"
            guard let state = state(in: folder), "STtZX".contains(state) else { return false }
            guard let children = text(of: folder + "/children") else { return false }
            return children.split(separator: " ").allSatisfy { pid_t($0).map(isAsleep) ?? false }
        }
    }

    /// How often the kernel has killed a process because memory had run out; `nil` where it does not say.
    static func kernelKills() -> Int? {
        let lines = text(of: "/proc/vmstat")?.split(separator: "\n") ?? []
        return lines.first { $0.hasPrefix("oom_kill ") }.flatMap { Int($0.dropFirst(9)) }
    }

    /// The letter behind the program's name, which may itself hold anything.
    private static func state(in folder: String) -> Character? {
        guard let stat = text(of: folder + "/stat"), let name = stat.lastIndex(of: ")") else { return nil }
        return stat[name...].dropFirst(2).first
    }

    private static func text(of file: String) -> String? {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 8192)
        while case let count = read(descriptor, &piece, piece.count), count > 0 { bytes += piece[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }
}
