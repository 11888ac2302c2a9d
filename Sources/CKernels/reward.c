#include "vector.h"

typedef double dvec __attribute__((vector_size(128)));

/// What sixteen columns hold: `column` first, `count` of them; behind those no value.
typedef struct {
  const float *scores, *values;
  size_t stride, value_stride, choices, count;
} window;

INLINE void load_scores(vec *v, const window *w, size_t choice) {
  if (w->count == lanes) load(v, w->scores + choice * w->stride);
  else load_part(v, w->scores + choice * w->stride, w->count, 0);
}
INLINE void load_values(vec *v, const window *w, size_t choice) {
  if (w->count == lanes) load(v, w->values + choice * w->value_stride);
  else load_part(v, w->values + choice * w->value_stride, w->count, __builtin_nanf(""));
}

/// `v` where `mask` is all ones, `other` elsewhere, NaN included.
INLINE void keep_or(vec *v, const ivec *mask, const vec *other) {
  ivec bits, rest;
  memcpy(&bits, v, sizeof bits);
  memcpy(&rest, other, sizeof rest);
  bits = (bits & *mask) | (rest & ~*mask);
  memcpy(v, &bits, sizeof bits);
}
INLINE void keep(vec *v, const ivec *mask) {
  const vec zero = {};
  keep_or(v, mask, &zero);
}

/// The highest score among the choices that have a value, -infinity where there is none; `any` has a value there.
INLINE void highest(vec *top, ivec *any, const window *w) {
  const vec low = (vec){} - __builtin_inff();
  *top = low;
  *any = (ivec){};
  for (size_t choice = 0; choice < w->choices; choice++) {
    vec score, value;
    load_scores(&score, w, choice);
    load_values(&value, w, choice);
    ivec there = value == value;
    keep_or(&score, &there, &low);
    maximum(top, &score);
    *any |= there;
  }
}

INLINE void softmax_reward(vec *reward, const window *w) {
  vec top, sum = {}, earned = {};
  ivec any;
  highest(&top, &any, w);
  for (size_t choice = 0; choice < w->choices; choice++) {
    vec weight, value;
    load_scores(&weight, w, choice);
    load_values(&value, w, choice);
    ivec there = value == value;
    weight -= top;
    exp_negative(&weight);
    keep(&weight, &there);
    keep(&value, &there);
    sum += weight;
    earned += weight * value;
  }
  *reward = earned / sum;
  keep(reward, &any);
}

INLINE void argmax_reward(vec *reward, const window *w) {
  vec top, ties = {}, earned = {};
  ivec any;
  highest(&top, &any, w);
  for (size_t choice = 0; choice < w->choices; choice++) {
    vec score, value;
    load_scores(&score, w, choice);
    load_values(&value, w, choice);
    ivec chosen = (value == value) & (score == top);
    vec one = (vec){} + 1.0f;
    keep(&one, &chosen);
    keep(&value, &chosen);
    ties += one;
    earned += value;
  }
  *reward = earned / ties;
  keep(reward, &any);
}

// Each lane has a sum of its own in double, and those are added as a tree: the order is fixed, and so are the bits.
#define REWARDS(NAME, TARGET, REWARD)                                                                                  \
  TARGET static void NAME(                                                                                             \
      size_t policies, size_t choices, size_t columns, const float *scores, size_t stride, const float *values,        \
      size_t value_stride, double *sums) {                                                                             \
    for (size_t policy = 0; policy < policies; policy++) {                                                             \
      dvec sum = {};                                                                                                   \
      const float *own = scores + policy * choices * stride;                                                           \
      size_t whole = columns / lanes * lanes;                                                                          \
      for (size_t at = 0; at < whole; at += lanes) {                                                                   \
        window w = {own + at, values + at, stride, value_stride, choices, lanes};                                      \
        vec reward;                                                                                                    \
        REWARD(&reward, &w);                                                                                           \
        sum += __builtin_convertvector(reward, dvec);                                                                  \
      }                                                                                                                \
      if (whole < columns) {                                                                                           \
        window w = {own + whole, values + whole, stride, value_stride, choices, columns - whole};                      \
        vec reward;                                                                                                    \
        REWARD(&reward, &w);                                                                                           \
        sum += __builtin_convertvector(reward, dvec);                                                                  \
      }                                                                                                                \
      double s[lanes];                                                                                                 \
      memcpy(s, &sum, sizeof s);                                                                                       \
      for (size_t half = lanes / 2; half > 0; half /= 2)                                                               \
        for (size_t i = 0; i < half; i++) s[i] += s[i + half];                                                         \
      sums[policy] = s[0];                                                                                             \
    }                                                                                                                  \
  }

REWARDS(softmax_portable, , softmax_reward)
REWARDS(argmax_portable, , argmax_reward)
#if defined(__x86_64__)
REWARDS(softmax_avx2, TARGET_AVX2, softmax_reward)
REWARDS(argmax_avx2, TARGET_AVX2, argmax_reward)
REWARDS(softmax_avx512, TARGET_AVX512, softmax_reward)
REWARDS(argmax_avx512, TARGET_AVX512, argmax_reward)
#define DISPATCH(RULE, ...)                                                                                            \
  if (isa >= BATON_AVX512) return RULE##_avx512(__VA_ARGS__);                                                          \
  if (isa == BATON_AVX2) return RULE##_avx2(__VA_ARGS__);                                                              \
  RULE##_portable(__VA_ARGS__);
#else
#define DISPATCH(RULE, ...) RULE##_portable(__VA_ARGS__);
#endif

void baton_softmax_rewards(
    baton_isa isa, size_t policies, size_t choices, size_t columns, const float *scores, size_t stride,
    const float *values, size_t value_stride, double *sums) {
  DISPATCH(softmax, policies, choices, columns, scores, stride, values, value_stride, sums)
}

void baton_argmax_rewards(
    baton_isa isa, size_t policies, size_t choices, size_t columns, const float *scores, size_t stride,
    const float *values, size_t value_stride, double *sums) {
  DISPATCH(argmax, policies, choices, columns, scores, stride, values, value_stride, sums)
}
