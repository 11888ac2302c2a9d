import Routing
import Tensors

extension EvolveSettings {
    /// Where a search begins: at the policy of SFT, seen through its map around the states of train, or at a head of zeros on
    /// states as they are.
    func start(_ policy: RoutingPolicy, train states: Tensor) -> (map: FeatureMap?, head: RoutingHead) {
        guard start == .sft else {
            return (nil, RoutingHead(zeros: policy.head.workers, width: states.columns))
        }
        let map = FeatureMap(policy, around: states)
        return (map, map?.head(of: policy) ?? policy.head)
    }

    /// What the search found, `kept` being a head over the features of its start.
    func policy(_ kept: HeadSearch.Kept, start policy: RoutingPolicy, train states: Tensor) -> RoutingPolicy {
        if start == .sft, kept.generation == 0 { return policy }
        return start(policy, train: states).map?.policy(folding: kept.head) ?? RoutingPolicy(head: kept.head)
    }
}
