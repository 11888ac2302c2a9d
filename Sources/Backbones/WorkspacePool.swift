import Synchronization
import Tensors

/// Workspaces that passes leave for the next: as many as passes ran at the same time.
/// A class because the free ones are shared.
final class WorkspacePool: Sendable {
    private let free = Mutex<[Workspace]>([])

    func withWorkspace<Result>(_ body: (Workspace) -> Result) -> Result {
        let workspace = free.withLock { $0.popLast() } ?? Workspace()
        defer { free.withLock { $0.append(workspace) } }
        return body(workspace)
    }
}
