import Files
import Foundation
import Tasks
import Testing

/// What a program in a sandbox can't do, in each mode that works on this machine.
@Suite(.serialized) struct SandboxTests {
    static let sandboxes = Sandbox.Mode.allCases.compactMap { try? Sandbox($0) }
    private static let python = ["/usr/bin/python3", "-I", "-S", "-B", "-c"]

    private func run(
        _ program: String, in sandbox: Sandbox, input: String = "", _ change: (inout Sandbox.Limits) -> Void = { _ in }
    ) async throws -> (end: Sandbox.End, output: String, errors: String) {
        var limits = Sandbox.Limits()
        limits.cpu = 1
        change(&limits)
        let outcome = try await sandbox.run(Self.python + [program], input: Array(input.utf8), limits: limits)
        return (outcome.end, String(decoding: outcome.output, as: UTF8.self), String(decoding: outcome.errors, as: UTF8.self))
    }

    @Test func thisMachineHasASandbox() throws {
        #expect(try Sandbox().mode == Self.sandboxes.first?.mode)
    }

    @Test(arguments: sandboxes) func aProgramReadsItsInputAndSaysItsEnd(_ sandbox: Sandbox) async throws {
        let text = String(repeating: "0123456789", count: 50_000)
        let echo = try await run("import sys; t = sys.stdin.read(); print(len(t)); sys.exit(7)", in: sandbox, input: text)
        #expect(echo.end == .exited(7) && echo.output == "500000\n")
        // One that does not read is no reason to wait.
        #expect(try await run("print(1)", in: sandbox, input: text).output == "1\n")
        #expect(try await run("import os; os.kill(os.getpid(), 11)", in: sandbox).end == .killed(signal: 11))
    }

    @Test(arguments: sandboxes) func thereIsNoNetwork(_ sandbox: Sandbox) async throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(listener, $0, length)
                listen(listener, 1)
                getsockname(listener, $0, &length)
            }
        }
        let visit = "import socket; socket.create_connection((\"127.0.0.1\", \(UInt16(bigEndian: address.sin_port))), 1)"
        let outside = Process()
        outside.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        outside.arguments = ["-c", visit]
        try outside.run()
        outside.waitUntilExit()
        #expect(outside.terminationStatus == 0, "the visit works where there is a network")
        let inside = try await run(visit, in: sandbox)
        #expect(inside.end == .exited(1) && inside.errors.contains("Error"))
    }

    @Test(arguments: sandboxes) func nothingOfThisMachineIsToBeSeenOrChanged(_ sandbox: Sandbox) async throws {
        let secret = FileManager.default.temporaryDirectory.appendingPathComponent("secret-\(UUID().uuidString)")
        try Data("hidden".utf8).write(to: secret)
        defer { try? FileManager.default.removeItem(at: secret) }
        let look = """
            import os
            seen = []
            for path in ["\(secret.path)", "\(NSHomeDirectory())", "/etc/passwd", "/proc/1/environ", "/sys/kernel", "/tmp", "/dev/shm", "/dev/mem"]:
                if os.path.exists(path): seen.append(path)
            for path in ["/x", "/usr/x", "/dev/x", "/tmp/x", "x", "\(secret.path)"]:
                try: open(path, "w").close(); seen.append("wrote " + path)
                except OSError: pass
            if os.getuid() == 0: seen.append("root")
            if len(os.environ.keys() - {"PATH", "LANG", "HOME", "PWD", "LC_CTYPE", "_", "OLDPWD"}): seen.append(str(os.environ))
            for d in range(3, 64):
                try: os.fstat(d); seen.append("descriptor %d" % d)
                except OSError: pass
            print(seen)
            """
        let seen = try await run(look, in: sandbox)
        #expect(seen.output == "[]\n", "\(seen.errors)")
        #expect(try String(contentsOf: secret, encoding: .utf8) == "hidden")
    }

    @Test(arguments: sandboxes) func noNewSpacesOrSharedMemoryCanBeMade(_ sandbox: Sandbox) async throws {
        let attempt = """
            import ctypes
            c = ctypes.CDLL(None)
            print(c.unshare(0x10000000), c.setuid(0), c.mount(b"none", b"/usr", b"tmpfs", 0, None), c.chroot(b"/usr"))
            """
        #expect(try await run(attempt, in: sandbox).output == "-1 -1 -1 -1\n")
        if geteuid() == 0 {
            #expect(
                try await run("import ctypes; print(ctypes.CDLL(None).shmget(0, 1 << 20, 0o1600))", in: sandbox).output
                    == "-1\n")
        }
        let file = "import ctypes, os, signal; os.write(ctypes.CDLL(None).memfd_create(b'x', 0), b'x')"
        #expect(try await run(file, in: sandbox).errors.contains("File too large"))
    }

    @Test(arguments: sandboxes) func bombsEnd(_ sandbox: Sandbox) async throws {
        let forks = try await run("import os\nwhile True: os.fork()", in: sandbox)
        #expect(forks.end == .exited(1) && forks.errors.contains("BlockingIOError"))
        let memory = try await run("x = bytearray(1 << 34)", in: sandbox)
        #expect(memory.end == .exited(1) && memory.errors.contains("MemoryError"))
        let more = try await run("import os\nfor i in range(2): os.fork()", in: sandbox) { $0.processes = 4 }
        #expect(more.end == .exited(0))
    }

    @Test(arguments: sandboxes) func aFloodIsCut(_ sandbox: Sandbox) async throws {
        for name in ["stdout", "stderr"] {
            let flood = try await run("import sys\nwhile True: sys.\(name).write('x' * 65536)", in: sandbox) {
                $0.output = 100_000
            }
            #expect(flood.end == .overOutput && flood.output.utf8.count + flood.errors.utf8.count == 100_000)
        }
    }

    @Test(arguments: sandboxes) func aLoopEndsByItsOwnTimeWhateverItDoesWithSignals(_ sandbox: Sandbox) async throws {
        #expect(try await run("while True: pass", in: sandbox).end == .overCPU)
        let stubborn = "import signal\nsignal.signal(signal.SIGXCPU, lambda *a: None)\nwhile True: pass"
        #expect(try await run(stubborn, in: sandbox).end == .killed(signal: SIGKILL))
        let quiet = "import os\nos.closerange(0, 3)\nwhile True: pass"
        #expect(try await run(quiet, in: sandbox).end == .overCPU)
    }

    @Test(arguments: sandboxes) func aSleeperEndsAndTheOuterGuardIsNoVerdict(_ sandbox: Sandbox) async throws {
        for program in ["time.sleep(1000)", "os.kill(os.getpid(), signal.SIGSTOP)", "\nwhile True: time.sleep(0.01)"] {
            let sleeper = try await run("import os, signal, time; \(program)", in: sandbox) { $0.asleep = .milliseconds(600) }
            #expect(sleeper.end == .overSleep, "\(program)")
        }
        await #expect(throws: JobError.self) { try await run("while True: pass", in: sandbox) { $0.wall = .milliseconds(300) } }
    }

    @Test(arguments: sandboxes) func aProgramThatIsNotThereIsNoFailureOfTheSandbox(_ sandbox: Sandbox) async throws {
        #expect(try await sandbox.run(["/usr/bin/no-such-program"]).end == .exited(127))
    }

    @Test(arguments: sandboxes) func manyRunAtOnceAndNothingIsLeft(_ sandbox: Sandbox) async throws {
        let sum = try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<12 {
                group.addTask { Int(try await run("print(\(index))", in: sandbox).output.dropLast()) ?? -1000 }
            }
            return try await group.reduce(0, +)
        }
        #expect(sum == 66)
    }

    @Test(arguments: sandboxes) func cancellingKillsTheProgram(_ sandbox: Sandbox) async throws {
        let task = Task { try await run("while True: pass", in: sandbox) { $0.cpu = 50 } }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
