#pragma once
#include <hdf5.h>
#include <stdio.h>
#include <string.h>

// HDF5's native types, property classes and flags are macros with side effects (each opens the library), so Swift
// cannot import them: each is a function here. Nothing else is.
static inline hid_t h5x_memory_float(void) { return H5T_NATIVE_FLOAT; }
static inline hid_t h5x_memory_double(void) { return H5T_NATIVE_DOUBLE; }
static inline hid_t h5x_memory_int64(void) { return H5T_NATIVE_INT64; }
static inline hid_t h5x_memory_uint64(void) { return H5T_NATIVE_UINT64; }
static inline hid_t h5x_memory_int8(void) { return H5T_NATIVE_INT8; }
static inline hid_t h5x_file_float(void) { return H5T_IEEE_F32LE; }
static inline hid_t h5x_file_double(void) { return H5T_IEEE_F64LE; }
static inline hid_t h5x_file_int64(void) { return H5T_STD_I64LE; }
static inline hid_t h5x_file_uint64(void) { return H5T_STD_U64LE; }
static inline hid_t h5x_c_string(void) { return H5T_C_S1; }
static inline size_t h5x_variable(void) { return H5T_VARIABLE; }
static inline hsize_t h5x_unlimited(void) { return H5S_UNLIMITED; }

static inline unsigned h5x_truncate(void) { return H5F_ACC_TRUNC; }
static inline unsigned h5x_read_only(void) { return H5F_ACC_RDONLY; }
static inline hid_t h5x_file_access(void) { return H5P_FILE_ACCESS; }
static inline hid_t h5x_dataset_create(void) { return H5P_DATASET_CREATE; }
static inline hid_t h5x_link_create(void) { return H5P_LINK_CREATE; }

/// Keeps the calling thread's error stack from being printed.
static inline void h5x_silence(void) { H5Eset_auto2(H5E_DEFAULT, NULL, NULL); }

typedef struct {
  char *text;
  size_t size;
} h5x_note;

static inline herr_t h5x_take_innermost(unsigned depth, const H5E_error2_t *error, void *context) {
  h5x_note *note = (h5x_note *)context;
  if (depth == 0 && error->desc) snprintf(note->text, note->size, "%s", error->desc);
  return 0;
}

/// Copies what the library said last on this thread into `text`: its innermost, most exact message, or "".
static inline void h5x_last_message(char *text, size_t size) {
  if (size == 0) return;
  text[0] = 0;
  h5x_note note = {text, size};
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, h5x_take_innermost, &note);
}
