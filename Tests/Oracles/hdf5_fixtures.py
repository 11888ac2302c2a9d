"""Files that h5py writes and our reader must read, or must refuse: Tests/StorageTests/Fixtures/*.h5.

Run with h5py 3.16: python3 Tests/Oracles/hdf5_fixtures.py Tests/StorageTests/Fixtures
"""
import pathlib, struct, sys, zlib
import h5py
import numpy as np

folder = pathlib.Path(sys.argv[1])
with h5py.File(folder / "h5py.h5", "w") as f:
    f.create_dataset("states", data=np.arange(6, dtype="f4").reshape(2, 3), chunks=(1, 3), fletcher32=True, shuffle=True)
    f.create_dataset("half", data=np.array([0.5, -2], dtype="f2"))
    f.create_dataset("big_endian", data=np.array([1, -2], dtype=">i4"))
    f.create_dataset("scalar", data=np.float64(2.5))
    f["ids"] = ["naïve", "", "答案"]
    f.create_dataset("padded", data=np.array(["naïve".encode(), b"b"], dtype=h5py.string_dtype("utf-8", 8)))
    f.attrs["count"] = np.int32(7)
    f.attrs["text"] = "Ärger"
    f.attrs["kept"] = True
    f.attrs["list"] = [1, 2]
with h5py.File(folder / "lies.h5", "w") as f:
    f.create_dataset("chunked", shape=(10**12, 4), dtype="f4", chunks=(1024, 4))
    f.create_dataset("gzip", shape=(10**12, 4), dtype="f4", chunks=(1024, 4), compression="gzip")
    f.create_dataset("overflow", shape=(2**62, 2**62), dtype="f8", chunks=(1024, 1))
    f.create_dataset("contiguous", shape=(10**9,), dtype="f8")
    f["group/self"] = f["/"]


def fletcher32(data):
    first = second = 0
    for low in range(0, len(data), 2):
        first = (first + (data[low] << 8 | data[low + 1])) % 65535
        second = (second + first) % 65535
    return struct.pack("<I", second << 16 | first)


# Chunks whose bytes are not those of their shape, each of which the library would read beyond its end.
with h5py.File(folder / "chunks.h5", "w") as f:
    f.create_dataset("sound", data=np.arange(8, dtype="f4").reshape(4, 2), chunks=(2, 2), fletcher32=True)
    f.create_dataset("compressed", data=np.zeros((4, 2), dtype="f4"), chunks=(2, 2), compression="gzip")
    short = f.create_dataset("inflates_short", (1024, 64), "f4", chunks=(1024, 64), compression="gzip")
    short.id.write_direct_chunk((0, 0), zlib.compress(bytes(16)) + bytes(1024))
    for name, checksum in [("unchecked", b""), ("checked", fletcher32(bytes(16)))]:
        # Together the two are as long as they must be.
        pair = f.create_dataset(name, (8, 2), "f4", chunks=(4, 2), fletcher32=bool(checksum))
        pair.id.write_direct_chunk((0, 0), bytes(16) + checksum)
        pair.id.write_direct_chunk((4, 0), bytes(48 + len(checksum)))
    view = h5py.VirtualLayout((4, 2), "f4")
    view[:] = h5py.VirtualSource(".", "sound", (4, 2))
    f.create_virtual_dataset("view", view)
