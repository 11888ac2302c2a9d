import Files
import Foundation
import Tensors

/// A digest of everything that a stage's result depends on. It stands in the result, so a stage whose inputs are the
/// same is finished, and one whose inputs changed is done again.
struct StageKey: Sendable, Equatable {
    let hex: String

    /// Each part is taken with its length: no two lists of parts look alike.
    init(_ parts: [String]) {
        var text = ""
        for part in parts { text += "\(part.utf8.count):\(part)" }
        hex = SHA256.hex(of: Array(text.utf8))
    }
}
