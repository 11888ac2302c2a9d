public import Files
public import HDF5

/// What HDF5 refuses while a file is written is the disk's affair.
extension HDF5Error: StorageFailure {}
