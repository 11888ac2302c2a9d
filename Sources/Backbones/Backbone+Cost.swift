extension BERT {
    /// Multiplications of one token in the linear maps of all layers; attention's own come on top, with the text's length.
    public var multiplicationsPerToken: Int {
        let sizes = configuration
        return sizes.layers * (4 * sizes.width * sizes.width + 2 * sizes.width * sizes.inner)
    }
}

extension DecoderModel {
    /// The same; the last layer counts in full, though most of it is left out where one token is read.
    public var multiplicationsPerToken: Int {
        let sizes = configuration
        let attention = sizes.width * (2 * sizes.queryWidth + 2 * sizes.keyWidth)
        return sizes.layers * (attention + 3 * sizes.width * sizes.inner)
    }
}
