import COpenBLAS
import Dispatch
import Foundation
import Synchronization

/// How many threads a computation may use. The results never depend on it: work is cut along fixed borders,
/// and each piece is computed by one thread in the same way.
public struct Threads: Sendable, Equatable {
    /// At least one.
    public let count: Int

    /// `count` threads; fewer than one are one.
    public init(_ count: Int) {
        self.count = max(1, count)
        Self.quietBLAS
    }

    /// The calling thread alone.
    public static let one = Threads(1)

    /// One thread for each processor that the process may use.
    public static let available = Threads(ProcessInfo.processInfo.activeProcessorCount)

    /// OpenBLAS's own pool would fight with ours for the cores, and its split depends on the number of threads.
    private static let quietBLAS: Void = openblas_set_num_threads(1)

    /// Calls `body` once for each of `0..<pieces`, on up to `count` threads, and returns when all are done.
    /// Which thread takes which piece is not fixed, so a piece writes only what belongs to it.
    public func run(_ pieces: Int, _ body: @Sendable (Int) -> Void) {
        let width = min(count, pieces)
        guard width > 1 else {
            for piece in 0..<max(0, pieces) { body(piece) }
            return
        }
        let next = Counter()
        DispatchQueue.concurrentPerform(iterations: width) { _ in
            while true {
                let piece = next.value.add(1, ordering: .relaxed).oldValue
                guard piece < pieces else { return }
                body(piece)
            }
        }
    }
}

extension Threads {
    /// The results of `body` for each of `0..<pieces`, in the order of the pieces.
    public func map<Result: Sendable>(_ pieces: Int, _ body: @Sendable (Int) -> Result) -> [Result] {
        let slots = Slots<Result>(pieces)
        run(pieces) { piece in
            let result = body(piece)
            slots.stored.withLock { $0[piece] = result }
        }
        return slots.stored.withLock { $0.compactMap { $0 } }
    }
}

/// Results that threads finish in any order.
private final class Slots<Result: Sendable>: Sendable {
    let stored: Mutex<[Result?]>
    init(_ count: Int) { stored = Mutex(Array(repeating: nil, count: count)) }
}

/// The linear algebra library that this process has loaded.
public enum BLAS {
    /// Its own name for its version, build and kernels, such as `OpenBLAS 0.3.21 … SkylakeX`.
    public static var version: String {
        "\(String(cString: openblas_get_config())); kernels \(String(cString: openblas_get_corename()))"
    }
}

/// A class because a local atomic cannot be captured by the closures of several threads.
private final class Counter: Sendable {
    let value = Atomic<Int>(0)
}

/// A pointer that several threads may read. Safe because the pieces of `Threads.run` only read through it.
struct Shared<Element>: @unchecked Sendable {
    let base: UnsafePointer<Element>?
    init(_ base: UnsafePointer<Element>?) { self.base = base }
}

/// A pointer that several threads may write. Safe because each piece of `Threads.run` writes its own range.
struct SharedMutable<Element>: @unchecked Sendable {
    let base: UnsafeMutablePointer<Element>?
    init(_ base: UnsafeMutablePointer<Element>?) { self.base = base }
}
