import ArgumentParser

/// An amount of memory as people write it: 0, 4096, 256MB, 2GB; a thousand each step.
struct ByteCount: ExpressibleByArgument, CustomStringConvertible {
    let bytes: Int

    static func megabytes(_ count: Int) -> ByteCount { ByteCount(bytes: count * 1_000_000) }

    private init(bytes: Int) { self.bytes = bytes }

    init?(argument: String) {
        let units = [("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1000), ("B", 1), ("", 1)]
        let text = argument.uppercased()
        guard let unit = units.first(where: { text.hasSuffix($0.0) }), let count = Int(text.dropLast(unit.0.count)),
            count >= 0
        else { return nil }
        let product = count.multipliedReportingOverflow(by: unit.1)
        guard !product.overflow else { return nil }
        bytes = product.partialValue
    }

    var description: String { bytes % 1_000_000 == 0 && bytes > 0 ? "\(bytes / 1_000_000)MB" : "\(bytes)" }
}
