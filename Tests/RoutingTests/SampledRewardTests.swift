import Foundation
import Routing
import Tensors
import Testing

struct SampledRewardTests {
    private let set = Problem.set(tasks: 50, width: 4, workers: 3, signal: 3, missing: 0.3, seed: 81)

    /// The tasks where any worker was tried.
    private var tried: TaskSet {
        self.set.tasks(at: (0..<50).filter { task in (0..<3).contains { set.outcomes.samples[task * 3 + $0] > 0 } })
    }

    private var heads: Tensor {
        var draws = Draws(seed: 82)
        return draws.tensor(6, 4)
    }

    @Test(arguments: Action.allCases) func onlyWorkersThatWereTriedAreTaken(action: Action) {
        let set = tried
        let episodes = EpisodeSchedule(seed: 1, tasks: set.outcomes.tasks, episodes: 2_000).episodes(of: 0)
        let cells = SampledReward(set, action: action).cells(of: heads, count: 2, episodes: episodes, threads: .one)
        #expect(cells.joined().allSatisfy { set.outcomes.score(of: $0) != nil })
        #expect(cells.joined().allSatisfy { $0.repeatIndex < set.outcomes.samples[$0.task * 3 + $0.worker] })
        #expect(cells[0] != cells[1])
    }

    @Test(arguments: Action.allCases) func drawsAverageToTheExactExpectation(action: Action) {
        let set = tried, schedule = EpisodeSchedule(seed: 2, tasks: set.outcomes.tasks, episodes: 60_000)
        let episodes = schedule.episodes(of: 3)
        let cells = SampledReward(set, action: action).cells(of: heads, count: 2, episodes: episodes, threads: Threads(2))
        let exact = ReplayReward(set, action: action).rewards(of: heads, count: 2, threads: .one)
        for head in 0..<2 {
            let mean = cells[head].reduce(0) { $0 + (set.outcomes.score(of: $1) ?? 0) } / Double(cells[head].count)
            // Five standard errors of a Bernoulli mean at most.
            #expect(abs(mean - exact[head]) < 5 * 0.5 / 60_000.0.squareRoot())
        }
    }

    @Test func theSamplesOfACellAddUpToItsSuccesses() {
        let table = OutcomeTable(workers: ["a", "b", "c"], successes: [3, 1.5, 0], samples: [5, 3, 0])
        func scores(_ worker: Int, _ count: Int) -> [Double?] {
            (0..<count).map { table.score(of: SampleCell(task: 0, worker: worker, repeatIndex: $0)) }
        }
        #expect(scores(0, 5) == [1, 1, 1, 0, 0])
        #expect(scores(1, 3) == [0.5, 0.5, 0.5])
        #expect(scores(2, 1) == [nil])
    }

    @Test(arguments: [(1, 7), (7, 7), (16, 100), (100, 16), (101, 16), (33, 16)])
    func aScheduleOfSoManyEpisodesPlaysNoMoreAndSpreadsThem(episodes: Int, tasks: Int) {
        let schedule = EpisodeSchedule(seed: 3, tasks: tasks, episodes: episodes), drawn = schedule.episodes(of: 0)
        #expect(drawn.count == schedule.episodesPerGeneration)
        #expect(drawn.count <= episodes && 2 * drawn.count > episodes)
        let counts = Dictionary(grouping: drawn, by: \.task).mapValues(\.count)
        #expect(counts.count == min(episodes, tasks) && Set(counts.values).count == 1)
    }
}
