import Foundation
import Testing

/// The number of threads decides how long it takes, and nothing else.
struct ThreadTests {
    @Test func aRunHasTheSameBytesAtAnyNumberOfThreads() throws {
        let workshop = try Workshop(generations: 3, tasks: 240)
        for threads in 1...3 {
            let ending = try workshop.baton("run", "recipe.yaml", "--run", "run-\(threads)", "--threads", "\(threads)")
            try #require(ending.status == 0, "\(ending.messages)")
        }
        let expected = try workshop.lasting("run-1")
        #expect(expected.count > 10)
        for threads in 2...3 { #expect(differences(try workshop.lasting("run-\(threads)"), expected) == []) }
    }

    @Test func aStudyHasTheSameNumbersAtAnyNumberOfThreads() throws {
        let workshop = try Workshop(tasks: 240)
        try workshop.edit(
            "outcomes/splits.json", "{\"0\":",
            "{\"1\": {\"train\": [\"task-1\", \"task-2\", \"task-3\", \"task-4\"], \"validation\": [\"task-5\"], \"test\": [\"task-6\", \"task-7\"]}, \"0\":"
        )
        let results = try (1...3).map { threads in
            let ending = try workshop.baton(
                "study", "outcomes", "--model", "model", "--cache", "cache-\(threads)", "--generations", "4", "--methods",
                "all", "--json",
                "--threads", "\(threads)")
            try #require(ending.status == 0, "\(ending.messages)")
            var object = try #require(JSONSerialization.jsonObject(with: Data(ending.output.utf8)) as? [String: Any])
            #expect(object.removeValue(forKey: "seconds") is Double)
            return try JSONSerialization.data(withJSONObject: object, options: .sortedKeys)
        }
        #expect(results[0] == results[1])
        #expect(results[0] == results[2])
        #expect(differences(try workshop.snapshot("cache-1"), try workshop.snapshot("cache-3")) == [])
    }
}
