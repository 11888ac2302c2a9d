public import Chat

extension Pool {
    /// The pool as a pool file: JSON, which is YAML.
    public var poolFile: String {
        var providers = JSONObject(), list: [JSON] = []
        for worker in workers {
            let provider = worker.provider
            var entry: JSONObject = ["api": .string(provider.api.rawValue), "base_url": .string(provider.baseURL)]
            if let key = provider.keyVariable { entry["key"] = .string(key) }
            entry["timeouts"] = provider.timeouts.changed
            entry["max_concurrency"] = provider.maximumConcurrency.map { JSON($0) }
            providers[provider.name] = .object(entry)
            let price = worker.price
            list.append([
                "name": .string(worker.name), "provider": .string(provider.name), "model": .string(worker.model),
                "price": [
                    "input": .number(price.input.description), "output": .number(price.output.description),
                    "cached": .number(price.cached.description), "date": .string(price.date),
                ],
                "sampling": .object(worker.sampling), "deterministic": .bool(worker.isDeterministic),
            ])
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
