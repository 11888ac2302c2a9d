import Chat
import Foundation
import HTTPTypes

/// What a client is told about who answered, and at what price.
///
/// On whole replies all of it stands in headers. When a stream begins its cost isn't known: there the cost is a comment
/// line of the stream, `: x-baton-cost 0.000123`, just before `data: [DONE]`; clients leave out comments they don't know.
struct Receipt {
    static let worker = HTTPField.Name("x-baton-worker"), probability = HTTPField.Name("x-baton-probability")
    static let cost = HTTPField.Name("x-baton-cost"), routeTime = HTTPField.Name("x-baton-route-ms")
    static let tokens = HTTPField.Name("x-baton-route-tokens"), cut = HTTPField.Name("x-baton-route-cut")

    let route: Route

    /// The fields that are known once the route is: the worker, its probability with four decimals unless the client
    /// named the worker, the milliseconds that the decision took, the tokens that it read, and which part it had to leave out.
    var headers: HTTPFields {
        var fields = HTTPFields()
        func set(_ name: HTTPField.Name?, _ value: String?) {
            if let name, let value { fields[name] = value }
        }
        set(Self.worker, route.worker)
        set(Self.probability, route.probability.map { Self.decimal($0, digits: 4) })
        set(Self.routeTime, route.decisionTime.map { Self.decimal($0 / .milliseconds(1), digits: 3) })
        set(Self.tokens, route.tokens.map(String.init))
        set(Self.cut, route.cut)
        return fields
    }

    /// Zero where the worker is free.
    func cost(of usage: Usage) -> Money { route.price?.cost(of: usage) ?? .zero }

    /// The comment that says what a stream has cost.
    static func comment(_ cost: Money) -> [UInt8] { Array(": x-baton-cost \(cost)\n\n".utf8) }

    /// `value`, which isn't negative, with `digits` digits behind the point. Without `String(format:)`, which takes
    /// microseconds and a locale.
    static func decimal(_ value: Double, digits: Int) -> String {
        var scale = 1
        for _ in 0..<digits { scale *= 10 }
        let scaled = (value * Double(scale)).rounded()
        guard scaled >= 0, scaled < 1e15 else { return "\(value)" }
        let whole = Int(scaled), fraction = String(whole % scale)
        return "\(whole / scale)." + String(repeating: "0", count: digits - fraction.count) + fraction
    }
}
