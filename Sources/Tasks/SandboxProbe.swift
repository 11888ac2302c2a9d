import Files
import Foundation

/// Finds out, with real programs, which mode of sandbox holds on this machine.
enum SandboxProbe {
    /// The first of `modes` that works.
    static func search(_ modes: [Sandbox.Mode]) -> Result<Sandbox, InputError> {
        var objections: [String] = []
        for mode in modes {
            guard let objection = objection(to: mode) else { return .success(Sandbox(unproved: mode)) }
            objections.append("\(mode.rawValue): \(objection)")
        }
        return .failure(
            InputError(
                "sandbox",
                "answers that are programs cannot be run safely here (\(objections.joined(separator: "; "))); "
                    + "install bubblewrap, or run as root"))
    }

    /// Where a program of the system lies. The user's own search path is not asked: it may lead anywhere.
    static func path(of program: String) -> String? {
        program.contains("/")
            ? program
            : ["/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/"].map { $0 + program }.first { access($0, X_OK) == 0 }
    }

    /// Why `mode` can't be trusted; `nil` where it can.
    private static func objection(to mode: Sandbox.Mode) -> String? {
        let tools = ["bash", "chroot", "prlimit", "setpriv", "sh", "unshare"] + (mode == .bubblewrap ? ["bwrap"] : ["mount"])
        if let missing = tools.first(where: { path(of: $0) == nil }) { return "there is no \(missing)" }
        if mode == .unshare, geteuid() != 0 { return "only root may" }
        guard let listener = Listener() else { return "no socket to try the network with" }
        let sandbox = Sandbox(unproved: mode)
        var limits = Sandbox.Limits()
        limits.wall = .seconds(60)
        // Shell built-ins only: nothing may be started in there.
        let look = """
            if { :; } 2>/dev/null 3<>/dev/tcp/127.0.0.1/\(listener.port); then echo network; fi
            if [ "$EUID" = 0 ]; then echo root; fi
            for f in /etc /root /home /tmp /proc /sys "$1"; do if [ -e "$f" ]; then echo "files $f"; fi; done
            for f in / /usr /dev; do if [ -w "$f" ]; then echo "writable $f"; fi; done
            echo done
            """
        do {
            let home = NSHomeDirectory()
            let hidden = home == "/" || home.hasPrefix("/usr") ? "" : home
            let seen = try sandbox.run(["/usr/bin/bash", "-c", look, "bash", hidden], input: [], limits: limits, slot: 0)
            let lines = String(decoding: seen.output, as: UTF8.self).split(separator: "\n")
            guard lines.last == "done" else { return "a first program did not run" }
            if lines.count > 1 { return "it leaves open: \(lines.dropLast().joined(separator: ", "))" }
            if listener.hasVisitor { return "it leaves open: network" }
            let forked = try sandbox.run(["/usr/bin/sh", "-c", "(echo forked)"], input: [], limits: limits, slot: 0)
            return forked.output.isEmpty ? nil : "it does not limit processes"
        } catch {
            return "\(error)".replacing("sandbox: ", with: "")
        }
    }
}

/// A port of this machine that a program with a network could reach. A class because it owns a descriptor.
private final class Listener {
    private let descriptor: Int32
    let port: Int

    init?() {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 1) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        guard isListening else { return nil }
    }

    deinit { close(descriptor) }

    var hasVisitor: Bool {
        let visitor = accept(descriptor, nil, nil)
        if visitor >= 0 { close(visitor) }
        return visitor >= 0
    }
}
