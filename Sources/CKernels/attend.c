#include "tiles.h"

void baton_attend(
    baton_isa isa, size_t rows, size_t head_width, const float *q, size_t q_stride, const float *keys,
    const float *values, size_t tokens, size_t first, float scale, float *scores, size_t scores_stride, float *out,
    size_t out_stride) {
  for (size_t row = 0; row < rows; row += baton_attention_block) {
    size_t count = rows - row < baton_attention_block ? rows - row : baton_attention_block;
    // Keys that the block's last row sees. What an earlier row doesn't see has the weight 0, which leaves its sums alone.
    size_t seen = first < tokens && first + row + count < tokens ? first + row + count : tokens;
    baton_multiply(
        isa, BATON_F32, count, tokens, head_width, q + row * q_stride, q_stride, keys, head_width, 0,
        (seen + panel_width - 1) / panel_width, NULL, BATON_IDENTITY, 0, scores, scores_stride);
    baton_causal_softmax(isa, count, seen, scores, scores_stride, scale, first < tokens ? first + row : tokens);
    baton_multiply(
        isa, BATON_F32, count, head_width, seen, scores, scores_stride, values, tokens, 0,
        (head_width + panel_width - 1) / panel_width, NULL, BATON_IDENTITY, 0, out + row * out_stride, out_stride);
  }
}
