import Chat
import NIOHTTP1

/// What a response's status line and headers say about a call that gave no answer.
struct ProviderStatus {
    let status: Int
    let headers: HTTPHeaders

    init(_ head: HTTPResponseHead) {
        status = Int(head.status.code)
        headers = head.headers
    }

    var isSuccess: Bool { (200..<300).contains(status) }

    var kind: CallFailure.Kind {
        switch status {
        case 429: .rateLimited
        case 401, 403: .unauthorized
        case 408, 409, 425, 500...: .overloaded
        case 200..<300: .malformed
        default: .rejected
        }
    }

    /// How long the provider asks to wait, `now` in seconds since 1970 (UTC). A date counts from the response's own date where it has
    /// one: clocks differ.
    func retryAfter(now: Int) -> Duration? {
        if let text = headers.first(name: "retry-after-ms"), let value = Double(text), value >= 0, value < 1e12 {
            return .milliseconds(value)
        }
        if let text = headers.first(name: "retry-after") {
            if let value = Double(text) { return value >= 0 && value < 1e9 ? .seconds(value) : nil }
            guard let then = Self.seconds(httpDate: text) else { return nil }
            let base = headers.first(name: "date").flatMap(Self.seconds(httpDate:)) ?? now
            return .seconds(max(0, then - base))
        }
        // Which of the two limits was hit is told by what remains of it.
        let waits = ["requests", "tokens"].compactMap { what -> Duration? in
            guard headers.first(name: "x-ratelimit-remaining-\(what)") == "0" else { return nil }
            return headers.first(name: "x-ratelimit-reset-\(what)").flatMap(Self.duration(spelled:))
        }
        return status == 429 ? waits.max() : nil
    }

    /// Reads `6m0s`, `1.5s`, `120ms`, `1h2m`.
    static func duration(spelled text: String) -> Duration? {
        var rest = text[...], sum = 0.0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let number = rest.prefix { $0.isNumber || $0 == "." }
            rest = rest.dropFirst(number.count)
            let unit = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard let value = Double(number), let scale = ["ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400][String(unit)]
            else {
                return nil
            }
            sum += value * scale
        }
        return sum < 1e9 ? .seconds(sum) : nil
    }

    /// Seconds since 1970 of `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7), the one form that servers may still send.
    static func seconds(httpDate text: String) -> Int? {
        let parts = text.split(separator: " "), months = "JanFebMarAprMayJunJulAugSepOctNovDec"
        guard parts.count == 6, parts[5] == "GMT", let day = Int(parts[1]), let year = Int(parts[3]),
            (1...31).contains(day), (1970...9999).contains(year), parts[2].utf8.count == 3,
            let found = stride(from: 0, to: 36, by: 3).first(where: { months.dropFirst($0).hasPrefix(parts[2]) })
        else { return nil }
        let clock = parts[4].split(separator: ":").compactMap { Int($0) }
        guard clock.count == 3, (0..<24).contains(clock[0]), (0..<60).contains(clock[1]), (0...60).contains(clock[2]) else {
            return nil
        }
        // Days of the civil calendar, with years that begin in March, so that a leap day is the last.
        let month = found / 3 + 1, shifted = month > 2 ? year : year - 1
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let days = shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
        return days * 86400 + clock[0] * 3600 + clock[1] * 60 + clock[2]
    }
}
