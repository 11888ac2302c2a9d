import Foundation
import Synchronization

/// The `Date` of replies (RFC 9110, 5.6.7), made once a second.
enum HTTPDate {
    private static let last = Mutex<(second: Int, text: String)>((0, ""))

    /// `time` is in seconds since 1970.
    static func text(at time: Int = Int(Date().timeIntervalSince1970)) -> String {
        last.withLock { last in
            if last.second != time { last = (time, format(time)) }
            return last.text
        }
    }

    private static func format(_ time: Int) -> String {
        var seconds = time_t(time), parts = tm()
        gmtime_r(&seconds, &parts)
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func two(_ number: Int32) -> String { (number < 10 ? "0" : "") + "\(number)" }
        let clock = "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))"
        return
            "\(days[Int(parts.tm_wday)]), \(two(parts.tm_mday)) \(months[Int(parts.tm_mon)]) \(1900 + parts.tm_year) \(clock) GMT"
    }
}
