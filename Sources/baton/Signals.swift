import Foundation
import Synchronization

/// The first SIGINT or SIGTERM asks stages to settle; the second stops at once.
enum Signals {
    private static let seen = Atomic<Bool>(false)

    static var cameIn: Bool { seen.load(ordering: .relaxed) }

    static func catchFirst() {
        for number in [SIGINT, SIGTERM] {
            signal(number) { number in
                Signals.seen.store(true, ordering: .relaxed)
                signal(number, SIG_DFL)
            }
        }
    }
}
