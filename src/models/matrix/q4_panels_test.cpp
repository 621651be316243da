// The product of 4-bit weights in panels: every kernel gives the bits of llama.cpp's, whose order of adding up is
// written out.
#include "models/matrix/q4_panels.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace heretix {
namespace {

constexpr std::size_t kBlocks = 5;
constexpr std::size_t kRows = 2 * kPanelRows;
constexpr std::uint16_t kSign = 0x8000;  // of a number of 16 bits

float of_half(std::uint16_t half) {
  const int exponent = (half >> 10) & 31;  // none of the test's numbers is below the normal ones
  const auto size = static_cast<float>(std::ldexp(1024 + (half & 1023), exponent - 25));
  return (half & kSign) != 0 ? -size : size;
}

int step_of(const Q4Block& block, std::size_t i) { return i < 16 ? block.pairs[i] & 15 : block.pairs[i - 16] >> 4; }

// Rows whose weights lie about zero, as those of a model do.
std::vector<Q4Block> some_rows() {
  std::mt19937 random(20261130);
  std::vector<Q4Block> rows(kRows * kBlocks);
  for (Q4Block& block : rows) {
    block.scale = static_cast<std::uint16_t>(0x2000 + random() % 1024);
    block.least = static_cast<std::uint16_t>(kSign + 0x2C00 + random() % 1024);
    for (std::uint8_t& pair : block.pairs) pair = static_cast<std::uint8_t>(random() % 256);
  }
  return rows;
}

std::vector<float> some_vectors(std::size_t count) {
  std::mt19937 random(7);
  std::normal_distribution<float> number;
  std::vector<float> vectors(count * kBlocks * kBlockWeights);
  for (float& one : vectors) one = number(random);
  return vectors;
}

struct Product {
  std::vector<Q4Block> rows = some_rows();
  std::vector<Q8Block> vectors;
  std::vector<float> numbers;  // of vector v and row r: numbers[v * kRows + r]

  Product(PanelKernel kernel, std::size_t count) : vectors(count * kBlocks), numbers(count * kRows) {
    round_to_blocks(some_vectors(count).data(), vectors);
    for (std::size_t first = 0; first < kRows; first += kPanelRows) {
      std::vector<Q4PanelBlock> panel(kBlocks);
      pack_panel(std::span(rows).subspan(first * kBlocks, kPanelRows * kBlocks), panel);
      multiply_panel(kernel, panel, vectors, numbers.data() + first, kRows);
    }
  }

  // numbers[place] again: one sum for each four weights of a block, and one for what is added to every weight.
  float written_out(std::size_t place) const {
    const std::size_t row = place % kRows;
    const std::size_t v = place / kRows;
    std::array<float, 8> sums{};
    float least = 0;
    for (std::size_t b = 0; b < kBlocks; ++b) {
      const Q4Block& weights = rows[row * kBlocks + b];
      const Q8Block& by = vectors[v * kBlocks + b];
      const float scale = of_half(weights.scale) * by.scale;
      for (std::size_t i = 0; i < kBlockWeights; i += 4) {
        int dot = 0;
        for (std::size_t k = i; k < i + 4; ++k) dot += step_of(weights, k) * by.values[k];
        sums[i / 4] = std::fma(scale, static_cast<float>(dot), sums[i / 4]);
      }
      least = std::fma(of_half(weights.least), by.sum, least);
    }
    const auto pair = [&](std::size_t i) { return sums[i] + sums[i + 4]; };
    return ((pair(0) + pair(2)) + (pair(1) + pair(3))) + least;
  }
};

std::uint32_t bits(float number) { return std::bit_cast<std::uint32_t>(number); }

std::vector<PanelKernel> kernels() {
  switch (best_panel_kernel()) {
    case PanelKernel::none: return {};
    case PanelKernel::avx2: return {PanelKernel::avx2};
    case PanelKernel::avx512: return {PanelKernel::avx2, PanelKernel::avx512};
  }
  return {};
}

TEST(Q4Panels, RoundedVectorsAreTheNumbersWithin127StepsOfEachBlock) {
  if (kernels().empty()) return;  // the program then multiplies by llama.cpp's own routines
  const std::vector<float> numbers = some_vectors(1);
  std::vector<Q8Block> blocks(kBlocks);
  round_to_blocks(numbers.data(), blocks);

  for (std::size_t b = 0; b < kBlocks; ++b) {
    double sum = 0;
    int greatest = 0;
    for (std::size_t i = 0; i < kBlockWeights; ++i) {
      const double read = double{blocks[b].scale} * blocks[b].values[i];
      EXPECT_NEAR(read, numbers[b * kBlockWeights + i], 0.6 * blocks[b].scale);
      sum += read;
      greatest = std::max(greatest, std::abs(int{blocks[b].values[i]}));
    }
    EXPECT_EQ(greatest, 127);
    EXPECT_NEAR(blocks[b].sum, sum, 1e-3 * std::abs(sum) + 1e-4);
  }
}

TEST(Q4Panels, ABlockOfZerosStaysZero) {
  if (kernels().empty()) return;
  std::vector<Q8Block> blocks(1);
  round_to_blocks(std::vector<float>(kBlockWeights, 0.0F).data(), blocks);
  EXPECT_EQ(blocks[0].scale, 0.0F);
  EXPECT_EQ(blocks[0].sum, 0.0F);
  for (const std::int8_t value : blocks[0].values) EXPECT_EQ(value, 0);
}

TEST(Q4Panels, AProductHasTheBitsOfTheSumWrittenOut) {
  for (const PanelKernel kernel : kernels()) {
    for (std::size_t count = 1; count <= 7; ++count) {  // four, two and one at once
      const Product product(kernel, count);
      for (std::size_t place = 0; place < product.numbers.size(); ++place)
        ASSERT_EQ(bits(product.numbers[place]), bits(product.written_out(place))) << count << " " << place;
    }
  }
}

// 15 * 127 in every place is the most that a pair of products can reach.
TEST(Q4Panels, TheGreatestWeightsDoNotOverflow) {
  const std::vector<float> vector(kBlockWeights, -2.0F);
  std::vector<Q8Block> rounded(1);
  for (const PanelKernel kernel : kernels()) {
    round_to_blocks(vector.data(), rounded);
    std::vector<Q4Block> rows(kPanelRows);
    for (Q4Block& row : rows) {
      row.scale = 0x3C00;  // 1
      row.pairs.fill(0xFF);
    }
    std::vector<Q4PanelBlock> panel(1);
    pack_panel(rows, panel);
    std::vector<float> product(kPanelRows);
    multiply_panel(kernel, panel, rounded, product.data(), kPanelRows);
    for (const float number : product) EXPECT_NEAR(number, -15.0F * 2 * 32, 0.5);
  }
}

}  // namespace
}  // namespace heretix
