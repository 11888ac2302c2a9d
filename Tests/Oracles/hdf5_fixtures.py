"""Files that h5py writes and our reader must read, or must refuse: Tests/StorageTests/Fixtures/*.h5.

Run with h5py 3.16: python3 Tests/Oracles/hdf5_fixtures.py Tests/StorageTests/Fixtures
"""
import sys, pathlib
import h5py
import numpy as np

folder = pathlib.Path(sys.argv[1])
with h5py.File(folder / "h5py.h5", "w") as f:
    f.create_dataset("states", data=np.arange(6, dtype="f4").reshape(2, 3), chunks=(1, 3), compression="gzip", shuffle=True)
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
