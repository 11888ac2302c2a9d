#pragma once
#include <spawn.h>

// What glibc shows only to those who define _GNU_SOURCE, which Swift does not.

// pipe2(2) with O_CLOEXEC.
int baton_pipe(int ends[2]);

// The program that is started gets no descriptor from `first` on.
int baton_close_from(posix_spawn_file_actions_t *actions, int first);
