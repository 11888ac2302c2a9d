/// The word that somebody who wrote `word` may have meant: the nearest of `known` by Levenshtein's distance, if it is near.
public func suggestion(for word: String, among known: some Sequence<String>) -> String? {
    let ranked = known.map { (word: $0, distance: editDistance($0, word)) }
    return ranked.min { ($0.distance, $0.word) < ($1.distance, $1.word) }
        .flatMap { $0.distance <= max(2, word.count / 3) ? $0.word : nil }
}

private func editDistance(_ left: String, _ right: String) -> Int {
    let right = Array(right)
    var row = Array(0...right.count)
    for (i, character) in left.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for j in right.indices {
            let change = diagonal + (right[j] == character ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(change, diagonal + 1, row[j] + 1)
        }
    }
    return row[right.count]
}
