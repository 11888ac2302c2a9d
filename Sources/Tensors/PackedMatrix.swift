import CKernels

/// What is applied to each output of a linear map.
public enum Activation: Sendable {
    case identity, gelu

    var kernel: baton_activation { self == .gelu ? BATON_GELU : BATON_IDENTITY }
}

/// A linear map, `x ↦ activation(x · Wᵀ + bias)`, with `W` `[outputs, inputs]` laid out for the processor once, at load.
/// OpenBLAS lays weights out anew at each call, which costs most of the time when there are few rows.
/// A class because it owns memory; nothing changes after `init`.
public final class PackedMatrix: Sendable {
    public let outputs: Int
    public let inputs: Int
    /// Groups of 48 outputs, the unit in which work is cut for several threads.
    public var panels: Int { Self.panels(outputs) }

    private nonisolated(unsafe) let packed: UnsafeMutablePointer<Float>
    private let bias: [Float]

    /// Packs `weight` `[outputs, inputs]`; `bias` has one value for each output.
    public init(_ weight: Tensor, bias: [Float]) {
        precondition(bias.count == weight.rows, "need \(weight.rows) bias values, got \(bias.count)")
        outputs = weight.rows
        inputs = weight.columns
        self.bias = bias
        let size = max(1, Self.size(outputs: outputs, inputs: inputs)) * MemoryLayout<Float>.stride
        packed = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64).assumingMemoryBound(to: Float.self)
        baton_pack(outputs, inputs, weight.scalars, inputs, packed)
    }

    deinit { packed.deallocate() }

    /// Elements that the packed form of `[outputs, inputs]` takes.
    public static func size(outputs: Int, inputs: Int) -> Int { baton_packed_size(outputs, inputs) }

    static func panels(_ outputs: Int) -> Int { (outputs + 47) / 48 }

    /// The outputs of `panels` for each row of `input` `[rows, inputs]`, into their columns of `output`
    /// `[rows, outputs]`. A row has the same bits alone and among others, and for any cut into panels;
    /// AVX2 and AVX-512 agree bit for bit.
    public func apply(
        to input: FloatRows, panels: Range<Int>, activation: Activation = .identity, into output: FloatRows,
        on set: InstructionSet = .best
    ) {
        precondition(input.columns == inputs, "need \(inputs) inputs, got \(input.columns)")
        precondition(output.rows == input.rows && output.columns == outputs, "output is not [\(input.rows), \(outputs)]")
        precondition(panels.lowerBound >= 0 && panels.upperBound <= self.panels, "panels \(panels) of \(self.panels)")
        baton_multiply(
            set.kernel, input.rows, outputs, inputs, input.base, input.stride, packed, panels.lowerBound, panels.upperBound,
            bias, activation.kernel, output.base, output.stride)
    }
}
