import Foundation

extension JSONEncoder {
    /// JSON as it stands in our files: snake_case names in their order, so that equal values are equal bytes.
    static func forFiles(pretty: Bool = false) -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if pretty { encoder.outputFormatting.insert(.prettyPrinted) }
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return encoder
    }
}
