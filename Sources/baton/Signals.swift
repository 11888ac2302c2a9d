import Foundation
import Synchronization

/// The first SIGINT or SIGTERM asks stages to settle; the second stops at once.
enum Signals {
    private static let seen = Atomic<Bool>(false)

    static var cameIn: Bool { seen.load(ordering: .relaxed) }

    static func catchFirst() {
        for number in [SIGINT, SIGTERM] {
            signal(number) { number in
                if Signals.seen.exchange(true, ordering: .relaxed) { _exit(75) }
            }
        }
    }
}
