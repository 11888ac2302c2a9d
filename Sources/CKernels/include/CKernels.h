// Loops where the instruction set matters. Every kernel states its shapes, aliasing and rounding here;
// none allocates, none keeps state.
#pragma once
#include <stddef.h>
#include <stdint.h>
