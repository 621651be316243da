// Products of a matrix of 4-bit weights with several vectors at once.
//
// A GGUF file of the type Q4_1 keeps its weights row by row, 32 of them in a block, and llama.cpp multiplies one row
// with one vector at a time. Here 16 rows stand side by side, a panel, so that one instruction serves 8 or 16 of them,
// and what was unpacked serves several vectors. Nothing else changes: vectors are rounded and products are added up as
// llama.cpp's kernel for AVX2 does it (ggml/src/ggml-cpu/arch/x86/quants.c), so that every kernel gives the same bits
// as that one.
//
// Format: llama.cpp, ggml/src/ggml-common.h (block_q4_1, block_q8_1).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace heretix {

inline constexpr std::size_t kBlockWeights = 32;
inline constexpr std::size_t kPanelRows = 16;

// 32 weights of a row, as they stand in a file: weight j is scale * (lower half of pairs[j]) + least, and weight 16 + j
// is the same with the upper half. scale and least are numbers of 16 bits (IEEE 754 binary16).
struct Q4Block {
  std::uint16_t scale;
  std::uint16_t least;
  std::array<std::uint8_t, 16> pairs;
};

// The same blocks of 16 rows. pairs[4 * (16 * word + row) + i] is pairs[4 * word + i] of the row.
struct Q4PanelBlock {
  std::array<std::uint16_t, kPanelRows> scales;
  std::array<std::uint16_t, kPanelRows> least;
  std::array<std::uint8_t, 16 * kPanelRows> pairs;
};
static_assert(sizeof(Q4PanelBlock) == kPanelRows * sizeof(Q4Block), "a panel takes the place of its rows");

// 32 numbers of a vector, each of them scale * values[i]; sum is the sum of them all.
struct Q8Block {
  float scale;
  float sum;
  std::array<std::int8_t, kBlockWeights> values;
};

enum class PanelKernel { none, avx2, avx512 };

// The best one for this processor: none where it lacks AVX2 or FMA.
PanelKernel best_panel_kernel();

// `rows` are 16 rows of as many blocks as `panel` has, one row after the other.
void pack_panel(std::span<const Q4Block> rows, std::span<Q4PanelBlock> panel);

// Rounds a vector of 32 * out.size() numbers to 8 bits, block by block. Needs a processor with any kernel.
void round_to_blocks(const float* vector, std::span<Q8Block> out);

// Multiplies one panel with vectors of as many blocks, one vector after the other. Element `row` of vector v goes to
// product[v * stride + row], 16 of them. The kernel must be one that this processor has.
void multiply_panel(PanelKernel kernel, std::span<const Q4PanelBlock> panel, std::span<const Q8Block> vectors,
                    float* product, std::size_t stride);

}  // namespace heretix
