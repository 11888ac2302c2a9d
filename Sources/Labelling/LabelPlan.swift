public import Chat
import Files
public import Ledger
public import Tasks

/// Every worker on every task, as often as wanted: which calls that takes, under which keys they stand in the ledger, and
/// in what order they are made.
public struct LabelPlan: Sendable {
    /// One sample of one worker on one task.
    public struct Cell: Sendable, Hashable {
        /// Indices into ``LabelPlan/tasks`` and ``LabelPlan/workers``.
        public var task: Int, worker: Int
        public var repeatIndex: Int

        public init(task: Int, worker: Int, repeatIndex: Int) {
            self.task = task
            self.worker = worker
            self.repeatIndex = repeatIndex
        }
    }

    public let tasks: [Problem]
    public let workers: [WorkerSpec]
    /// Samples of a worker whose answers differ; the others are asked once.
    public let repeats: Int
    /// SHA-256 of each worker's identity, of each task's request, and of what each task's grades depend on.
    let workerDigests: [String], requestDigests: [String], gradingDigests: [String]
    /// Of each task, where the plan has recorded workers.
    let recordedDigests: [String]
    /// Version of each task's grader.
    let graderVersions: [Int]

    /// Throws ``Files/InputError`` where a task's grader can't be made.
    public init(tasks: [Problem], workers: [WorkerSpec], repeats: Int) throws {
        self.tasks = tasks
        self.workers = workers
        self.repeats = repeats
        workerDigests = workers.map(\.fingerprint)
        requestDigests = tasks.map(\.request.digest)
        graderVersions = try tasks.map { try Graders.grader(for: $0).version }
        gradingDigests = tasks.map { SHA256.hex(of: $0.gradingIdentity) }
        recordedDigests = workers.contains(where: \.isRecorded) ? tasks.map { Self.recordedDigest(of: $0.id) } : []
    }

    /// Samples that worker is asked for; of a recorded one as many are taken as there are.
    public func repeats(of worker: Int) -> Int { workers[worker].isDeterministic ? 1 : repeats }

    /// All cells that can be asked, first one sample of everything: an interrupted night leaves a matrix that is thin, not one that is cut.
    public var cells: [Cell] {
        (0..<repeats).flatMap { sample in
            tasks.indices.flatMap { task in
                workers.indices.filter { !workers[$0].isRecorded && sample < repeats(of: $0) }.map {
                    Cell(task: task, worker: $0, repeatIndex: sample)
                }
            }
        }
    }

    /// The grader of each task, in their order. Throws ``Files/InputError`` where a task's answers are programs and this machine
    /// has no sandbox to run them in, and where answers would be asked for that nobody can grade.
    public func graders() throws -> [any Grader] {
        if !workers.allSatisfy(\.isRecorded), let task = tasks.first(where: { $0.grader == RecordedGrader.name }) {
            throw RecordedGrader.refusal(of: task)
        }
        let sandbox = try tasks.contains(where: Graders.needsSandbox) ? Sandbox() : nil
        return try tasks.map { try Graders.grader(for: $0, sandbox: sandbox) }
    }

    /// Digests of everything that is measured: who is asked what, and how it is graded.
    public var identity: [String] { workerDigests + requestDigests + gradingDigests }

    /// Under which digest recorded outcomes of a task stand: that of its id, whatever new answers to it are graded by.
    public static func recordedDigest(of task: String) -> String {
        SHA256.hex(of: JSON.object(["recorded": .string(task)]).canonicalBytes)
    }

    /// The call of `cell` in the ledger.
    public func key(of cell: Cell) -> CallKey {
        CallKey(worker: workerDigests[cell.worker], request: requestDigests[cell.task], repeatIndex: cell.repeatIndex)
    }

    /// What `cell`'s worker is sent. Workers whose answers differ are told the sample as their seed.
    public func request(of cell: Cell) -> ChatRequest {
        var request = tasks[cell.task].request
        if !workers[cell.worker].isDeterministic { request.seed = cell.repeatIndex }
        return request
    }

    /// The most that one call of `cell` can cost: no tokenizer makes more tokens than there are bytes, a message's frame is
    /// below 16 tokens, and a reply ends at the worker's `max_tokens`, else at 4,096.
    public func ceiling(of cell: Cell) -> Money {
        let worker = workers[cell.worker], messages = tasks[cell.task].messages
        let prompt = messages.reduce(0) { $0 + JSON.object($1.json).bytes.count + 16 }
        let limit = worker.sampling["max_completion_tokens"]?.int ?? worker.sampling["max_tokens"]?.int ?? 4096
        return worker.price.ceiling(promptTokens: prompt, completionTokens: max(0, limit))
    }
}

extension Price {
    fileprivate func ceiling(promptTokens: Int, completionTokens: Int) -> Money {
        var price = self
        price.cached = max(price.cached, price.input)
        return price.cost(of: Usage(promptTokens: promptTokens, completionTokens: completionTokens))
    }
}
