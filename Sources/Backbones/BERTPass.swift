import Tensors

/// One pass over one batch: its buffers, and its stages in order. The cut into pieces depends on the batch alone.
struct BERTPass: Sendable {
    private let model: BERT
    private let batch: PackedBatch
    /// Levels that are read, ascending: 0 is the embeddings, `i` the output of layer `i`.
    private let levels: [Int]
    /// Tokens that are read, one for each text; nil when all are.
    private let read: [Int]?

    /// The hidden states, `[tokens, width]`; in the last layer of a reduced pass, `[texts, width]`.
    let hidden: Operand
    /// One state for each text, `[texts, levels · width]`, valid at the end.
    let states: FloatRows
    private let query: FloatRows
    private let keyValue: FloatRows
    private let context: Operand
    private let inner: Operand
    private let selected: Operand
    private let attention: [AttentionScratch]
    private(set) var stages: [Stage] = []

    init(_ model: BERT, _ batch: PackedBatch, readout: Readout, levels: [Int], workspace: Workspace, workers: Int) {
        self.model = model
        self.batch = batch
        self.levels = levels
        let size = model.configuration, tokens = batch.tokens.count, width = size.width
        read =
            readout == .mean
            ? nil
            : (0..<batch.count).map { text in
                batch.bounds[text] + (readout.token(of: batch.range(text).count) ?? 0)
            }
        let precision = model.precision
        let operands = [(tokens, width), (tokens, width), (tokens, size.inner), (batch.count, width)]
        let room =
            Workspace.room(rows: tokens, columns: width) + Workspace.room(rows: tokens, columns: 2 * width)
            + Workspace.room(rows: batch.count, columns: levels.count * width)
            + operands.reduce(0) { $0 + Operand.room(rows: $1.0, columns: $1.1, precision: precision) }
            + workers * AttentionScratch.room(tokens: batch.longest, headWidth: size.headWidth)
        workspace.reset(for: room)
        query = workspace.rows(tokens, columns: width)
        keyValue = workspace.rows(tokens, columns: 2 * width)
        states = workspace.rows(batch.count, columns: levels.count * width)
        let inputs = operands.map { Operand(workspace, rows: $0.0, columns: $0.1, precision: precision) }
        (hidden, context, inner, selected) = (inputs[0], inputs[1], inputs[2], inputs[3])
        attention = (0..<workers).map { _ in
            AttentionScratch(workspace, tokens: batch.longest, headWidth: size.headWidth)
        }
        stages = [embeddings()] + reading(level: 0)
        // Behind the last level that is read there is nothing to know.
        for (index, layer) in model.weights.layers.prefix(levels.last ?? size.layers).enumerated() {
            let isReduced = read != nil && index + 1 == levels.last
            stages += self.layer(layer, isReduced: isReduced)
            stages += reading(level: index + 1, isReduced: isReduced)
        }
    }

    private func embeddings() -> Stage {
        let (weights, batch, hidden, epsilon) = (model.weights, batch, hidden, model.configuration.epsilon)
        let position = (0..<batch.count).flatMap { 0..<batch.range($0).count }
        return Stage.rows(batch.tokens.count, completesLevel: true) { rows in
            for row in rows {
                weights.words.copy(Int(batch.tokens[row]), to: row, of: hidden.floats)
                hidden.floats.add(batch.segments.isEmpty ? 0 : Int(batch.segments[row]), of: weights.segments, to: row)
                hidden.floats.add(position[row], of: weights.positions, to: row)
            }
            let own = hidden.rows(rows), norm = weights.embeddingNorm
            own.floats.layerNorm(gain: norm.gain, shift: norm.shift, epsilon: epsilon, into: own.floats)
            own.complete()
        }
    }

    /// The stages of a layer. When reduced, everything behind keys and values is done for the tokens read only.
    private func layer(_ layer: BERTLayer, isReduced: Bool) -> [Stage] {
        let count = isReduced ? batch.count : batch.tokens.count
        let source = (isReduced ? selected : hidden).rows(0..<count)
        let query = query.rows(0..<count), context = context.rows(0..<count), inner = inner.rows(0..<count)
        var stages = isReduced ? [selection()] : []
        stages.append(.products([(layer.query, source, query), (layer.keyValue, hidden, keyValue)]))
        stages.append(attention(query: query, into: context.floats, isReduced: isReduced))
        stages += context.completion
        stages.append(.product(layer.attentionOutput, context, source.floats, adding: true))
        stages.append(norm(source.floats, layer.attentionNorm, into: source))
        stages.append(.product(layer.widening, source, inner.floats, activation: .gelu))
        stages += inner.completion
        stages.append(.product(layer.narrowing, inner, source.floats, adding: true))
        var last = norm(source.floats, layer.outputNorm, into: source)
        last.completesLevel = true
        return stages + [last]
    }

    private func norm(_ rows: FloatRows, _ norm: Normalization, into output: Operand) -> Stage {
        let epsilon = model.configuration.epsilon
        return Stage.rows(rows.rows) { piece in
            let own = output.rows(piece)
            rows.rows(piece).layerNorm(gain: norm.gain, shift: norm.shift, epsilon: epsilon, into: own.floats)
            own.complete()
        }
    }

    /// Copies the rows of the tokens read.
    private func selection() -> Stage {
        let (hidden, selected, read) = (hidden, selected, read ?? [])
        return Stage.rows(batch.count) { rows in
            for row in rows { selected.floats.copy(read[row], of: hidden.floats, to: row) }
            selected.rows(rows).complete()
        }
    }

    /// A piece is one head of one text.
    private func attention(query: FloatRows, into context: FloatRows, isReduced: Bool) -> Stage {
        let (size, batch, keyValue, scratch) = (model.configuration, batch, keyValue, attention)
        return Stage(pieces: batch.count * size.heads) { piece, worker in
            let text = piece / size.heads, head = piece % size.heads
            let rows = isReduced ? text..<text + 1 : batch.range(text)
            let columns = head * size.headWidth..<(head + 1) * size.headWidth
            let own = keyValue.rows(batch.range(text))
            scratch[worker].attend(
                query: query.rows(rows).columns(columns), key: own.columns(columns),
                value: own.columns(columns.lowerBound + size.width..<columns.upperBound + size.width),
                into: context.rows(rows).columns(columns))
        }
    }

    /// What is read of a level that is complete: the mean over each text's tokens, or the token that stands for it.
    private func reading(level: Int, isReduced: Bool = false) -> [Stage] {
        guard let index = levels.firstIndex(of: level) else { return [] }
        let (batch, source, read, width) = (batch, (isReduced ? selected : hidden).floats, read, model.configuration.width)
        let part = states.columns(index * width..<(index + 1) * width)
        return [
            Stage(pieces: batch.count) { text, _ in
                if let read {
                    part.copy(isReduced ? text : read[text], of: source, to: text)
                } else {
                    source.rows(batch.range(text)).mean(into: part.rows(text..<text + 1))
                }
            }
        ]
    }
}
