import Foundation

extension Sandbox {
    /// The folder that programs see as their root.
    private static let jail = "/jail"
    /// Everything that programs may know of the machine's environment.
    static let environment = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "HOME=/"]
    private static let devices = ["/dev/null", "/dev/urandom"]

    /// `command` with everything around it that shuts it in.
    ///
    /// As root, programs run under a user number of their own: the kernel does not hold root to a number of processes. They
    /// also sit in a chroot, where the kernel refuses them user namespaces, in which they could mount memory without limit.
    func commandLine(for command: [String], limits: Limits, slot: Int) -> [String] {
        let isRoot = geteuid() == 0
        // Without root, the sandbox's own first process counts too.
        var inner = Self.limited(command, limits, processes: limits.processes + (isRoot ? 0 : 1))
        if isRoot { inner = Self.unprivileged(inner, user: Self.user(of: slot)) }
        switch mode {
        case .bubblewrap where isRoot:
            let keep = ["SETUID", "SETGID", "SETPCAP", "SYS_CHROOT"].flatMap { ["--cap-add", "CAP_" + $0] }
            return Self.withoutSharedMemory
                + ["bwrap"] + Self.shared + ["--cap-drop", "ALL"] + keep + Self.system(below: "")
                + ["--perms", "0755", "--dir", Self.jail] + Self.system(below: Self.jail) + Self.deviceBinds(below: Self.jail)
                + ["--remount-ro", "/", "--", "chroot", Self.jail] + inner
        case .bubblewrap:
            return ["bwrap", "--unshare-user", "--disable-userns", "--unshare-ipc"] + Self.shared + Self.system(below: "")
                + Self.deviceBinds(below: "") + ["--remount-ro", "/", "--"] + inner
        case .unshare:
            return [
                "setpriv", "--pdeathsig", "KILL", "unshare", "--net", "--pid", "--ipc", "--uts", "--mount", "--propagation",
                "unchanged", "--fork", "--kill-child", "sh", "-c", Self.mounts, "sh",
            ] + inner
        }
    }

    private static let shared = [
        "--unshare-net", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try", "--die-with-parent", "--new-session",
    ]

    /// System V shared memory lies outside of any process's limit, so there is none.
    private static let withoutSharedMemory = [
        "unshare", "--ipc", "--propagation", "unchanged", "sh", "-c",
        #"echo 0 2>/dev/null >/proc/sys/kernel/shmall; exec "$@""#, "sh",
    ]

    private static func system(below root: String) -> [String] {
        ["--ro-bind", "/usr", root + "/usr"]
            + ["bin", "sbin", "lib", "lib64"].flatMap { name -> [String] in
                if let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/" + name) {
                    return ["--symlink", target, root + "/" + name]
                }
                return FileManager.default.fileExists(atPath: "/" + name) ? ["--ro-bind", "/" + name, root + "/" + name] : []
            }
    }

    private static func deviceBinds(below root: String) -> [String] {
        ["--perms", "0755", "--dir", root + "/dev"] + devices.flatMap { ["--dev-bind", $0, root + $0] }
    }

    /// The same view by hand. In a chroot that is no mount point nothing can be said of the mount around it, and what is mounted
    /// there could show outside. `/proc` is a mount of its own, so it is made private and the new root is laid over it.
    private static let mounts = """
        set -e
        umask 022
        echo 0 2>/dev/null >/proc/sys/kernel/shmall || :
        mount --make-private /proc
        mount -n -t tmpfs -o size=1m,nr_inodes=64,mode=755,nosuid root /proc
        cd /proc
        mkdir usr dev
        mount -n -o bind,ro,nosuid /usr usr
        for name in bin sbin lib lib64; do
            if [ -L /$name ]; then ln -s "$(readlink /$name)" $name
            elif [ -d /$name ]; then mkdir $name; mount -n -o bind,ro,nosuid /$name $name
            fi
        done
        for device in \(devices.joined(separator: " ")); do : > .$device; mount -n -o bind $device .$device; done
        mount -n -o remount,ro,size=1m,nr_inodes=64,mode=755,nosuid root /proc
        set +e
        chroot /proc "$@"
        exit $?
        """

    private static func unprivileged(_ command: [String], user: Int) -> [String] {
        [
            "setpriv", "--reuid", "\(user)", "--regid", "\(user)", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all",
            "--no-new-privs",
        ] + command
    }

    /// The innermost shell says on descriptor 3 that all of this worked, and closes it to the program.
    private static func limited(_ command: [String], _ limits: Limits, processes: Int) -> [String] {
        [
            "prlimit", "--cpu=\(limits.cpu):\(limits.cpu + 1)", "--as=\(limits.memory)", "--nproc=\(processes)", "--fsize=0",
            "--core=0", "--nofile=64", "--msgqueue=0", "--memlock=0", "sh", "-c", #"echo >&3; exec "$@" 3>&-"#, "sh",
        ] + command
    }

    /// A number that no user has and no other sandbox uses: limits on processes count by user. Where this root is the root of a
    /// container only (a map of 65,536 users, say), one that is likely to be so.
    private static func user(of slot: Int) -> Int {
        let map = (try? String(contentsOfFile: "/proc/self/uid_map", encoding: .utf8)) ?? ""
        let widest = map.split(separator: "\n").compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }.max() ?? 0
        let process = Int(getpid())
        return widest > 1 << 31
            ? 1_000_000_000 + process % (1 << 22) * 256 + slot % 256 : 20_000 + process % 150 * 256 + slot % 256
    }
}
