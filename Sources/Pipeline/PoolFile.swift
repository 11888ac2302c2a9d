public import Chat
import Files
public import Foundation
import Yams

extension Pool {
    /// Reads a pool file (YAML). Keys of providers are only named there; they stand in the environment.
    ///
    /// Throws ``InputError`` naming file and line of the first thing that is wrong: an unknown key, a worker without a
    /// price or a price without a date, a provider that isn't listed, a name that stands twice.
    public init(reading file: URL) throws {
        let root = YAMLNode(
            .mapping(try YAMLDocument.mapping(in: file, what: "a pool", example: "version: 1")), in: file.path, called: "")
        try root.expect(keys: ["version", "providers", "workers"])
        let version = try root.required("version").string()
        guard version == "1" else {
            throw InputError(root["version"]?.place ?? file.path, "version: this baton reads version 1, got \"\(version)\"")
        }
        var providers: [String: Provider] = [:]
        for (name, node) in try root.required("providers").members() { providers[name] = try Provider(name: name, from: node) }
        var workers: [WorkerSpec] = []
        for node in try root.required("workers").items() {
            let worker = try WorkerSpec(from: node, providers: providers)
            guard !workers.contains(where: { $0.name == worker.name }) else {
                throw InputError(node.place, "worker \"\(worker.name)\" stands twice; give it another name")
            }
            workers.append(worker)
        }
        guard !workers.isEmpty else { throw InputError(file.path, "workers: the pool has none") }
        self.init(workers: workers)
    }
}

extension Provider {
    fileprivate init(name: String, from node: YAMLNode) throws {
        let text = try node["api"]?.string() ?? API.openai.rawValue
        guard let api = API(rawValue: text) else {
            let known = API.allCases.map(\.rawValue).joined(separator: ", ")
            throw InputError(node["api"]?.place ?? node.place, "api: expected one of \(known), got \"\(text)\"")
        }
        guard api != .recorded else {
            try node.expect(keys: ["api"])
            self.init(name: name, api: api, baseURL: "")
            return
        }
        try node.expect(keys: ["api", "base_url", "key", "timeouts", "max_concurrency"])
        let base = try node.required("base_url"), address = try base.string()
        guard let url = URL(string: address), ["http", "https"].contains(url.scheme ?? ""), url.host?.isEmpty == false else {
            throw InputError(base.place, "base_url: expected an address such as https://api.example.com/v1, got \"\(address)\"")
        }
        guard url.user == nil, url.password == nil, url.query == nil else {
            throw InputError(base.place, "base_url: secrets do not belong in an address; name an environment variable as key")
        }
        let key = try node["key"]?.string()
        if let key,
            key.isEmpty
                || !key.utf8.allSatisfy({ $0 == UInt8(ascii: "_") || Character(Unicode.Scalar($0)).isASCIIAlphanumeric })
        {
            throw InputError(
                node["key"]?.place ?? node.place, "key: expected the name of an environment variable, not the key itself")
        }
        let trimmed = address.hasSuffix("/") ? String(address.dropLast()) : address
        self.init(
            name: name, api: api, baseURL: trimmed, keyVariable: key,
            timeouts: try node["timeouts"].map(Timeouts.init(from:)) ?? Timeouts(),
            maximumConcurrency: try node["max_concurrency"]?.integer(in: 1...256))
    }
}

extension Character {
    fileprivate var isASCIIAlphanumeric: Bool { isASCII && (isLetter || isNumber) }
}

extension WorkerSpec {
    fileprivate init(from node: YAMLNode, providers: [String: Provider]) throws {
        try node.expect(keys: ["name", "provider", "model", "price", "sampling", "deterministic"])
        let name = try node.required("name").string()
        guard !name.isEmpty, !name.utf8.contains(0) else { throw InputError(node.place, "name: a worker needs one") }
        guard !["baton"].contains(name) else {
            throw InputError(node.place, "name: \"baton\" is what the router itself answers to; take another name")
        }
        let providerNode = try node.required("provider"), providerName = try providerNode.string()
        guard let provider = providers[providerName] else {
            let known = providers.keys.sorted().joined(separator: ", ")
            throw InputError(providerNode.place, "provider: \"\(providerName)\" is not listed; there are \(known)")
        }
        var sampling = JSONObject()
        for (key, value) in try node["sampling"]?.members() ?? [] {
            guard !["model", "messages", "stream", "stream_options"].contains(key) else {
                throw InputError(value.place, "sampling.\(key): is not a pool's to set")
            }
            sampling[key] = try value.json()
        }
        self.init(
            name: name, provider: provider, model: try node["model"]?.string() ?? name,
            price: try provider.api == .recorded && node["price"] == nil
                ? Price.unknown : Price(from: node.required("price")),
            sampling: sampling, isDeterministic: try node["deterministic"]?.bool() ?? false)
    }
}

extension Price {
    /// Of a worker whom nobody asks.
    static let unknown = Price(input: .zero, output: .zero, date: "")

    fileprivate init(from node: YAMLNode) throws {
        try node.expect(keys: ["input", "output", "cached", "date"])
        func money(_ node: YAMLNode) throws -> Money {
            let text = try node.string()
            guard let money = Money(decimal: text) else {
                throw InputError(node.place, "\(node.name): expected a price per million tokens such as 0.25, got \"\(text)\"")
            }
            return money
        }
        guard let dateNode = node["date"] else {
            throw InputError(node.place, "price: a price without a date; add when it was looked up, e.g. date: 2026-11-01")
        }
        let date = try dateNode.string(), digits = date.split(separator: "-").map(\.count)
        guard digits == [4, 2, 2], date.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || (0x30...0x39).contains($0) }) else {
            throw InputError(dateNode.place, "date: expected a day such as 2026-11-01, got \"\(date)\"")
        }
        self.init(
            input: try money(node.required("input")), output: try money(node.required("output")),
            cached: try node["cached"].map(money), date: date)
    }
}
