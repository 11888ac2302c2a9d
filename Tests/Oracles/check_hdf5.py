"""check_hdf5.py FILE…: opens HDF5 files with another library than ours; prints what they hold and reads all of it."""
import sys

import h5py


def attributes(item):
    return "".join(f"  @{name}={item.attrs[name]!r:.60}" for name in item.attrs)


def show(name, item):
    if isinstance(item, h5py.Dataset):
        item[()]  # reads every chunk, so every checksum is verified
        print(f"  /{name}  {item.shape}  {item.dtype}{attributes(item)}")
    else:
        print(f"  /{name}/{attributes(item)}")


if len(sys.argv) < 2:
    sys.exit(__doc__)
for path in sys.argv[1:]:
    try:
        with h5py.File(path, "r") as file:
            print(f"{path}{attributes(file)}")
            file.visititems(show)
    except OSError as error:
        sys.exit(f"{path}: {error}")
