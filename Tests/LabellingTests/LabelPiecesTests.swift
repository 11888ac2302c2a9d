import Chat
import Foundation
import Labelling
import Ledger
import Tasks
import Testing

/// Labels of more tasks than are read from the ledger together.
@Suite struct LabelPiecesTests {
    /// Says the number of the question, so that a label in a wrong row shows.
    private struct Echo: Worker {
        let name: String

        func reply(to request: ChatRequest, in context: CallContext) async throws -> Reply {
            let isRight = name == "alpha" || context.repeatIndex == 1
            return Reply(
                text: isRight ? request.lastUserText : "no idea", model: name,
                usage: Usage(promptTokens: 1, completionTokens: 1))
        }

        func events(
            for request: ChatRequest, in context: CallContext
        ) async throws -> AsyncThrowingStream<JSONObject, any Error> { throw CallFailure(.malformed, "no stream") }
    }

    private let tasks = (0..<1100).map { index in
        // Some ask the same as another far away, with another target.
        Problem(
            id: "task-\(index)", domain: "echo", messages: [Message(role: "user", text: "say \(index % 1024)")],
            target: "say \(index)", grader: "exact")
    }

    @Test func theyAreTheSameInPiecesAndOnlyWhatIsMissingIsAsked() async throws {
        let shop = try LedgerWorkshop(), workers = LedgerWorkshop.workers
        let plan = try LabelPlan(tasks: tasks, workers: workers, repeats: 2), half = Array(plan.cells.prefix(1500))
        let ledger = try RunLedger(opening: shop.file)
        func labeller() throws -> Labeller {
            Labeller(plan: plan, ledger: ledger, callers: workers.map { Echo(name: $0.name) }, graders: try plan.graders())
        }
        let first = try await labeller().run(half), second = try await labeller().run(plan.cells)
        await ledger.close()
        #expect(first.called == 1500)
        // 76 tasks ask what others ask: they share the calls, and have grades of their own.
        #expect(first.called + second.called == 1024 * 2 * 2)
        #expect(second.reused == 1500 + 76 * 2)

        let matrix = try await LabelMatrix(reading: shop.file, plan: plan, budget: nil)
        #expect(matrix.pending.isEmpty)
        let inOrder = tasks.indices.flatMap { task in
            workers.indices.flatMap { worker in
                (0..<2).map { LabelPlan.Cell(task: task, worker: worker, repeatIndex: $0) }
            }
        }
        #expect(matrix.rows.map(\.cell) == inOrder)
        #expect(matrix.samples == Array(repeating: 2, count: 2 * tasks.count))
        #expect(matrix.successes == tasks.indices.flatMap { $0 < 1024 ? [2.0, 1.0] : [0, 0] })
        #expect(try LabelRows(matrix, filter: "worker=beta score=1").csv.count == 1 + 1024)
    }
}
