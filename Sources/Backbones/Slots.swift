import Synchronization

/// A place for each piece of work to leave what it made. A class because several threads fill it.
final class Slots<Value: Sendable>: Sendable {
    private let values: Mutex<[Value?]>

    init(_ count: Int) { values = Mutex([Value?](repeating: nil, count: count)) }

    subscript(index: Int) -> Value? {
        get { values.withLock { $0[index] } }
        set { values.withLock { $0[index] = newValue } }
    }

    /// Changes a value; what it is afterwards.
    func update(_ index: Int, _ change: @Sendable (inout Value?) -> Void) -> Value? {
        values.withLock {
            change(&$0[index])
            return $0[index]
        }
    }
}
