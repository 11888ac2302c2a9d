import Chat

/// Counts what a stream has used while it passes.
struct StreamMeter {
    /// What the worker says; the last word counts.
    private(set) var counted: Usage?
    private var bytes = 0
    private var shape: JSONObject = [:]

    mutating func take(_ chunk: JSONObject) {
        if let usage = Usage(chunk["usage"]) { counted = usage }
        if shape.members.isEmpty { shape = chunk }
        for choice in chunk["choices"]?.array ?? [] { bytes += choice["delta"]?["content"]?.string?.utf8.count ?? 0 }
    }

    /// Whether `chunk` says nothing but what was used. Workers are always asked for that, clients don't always want it.
    static func isUsageAlone(_ chunk: JSONObject) -> Bool {
        chunk["usage"]?.object != nil && chunk["choices"]?.array?.isEmpty ?? true
    }

    /// What the worker said, or an estimate: UTF-8 bytes / 4.
    func usage(of request: ChatRequest) -> Usage {
        if let counted { return counted }
        var estimate = Usage(estimating: request, reply: "")
        estimate.completionTokens = (bytes + 3) / 4
        return estimate
    }

    /// The chunk that ends a stream whose worker didn't count, for a client that asked for one.
    func usageChunk(_ usage: Usage) -> JSONObject {
        var chunk: JSONObject = [:]
        for key in ["id", "object", "created"] { chunk[key] = shape[key] }
        chunk["choices"] = []
        chunk["usage"] = usage.json
        return chunk
    }
}
