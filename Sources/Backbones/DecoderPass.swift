import Tensors

/// What a pass is to compute.
struct DecoderTask: Sendable {
    let batch: PackedBatch
    let readout: Readout
    /// Levels that are read, ascending: 0 is the embeddings, `i` the output of layer `i`.
    let levels: [Int]
    /// The known beginning of each text, whose states are not computed again; nil without a prefix cache.
    var known: [[PrefixBlock]]?
    /// How many blocks beside those are filled, for texts to come.
    var newBlocks = 0
    /// States to begin with instead of the embeddings.
    var entering: Activations?

    /// The first layer that is computed.
    var first: Int { entering?.layer ?? 0 }

    /// Known tokens of text `index`.
    func knownTokens(_ index: Int) -> Int { (known?[index].count ?? 0) * PrefixBlock.tokens }

    /// Whole blocks of text `index` that are not known.
    func missingBlocks(_ index: Int) -> Int {
        max(0, batch.range(index).count / PrefixBlock.tokens - (known?[index].count ?? 0))
    }
}

/// One pass over one batch: its buffers, and its stages in order. The cut into pieces depends on the batch alone.
struct DecoderPass: Sendable {
    let model: DecoderModel
    let task: DecoderTask
    let layout: DecoderLayout

    /// The hidden states of the tokens that are computed, `[tokens, width]`; in the last layer of a reduced pass, `[texts, width]`.
    let hidden: FloatRows
    /// One state for each text, `[texts, levels · width]`, valid at the end.
    let states: FloatRows
    let normed: Operand
    let query: FloatRows
    let fresh: FloatRows
    /// Keys, then values, of all tokens, known ones included: `[all tokens, 2 · keyWidth]`, one layer's at a time.
    let keyValue: FloatRows
    let context: Operand
    let inner: Operand
    let selected: FloatRows
    let selectedNormed: Operand
    let attention: CausalAttention
    let table: RotaryTable
    /// The blocks of each text, the known ones first; empty when none are kept.
    let captured: [[PrefixBlock]]
    private(set) var stages: [Stage] = []

    init(_ model: DecoderModel, _ task: DecoderTask, workspace: Workspace, workers: Int) {
        self.model = model
        self.task = task
        let size = model.configuration, layout = DecoderLayout(task), texts = task.batch.count
        self.layout = layout
        let tokens = layout.positions.count, levels = task.levels
        let shapes = [
            (tokens, size.width), (tokens, size.queryWidth), (tokens, 2 * size.keyWidth), (layout.all, 2 * size.keyWidth),
            (texts, size.width), (texts, levels.count * size.width),
        ]
        let operands = [
            (tokens, size.width), (tokens, size.queryWidth), (tokens, size.inner), (texts, size.width),
        ]
        let precision = model.precision
        workspace.reset(
            for: shapes.reduce(0) { $0 + Workspace.room(rows: $1.0, columns: $1.1) }
                + operands.reduce(0) { $0 + Operand.room(rows: $1.0, columns: $1.1, precision: precision) }
                + CausalAttention.room(
                    lengths: layout.lengths, keyHeads: size.keyHeads, headWidth: size.headWidth, workers: workers))
        let rows = shapes.map { workspace.rows($0.0, columns: $0.1) }
        (hidden, query, fresh, keyValue, selected, states) = (rows[0], rows[1], rows[2], rows[3], rows[4], rows[5])
        let inputs = operands.map { Operand(workspace, rows: $0.0, columns: $0.1, precision: precision) }
        (normed, context, inner, selectedNormed) = (inputs[0], inputs[1], inputs[2], inputs[3])
        attention = CausalAttention(
            workspace, lengths: layout.lengths, keyHeads: size.keyHeads, headWidth: size.headWidth, workers: workers)
        table = model.rotary.table(positions: layout.longest)
        let top = levels.last ?? size.layers
        captured = layout.blocks(task, layers: top, columns: 2 * size.keyWidth)
        stages = beginning() + reading(level: task.first)
        for (index, layer) in model.weights.layers.enumerated().prefix(top).dropFirst(task.first) {
            let isReduced = task.readout != .mean && index + 1 == top
            stages += self.layer(layer, index: index, isReduced: isReduced)
            stages += reading(level: index + 1, isReduced: isReduced)
        }
    }

    /// The states that enter the first layer: the embeddings, or those that are known.
    private func beginning() -> [Stage] {
        let (weights, hidden, normed, layout) = (model.weights, hidden, normed, layout)
        if let entering = task.entering {
            return [
                Stage.rows(layout.tokens.count, completesLevel: true) { rows in
                    for row in rows { hidden.copy(row, of: entering.states, to: row) }
                }
            ]
        }
        let target = weights.tokenMap == nil ? hidden : normed.floats
        let lookup = Stage.rows(layout.tokens.count, completesLevel: weights.tokenMap == nil) { rows in
            for row in rows { weights.tokens.copy(Int(layout.tokens[row]), to: row, of: target) }
        }
        guard let map = weights.tokenMap else { return [lookup] }
        // In 32-bit floats, whatever the precision of the layers.
        let product = Stage(pieces: map.panels, completesLevel: true) { piece, _ in
            map.apply(to: target, panels: piece..<piece + 1, into: hidden)
        }
        return [lookup, product]
    }

    /// The stages of a layer. When reduced, everything behind keys and values is done for the tokens read only.
    private func layer(_ layer: DecoderLayer, index: Int, isReduced: Bool) -> [Stage] {
        let count = isReduced ? task.batch.count : layout.tokens.count
        let residual = isReduced ? selected : hidden, source = isReduced ? selectedNormed : normed
        let query = query.rows(0..<count), context = context.rows(0..<count), inner = inner.rows(0..<count)
        let residualRows = residual.rows(0..<count), sourceRows = source.rows(0..<count)
        var stages = [norm(hidden, layer.attentionNorm, into: normed)]
        if isReduced { stages.append(selection()) }
        stages.append(.products([(layer.query, sourceRows, query), (layer.keyValue, normed, fresh)]))
        stages += heads(layer, index: index, query, isReduced: isReduced)
        stages.append(attend(query, into: context.floats, isReduced: isReduced))
        stages += context.completion
        stages.append(.product(layer.attentionOutput, context, residualRows, adding: true))
        stages.append(norm(residualRows, layer.innerNorm, into: sourceRows))
        stages.append(.product(layer.gateUp, sourceRows, inner.floats, activation: .swiglu))
        stages += inner.completion
        var last = Stage.product(layer.down, inner, residualRows, adding: true)
        last.completesLevel = true
        return stages + [last]
    }

    private func norm(_ rows: FloatRows, _ gain: [Float], into output: Operand) -> Stage {
        let epsilon = model.configuration.epsilon
        return Stage.rows(rows.rows) { piece in
            let own = output.rows(piece)
            rows.rows(piece).rmsNorm(gain: gain, epsilon: epsilon, into: own.floats)
            own.complete()
        }
    }

    /// Copies the rows of the tokens read.
    private func selection() -> Stage {
        let (hidden, normed, selected, selectedNormed, layout) = (hidden, normed, selected, selectedNormed, layout)
        return Stage.rows(task.batch.count) { rows in
            for row in rows {
                selected.copy(layout.read[row], of: hidden, to: row)
                selectedNormed.floats.copy(layout.read[row], of: normed.floats, to: row)
            }
            selectedNormed.rows(rows).complete()
        }
    }

    /// Norm of each head where the model has it, and rotation, of queries and of new keys.
    private func heads(_ layer: DecoderLayer, index: Int, _ query: FloatRows, isReduced: Bool) -> [Stage] {
        let (size, table) = (model.configuration, table)
        let positions = isReduced ? layout.read.map { layout.positions[$0] } : layout.positions
        let queries = Stage.rows(query.rows) { rows in
            query.rows(rows).rotate(
                headWidth: size.headWidth, gain: layer.queryNorm, epsilon: size.epsilon, cosines: table.cosines,
                sines: table.sines, positions: Array(positions[rows]))
        }
        return [queries] + keys(layer, index: index)
    }

    /// New keys and values to their places behind the known ones, and into the blocks that are kept; then all laid out
    /// for attention, a piece for each head of each text.
    private func keys(_ layer: DecoderLayer, index: Int) -> [Stage] {
        let (size, table, layout, task) = (model.configuration, table, layout, task)
        let (fresh, keyValue, captured, attention) = (fresh, keyValue, captured, attention)
        let keys = 0..<size.keyWidth
        let rotation = Stage.rows(layout.tokens.count) { rows in
            fresh.rows(rows).columns(keys).rotate(
                headWidth: size.headWidth, gain: layer.keyNorm, epsilon: size.epsilon, cosines: table.cosines,
                sines: table.sines, positions: Array(layout.positions[rows]))
            for row in rows { keyValue.copy(row, of: fresh, to: layout.places[row]) }
        }
        let packing = Stage(pieces: task.batch.count * size.keyHeads) { piece, _ in
            let text = piece / size.keyHeads, head = piece % size.keyHeads
            let columns = head * size.headWidth..<(head + 1) * size.headWidth
            let own = keyValue.rows(layout.range(text))
            attention.pack(
                piece, key: own.columns(columns),
                value: own.columns(columns.lowerBound + size.keyWidth..<columns.upperBound + size.keyWidth))
        }
        guard let known = task.known else { return [rotation, packing] }
        let blocks = Stage(pieces: task.batch.count) { text, _ in
            let place = layout.range(text).lowerBound, size = PrefixBlock.tokens
            for (number, block) in known[text].enumerated() {
                for row in 0..<size { keyValue.copy(row, of: block.layer(index), to: place + number * size + row) }
            }
            for (number, block) in captured[text].enumerated().dropFirst(known[text].count) {
                for row in 0..<size { block.layer(index).copy(place + number * size + row, of: keyValue, to: row) }
            }
        }
        return [rotation, blocks, packing]
    }

    /// A piece is all query heads of one key head, for some tokens of one text.
    private func attend(_ query: FloatRows, into context: FloatRows, isReduced: Bool) -> Stage {
        let (size, attention, layout) = (model.configuration, attention, layout)
        let blocks = isReduced ? layout.readBlocks : layout.queryBlocks, group = size.heads / size.keyHeads
        return Stage(pieces: blocks.count * size.keyHeads) { piece, worker in
            let block = blocks[piece / size.keyHeads], keyHead = piece % size.keyHeads
            for head in keyHead * group..<(keyHead + 1) * group {
                let columns = head * size.headWidth..<(head + 1) * size.headWidth
                attention.attend(
                    block.text * size.keyHeads + keyHead, query: query.rows(block.rows).columns(columns), first: block.first,
                    tokens: layout.lengths[block.text], into: context.rows(block.rows).columns(columns), worker: worker)
            }
        }
    }

    /// What is read of a level that is complete: the mean over each text's tokens, or the token that stands for it. The last
    /// layer's output is read behind the model's final norm, as transformers has it.
    private func reading(level: Int, isReduced: Bool = false) -> [Stage] {
        guard let index = task.levels.firstIndex(of: level) else { return [] }
        let (size, task, layout) = (model.configuration, task, layout)
        let part = states.columns(index * size.width..<(index + 1) * size.width)
        let (source, normed, gain) = (isReduced ? selected : hidden, normed.floats, model.weights.norm)
        var stages: [Stage] = []
        let isFinal = level == size.layers, rows = isReduced ? task.batch.count : layout.tokens.count
        if isFinal {
            stages.append(
                Stage.rows(rows) { rows in
                    source.rows(rows).rmsNorm(gain: gain, epsilon: size.epsilon, into: normed.rows(rows))
                })
        }
        let complete = isFinal ? normed : source
        stages.append(
            Stage(pieces: task.batch.count) { text, _ in
                if task.readout == .mean {
                    complete.rows(layout.range(text)).mean(into: part.rows(text..<text + 1))
                } else {
                    part.copy(isReduced ? text : layout.read[text], of: complete, to: text)
                }
            })
        return stages
    }
}
