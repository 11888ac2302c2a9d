public import Chat

extension Pool {
    /// The pool as a pool file: JSON, which is YAML.
    public var poolFile: String {
        var providers = JSONObject(), list: [JSON] = []
        for worker in workers {
            let provider = worker.provider
            var entry: JSONObject = ["api": .string(provider.api.rawValue)]
            if !provider.baseURL.isEmpty { entry["base_url"] = .string(provider.baseURL) }
            if let key = provider.keyVariable { entry["key"] = .string(key) }
            entry["timeouts"] = provider.timeouts.changed
            entry["max_concurrency"] = provider.maximumConcurrency.map { JSON($0) }
            providers[provider.name] = .object(entry)
            var row: JSONObject = [
                "name": .string(worker.name), "provider": .string(provider.name), "model": .string(worker.model),
            ]
            if !worker.price.date.isEmpty { row["price"] = worker.price.json }
            row["sampling"] = .object(worker.sampling)
            row["deterministic"] = .bool(worker.isDeterministic)
            list.append(.object(row))
        }
        let lines = list.map { "    \($0.text)" }.joined(separator: ",\n")
        return """
            {
              "version": 1,
              "providers": \(JSON.object(providers).text),
              "workers": [
            \(lines)
              ]
            }

            """
    }
}

extension Price {
    fileprivate var json: JSON {
        [
            "input": .number(input.description), "output": .number(output.description),
            "cached": .number(cached.description), "date": .string(date),
        ]
    }
}
