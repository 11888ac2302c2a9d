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
    let hidden: FloatRows
    /// One state for each text, `[texts, levels · width]`, valid at the end.
    let states: FloatRows
    private let query: FloatRows
    private let keyValue: FloatRows
    private let context: FloatRows
    private let projected: FloatRows
    private let inner: FloatRows
    private let selected: FloatRows
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
        let room =
            5 * Workspace.room(rows: tokens, columns: width) + Workspace.room(rows: batch.count, columns: width)
            + Workspace.room(rows: batch.count, columns: levels.count * width)
            + Workspace.room(rows: tokens, columns: 2 * width) + Workspace.room(rows: tokens, columns: size.inner)
            + workers * AttentionScratch.room(tokens: batch.longest, headWidth: size.headWidth)
        workspace.reset(for: room)
        hidden = workspace.rows(tokens, columns: width)
        query = workspace.rows(tokens, columns: width)
        keyValue = workspace.rows(tokens, columns: 2 * width)
        context = workspace.rows(tokens, columns: width)
        projected = workspace.rows(tokens, columns: width)
        inner = workspace.rows(tokens, columns: size.inner)
        selected = workspace.rows(batch.count, columns: width)
        states = workspace.rows(batch.count, columns: levels.count * width)
        attention = (0..<workers).map { _ in
            AttentionScratch(workspace, tokens: batch.longest, headWidth: size.headWidth)
        }
        stages = [embeddings()] + reading(level: 0)
        // Behind the last level that is read there is nothing to know.
        for (index, layer) in model.weights.layers.prefix(levels.last ?? size.layers).enumerated() {
            let isReduced = read != nil && index + 1 == levels.last
            stages += self.layer(layer, isReduced: isReduced)
            if !isReduced { stages += reading(level: index + 1) }
        }
    }

    private func embeddings() -> Stage {
        let (weights, batch, hidden, epsilon) = (model.weights, batch, hidden, model.configuration.epsilon)
        let position = (0..<batch.count).flatMap { 0..<batch.range($0).count }
        return Stage.rows(batch.tokens.count, completesLevel: true) { rows in
            for row in rows {
                weights.words.copy(Int(batch.tokens[row]), to: row, of: hidden)
                hidden.add(batch.segments.isEmpty ? 0 : Int(batch.segments[row]), of: weights.segments, to: row)
                hidden.add(position[row], of: weights.positions, to: row)
            }
            let own = hidden.rows(rows), norm = weights.embeddingNorm
            own.layerNorm(gain: norm.gain, shift: norm.shift, epsilon: epsilon, into: own)
        }
    }

    /// The six stages of a layer. When reduced, everything behind keys and values is done for the tokens read only.
    private func layer(_ layer: BERTLayer, isReduced: Bool) -> [Stage] {
        let count = isReduced ? batch.count : batch.tokens.count
        let source = isReduced ? selected : hidden, epsilon = model.configuration.epsilon
        let query = query.rows(0..<count), context = context.rows(0..<count), projected = projected.rows(0..<count)
        let inner = inner.rows(0..<count), output = isReduced ? part(of: levels.count - 1) : hidden
        var stages: [Stage] = []
        if isReduced { stages.append(selection()) }
        stages.append(.products([(layer.query, source, query), (layer.keyValue, hidden, keyValue)]))
        stages.append(attention(query: query, into: context, isReduced: isReduced))
        stages.append(.product(layer.attentionOutput, context, projected))
        stages.append(
            .rows(count) { rows in
                projected.rows(rows).layerNorm(
                    adding: source.rows(rows), gain: layer.attentionNorm.gain, shift: layer.attentionNorm.shift,
                    epsilon: epsilon, into: source.rows(rows))
            })
        stages.append(.product(layer.widening, source, inner, activation: .gelu))
        stages.append(.product(layer.narrowing, inner, projected))
        stages.append(
            .rows(count, completesLevel: true) { rows in
                projected.rows(rows).layerNorm(
                    adding: source.rows(rows), gain: layer.outputNorm.gain, shift: layer.outputNorm.shift,
                    epsilon: epsilon, into: output.rows(rows))
            })
        return stages
    }

    /// Copies the rows of the tokens read.
    private func selection() -> Stage {
        let (hidden, selected, read) = (hidden, selected, read ?? [])
        return Stage.rows(batch.count) { rows in
            for row in rows { selected.copy(read[row], of: hidden, to: row) }
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

    /// The columns of the states that the `index`-th level fills.
    private func part(of index: Int) -> FloatRows {
        let width = model.configuration.width
        return states.columns(index * width..<(index + 1) * width)
    }

    /// What is read of a level that is complete: the mean over each text's tokens, or the token that stands for it.
    private func reading(level: Int) -> [Stage] {
        guard let index = levels.firstIndex(of: level) else { return [] }
        let (batch, hidden, part, read) = (batch, hidden, part(of: index), read)
        return [
            Stage(pieces: batch.count) { text, _ in
                if let read {
                    part.copy(read[text], of: hidden, to: text)
                } else {
                    hidden.rows(batch.range(text)).mean(into: part.rows(text..<text + 1))
                }
            }
        ]
    }
}
