public import Chat
import Files

/// What was asked: calls with equal keys are the same call, made once.
public struct CallKey: Hashable, Sendable, Comparable {
    /// ``Chat/WorkerSpec/fingerprint``.
    public var worker: String
    /// ``Chat/ChatRequest/digest``.
    public var request: String
    /// Which of several equal calls, from 0.
    public var repeatIndex: Int

    public init(worker: String, request: String, repeatIndex: Int) {
        self.worker = worker
        self.request = request
        self.repeatIndex = repeatIndex
    }

    /// By request, worker, repeat: an order that doesn't depend on which call ended first.
    public static func < (left: CallKey, right: CallKey) -> Bool {
        (left.request, left.worker, left.repeatIndex) < (right.request, right.worker, right.repeatIndex)
    }
}

extension WorkerSpec {
    /// SHA-256 of ``identity``, in hexadecimal digits.
    public var fingerprint: String { SHA256.hex(of: identity) }
}

extension ChatRequest {
    /// The request without its model and seed, which belong to worker and repeat.
    var unaddressed: ChatRequest {
        var request = self
        request.model = nil
        request.seed = nil
        return request
    }

    /// SHA-256 of the canonical bytes without model and seed, in hexadecimal digits.
    public var digest: String { SHA256.hex(of: unaddressed.canonicalBytes) }
}
