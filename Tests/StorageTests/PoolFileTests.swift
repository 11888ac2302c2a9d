import Chat
import Files
import Foundation
import Pipeline
import Testing

/// A pool file says who may be asked, and how patiently.
@Suite struct PoolFileTests {
    private func read(_ text: String) throws -> Pool {
        try Folders.temporary { folder in
            let file = folder.appendingPathComponent("pool.yaml")
            try Data(text.utf8).write(to: file)
            return try Pool(reading: file)
        }
    }

    private func pool(_ keys: String) -> String {
        """
        version: 1
        providers:
          acme: {base_url: http://127.0.0.1:9/v1\(keys)}
          other: {base_url: http://127.0.0.1:8/v1}
        workers:
          - {name: alpha, provider: acme, price: {input: 1, output: 2, date: 2026-11-01}, sampling: {top_p: 0.50}}
          - {name: beta, provider: other, price: {input: 1, output: 2, date: 2026-11-01}}

        """
    }

    @Test func timeoutsAreSecondsOfOneProviderAndTheRestStaysAsItWas() throws {
        let pool = try read(pool(", max_concurrency: 3, timeouts: {first_byte: 1800, stall: 0.5}"))
        var expected = Timeouts()
        expected.firstByte = .seconds(1800)
        expected.stall = .milliseconds(500)
        // Nobody waits for half an hour and gives up after a quarter.
        expected.whole = .milliseconds(1_810_500)
        #expect(pool.workers.map(\.provider.timeouts) == [expected, Timeouts()])
        #expect(pool.workers.map(\.provider.maximumConcurrency) == [3, nil])
    }

    @Test func aCallMustNotEndBeforeOneOfItsPhasesMay() throws {
        #expect { try read(pool(", timeouts: {first_byte: 100, whole: 50}")) } throws: {
            "\($0)".contains("pool.yaml:3: ") && "\($0)".contains("whole")
        }
        #expect(throws: InputError.self) { try read(pool(", max_concurrency: 257")) }
    }

    /// Catches a search or a labelling that asks everything again because somebody became more patient.
    @Test func patienceIsNoPartOfWhatAnAnswerDependsOn() throws {
        let plain = try read(pool("")), patient = try read(pool(", max_concurrency: 3, timeouts: {whole: 7200}"))
        #expect(plain != patient && plain.workers.map(\.identity) == patient.workers.map(\.identity))
    }

    @Test func aPoolThatIsWrittenIsReadAsItWas() throws {
        for keys in ["", ", max_concurrency: 3, key: ACME_KEY, timeouts: {connect: 2.25, first_byte: 1800, stall: 0.001}"] {
            let pool = try read(pool(keys))
            #expect(try read(pool.poolFile) == pool)
        }
    }
}
