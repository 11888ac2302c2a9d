/// An error of a storage library that tells of the disk, not of a mistake in the program: ``Durable`` reports it as a
/// ``JobError``.
public protocol StorageFailure: Error {}
