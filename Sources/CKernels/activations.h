// Sixteen activations at a time; the same operations in the same order, so the same bits, on every set.
#pragma once
#include "vector.h"

// x·Φ(x) = max(x, 0) − |x|·Φ(−|x|), which loses nothing to cancellation in the tails. Φ(−|x|)·exp(x²/2) is a
// polynomial in t = 1/(1 + 0.32·|x|), the form of Hastings (1955), fitted by iterated weighted least squares to
// erfcx on [0, 12] with |x|·exp(−x²/2) as weight: error of the product 2e-9 before rounding.
INLINE void gelu(vec *x) {
  vec zero = {}, size = __builtin_elementwise_abs(*x);
  vec t = 1.0f / (size * 0.32f + 1.0f);
  vec p = t * 0.0445957407f - 0.235618547f;
  p = p * t + 0.398840874f;
  p = p * t - 0.157106414f;
  p = p * t + 0.213507831f;
  p = p * t + 0.106150836f;
  p = p * t + 0.129629657f;
  p = p * t;
  vec tail = size * size * -0.5f;
  exp_negative(&tail);
  *x = __builtin_elementwise_max(*x, zero) - size * (p * tail);
}

// x / (1 + exp(−x)). exp is taken of −|x|/2 and multiplied in twice, so that x·exp(x) is right down to where it
// is no longer a normal number. At −infinity the limit is −0.
INLINE void silu(vec *x) {
  vec half = __builtin_elementwise_abs(*x) * -0.5f;
  exp_negative(&half);
  vec floor = (vec){} - 1e4f, bounded = __builtin_elementwise_max(*x, floor);
  vec below = bounded * half * half, above = *x, top;
  ivec negative = *x < 0.0f, low, high;
  memcpy(&low, &below, sizeof low);
  memcpy(&high, &above, sizeof high);
  high = (low & negative) | (high & ~negative);
  memcpy(&top, &high, sizeof top);
  *x = top / (half * half + 1.0f);
}
