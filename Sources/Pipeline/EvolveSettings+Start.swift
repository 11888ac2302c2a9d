import Routing

extension EvolveSettings {
    /// Where a search begins: at the policy of SFT, seen through its map, or at a head of zeros on states as they are.
    func start(_ sft: TrainedHead) -> (map: FeatureMap?, head: RoutingHead) {
        guard start == .sft else { return (nil, RoutingHead(zeros: sft.head.workers, width: sft.head.width)) }
        let map = sft.map
        return (map, map?.head(of: sft.policy) ?? sft.head)
    }

    /// What the search found, `kept` being a head over the features of its start.
    func policy(_ kept: HeadSearch.Kept, start sft: TrainedHead) -> RoutingPolicy {
        if start == .sft, kept.generation == 0 { return sft.policy }
        return start(sft).map?.policy(folding: kept.head) ?? RoutingPolicy(head: kept.head)
    }
}
