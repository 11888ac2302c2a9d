import CHDF5

extension HDF5File {
    /// Writes `values`, row-major, as a new dataset; groups on the way ("search/mean") are made as needed.
    /// - Throws: `HDF5Error` where the name is taken or the file cannot be written.
    public borrowing func write<Scalar: HDF5Scalar>(
        _ values: [Scalar], shape: [Int], to name: String
    ) throws(HDF5Error) {
        precondition(
            shape.reduce(1, *) == values.count, "shape \(shape) needs \(shape.reduce(1, *)) values, got \(values.count)")
        let file = id, place = Place(path: path, object: name)
        try place.checkName(name)
        try enteringLibrary { () throws(HDF5Error) in
            let creation = Creation(place: place, file: file, name: name, shape: shape)
            let dataset = try creation.dataset(type: Scalar.types.file, elementBytes: MemoryLayout<Scalar>.stride)
            guard !values.isEmpty else { return }
            let all = hid_t(H5S_ALL)
            try place.check(
                H5Dwrite(dataset.id, Scalar.types.memory, all, all, hid_t(H5P_DEFAULT), values), "H5Dwrite")
        }
    }

    /// Writes `values` as a new one-dimensional dataset.
    /// - Throws: `HDF5Error` where the name is taken or the file cannot be written.
    public borrowing func write<Scalar: HDF5Scalar>(_ values: [Scalar], to name: String) throws(HDF5Error) {
        try write(values, shape: [values.count], to: name)
    }

    /// The dataset `name`, row-major. Narrower stored numbers are widened; wider ones are an error, not a rounding.
    /// - Parameter rank: how many axes the dataset must have; any number where nil.
    /// - Throws: `HDF5Error` where there is none, it holds something else, or its shape is more than the file holds.
    public borrowing func read<Scalar: HDF5Scalar>(
        _ name: String, as scalar: Scalar.Type = Scalar.self, rank: Int? = nil
    ) throws(HDF5Error) -> (values: [Scalar], shape: [Int]) {
        let file = id, place = Place(path: path, object: name)
        return try enteringLibrary { () throws(HDF5Error) in
            let dataset = try Dataset(name, in: file, place: place)
            try dataset.require(Scalar.self, rank: rank)
            var values = [Scalar](repeating: .zero, count: try dataset.checkedCount())
            guard !values.isEmpty else { return (values, dataset.shape) }
            let all = hid_t(H5S_ALL)
            try place.check(
                H5Dread(dataset.id, Scalar.types.memory, all, all, hid_t(H5P_DEFAULT), &values), "H5Dread")
            return (values, dataset.shape)
        }
    }

    /// The rows `rows` of the dataset `name`, row-major: a large dataset is read block by block.
    /// - Throws: `HDF5Error` as `read(_:as:rank:)`, and where the dataset has fewer rows.
    public borrowing func readRows<Scalar: HDF5Scalar>(
        _ rows: Range<Int>, of name: String, as scalar: Scalar.Type = Scalar.self
    ) throws(HDF5Error) -> [Scalar] {
        let file = id, place = Place(path: path, object: name)
        return try enteringLibrary { () throws(HDF5Error) in
            let dataset = try Dataset(name, in: file, place: place)
            try dataset.require(Scalar.self, rank: nil)
            try dataset.require(rows: rows)
            _ = try dataset.checkedCount(reading: rows)
            let columns = dataset.shape.dropFirst().reduce(1, *)
            var values = [Scalar](repeating: .zero, count: rows.count * columns)
            guard !values.isEmpty else { return values }
            let selection = try dataset.selection(of: rows)
            try place.check(
                H5Dread(
                    dataset.id, Scalar.types.memory, selection.memory.id, selection.file.id, hid_t(H5P_DEFAULT), &values),
                "H5Dread")
            return values
        }
    }

    /// Makes an empty dataset `[0, columns]` that `appendRows(_:to:)` lengthens.
    /// - Throws: `HDF5Error` where the name is taken or the file cannot be written.
    public borrowing func createRows<Scalar: HDF5Scalar>(
        of scalar: Scalar.Type, columns: Int, at name: String
    ) throws(HDF5Error) {
        precondition(columns > 0, "need at least one column, got \(columns)")
        let file = id, place = Place(path: path, object: name)
        try place.checkName(name)
        try enteringLibrary { () throws(HDF5Error) in
            let creation = Creation(place: place, file: file, name: name, shape: [0, columns], grows: true)
            _ = try creation.dataset(type: Scalar.types.file, elementBytes: MemoryLayout<Scalar>.stride)
        }
    }

    /// Appends whole rows to a dataset that `createRows(of:columns:at:)` made. Memory does not grow with the dataset.
    /// - Throws: `HDF5Error` where there is no such dataset, `values` are not whole rows of it, or the file cannot be written.
    public borrowing func appendRows<Scalar: HDF5Scalar>(_ values: [Scalar], to name: String) throws(HDF5Error) {
        let file = id, place = Place(path: path, object: name)
        try enteringLibrary { () throws(HDF5Error) in
            let dataset = try Dataset(name, in: file, place: place)
            try dataset.require(Scalar.self, rank: nil)
            let columns = dataset.shape.dropFirst().reduce(1, *)
            guard columns > 0, values.count % columns == 0 else {
                throw place.failure("\(values.count) values are not whole rows of \(columns)")
            }
            guard !values.isEmpty else { return }
            let selection = try dataset.grown(by: values.count / columns)
            try place.check(
                H5Dwrite(
                    dataset.id, Scalar.types.memory, selection.memory.id, selection.file.id, hid_t(H5P_DEFAULT), values),
                "H5Dwrite")
        }
    }
}

extension Dataset {
    /// Throws unless every element is a value of `Scalar` and there are `rank` axes.
    func require<Scalar: HDF5Scalar>(_: Scalar.Type, rank: Int?) throws(HDF5Error) {
        guard Scalar.holds(elementType) else { throw place.failure("holds \(elementType), need \(Scalar.elementType)") }
        try require(rank: rank)
    }

    /// Throws unless there are `rank` axes; nil is any number.
    func require(rank: Int?) throws(HDF5Error) {
        guard let rank, rank != shape.count else { return }
        throw place.failure("has \(shape.count) axes, shape \(shape), need \(rank)")
    }

    /// Throws unless all of `rows` are there.
    func require(rows: Range<Int>) throws(HDF5Error) {
        guard let count = shape.first else { throw place.failure("a single value has no rows") }
        guard rows.lowerBound >= 0, rows.upperBound <= count else {
            throw place.failure("has \(count) rows, need rows \(rows.lowerBound) to \(rows.upperBound)")
        }
    }
}
