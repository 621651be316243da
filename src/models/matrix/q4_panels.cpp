#include "models/matrix/q4_panels.hpp"

#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace heretix {

void pack_panel(std::span<const Q4Block> rows, std::span<Q4PanelBlock> panel) {
  constexpr std::size_t kWord = 4;  // bytes
  for (std::size_t b = 0; b < panel.size(); ++b) {
    Q4PanelBlock& packed = panel[b];
    for (std::size_t row = 0; row < kPanelRows; ++row) {
      const Q4Block& block = rows[row * panel.size() + b];
      packed.scales[row] = block.scale;
      packed.least[row] = block.least;
      for (std::size_t i = 0; i < block.pairs.size(); ++i)
        packed.pairs[kWord * (kPanelRows * (i / kWord) + row) + i % kWord] = block.pairs[i];
    }
  }
}

#if defined(__x86_64__)

// Compiled for a processor that has these; best_panel_kernel() says whether this one has.
#define HERETIX_AVX2 [[gnu::target("avx2,fma,f16c")]]
#define HERETIX_AVX512 [[gnu::target("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512vnni")]]

namespace {

constexpr std::size_t kWords = 4;  // of a block: 4 bytes each, which hold 8 weights

// llama.cpp adds the products of a block up in eight sums, each of the 4 weights of half a word: the lower halves are
// the sums 0 to 3, the upper ones 4 to 7. Here each half is a pass over the panel, because registers hold no more sums.
enum class Half { lower, upper };

// In the loops below the sums of several vectors are registers, because the compiler is told to write the loops out.

// Four of a vector's numbers, for every row.
std::int32_t word_of(const Q8Block& block, std::size_t word) {
  std::int32_t four;
  std::memcpy(&four, block.values.data() + 4 * word, sizeof(four));
  return four;
}

HERETIX_AVX2 float rounded_to_half(float number) { return _cvtsh_ss(_cvtss_sh(number, _MM_FROUND_TO_NEAREST_INT)); }

HERETIX_AVX2 float greatest_of(__m256 numbers) {
  __m128 greatest = _mm_max_ps(_mm256_castps256_ps128(numbers), _mm256_extractf128_ps(numbers, 1));
  greatest = _mm_max_ps(greatest, _mm_movehl_ps(greatest, greatest));
  return _mm_cvtss_f32(_mm_max_ss(greatest, _mm_movehdup_ps(greatest)));
}

HERETIX_AVX2 int sum_of(__m256i numbers) {
  __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(numbers), _mm256_extracti128_si256(numbers, 1));
  sum = _mm_add_epi32(sum, _mm_unpackhi_epi64(sum, sum));
  return _mm_cvtsi128_si32(_mm_add_epi32(sum, _mm_shuffle_epi32(sum, 1)));
}

HERETIX_AVX2 void round_block(const float* numbers, Q8Block& out) {
  __m256 eights[4];
  __m256 greatest = _mm256_setzero_ps();
  for (std::size_t i = 0; i < 4; ++i) {
    eights[i] = _mm256_loadu_ps(numbers + 8 * i);
    greatest = _mm256_max_ps(greatest, _mm256_andnot_ps(_mm256_set1_ps(-0.0F), eights[i]));
  }

  // 127 steps on either side of zero.
  const float most = greatest_of(greatest);
  const float step = most / 127.0F;
  const __m256 per_step = _mm256_set1_ps(most == 0.0F ? 0.0F : 127.0F / most);
  __m256i steps[4];
  for (std::size_t i = 0; i < 4; ++i)
    steps[i] = _mm256_cvtps_epi32(_mm256_round_ps(_mm256_mul_ps(eights[i], per_step), _MM_FROUND_TO_NEAREST_INT));

  const __m256i sums = _mm256_add_epi32(_mm256_add_epi32(steps[0], steps[1]), _mm256_add_epi32(steps[2], steps[3]));
  out.scale = rounded_to_half(step);
  out.sum = rounded_to_half(step * static_cast<float>(sum_of(sums)));

  // Packing goes by halves of a register, so the words stand in the order 0 4 1 5 2 6 3 7 until the end.
  const __m256i packed =
      _mm256_packs_epi16(_mm256_packs_epi32(steps[0], steps[1]), _mm256_packs_epi32(steps[2], steps[3]));
  const __m256i in_order = _mm256_permutevar8x32_epi32(packed, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out.values.data()), in_order);
}

// The four sums of 8 rows of a panel, from `first` on, for each of the vectors.
template <Half kHalf, std::size_t kVectors>
HERETIX_AVX2 void add_up_8_rows(std::span<const Q4PanelBlock> panel, std::size_t first, const Q8Block* vectors,
                                __m256 (&result)[kVectors][kWords]) {
  __m256 sums[kVectors][kWords] = {};
  const __m256i lower_half = _mm256_set1_epi8(15);
  const __m256i ones = _mm256_set1_epi16(1);

  for (std::size_t b = 0; b < panel.size(); ++b) {
    const Q4PanelBlock& block = panel[b];
    const auto* halves = reinterpret_cast<const __m128i*>(block.scales.data() + first);
    const __m256 scales = _mm256_cvtph_ps(_mm_loadu_si128(halves));
    __m256 scaled[kVectors];
#pragma GCC unroll 8
    for (std::size_t v = 0; v < kVectors; ++v)
      scaled[v] = _mm256_mul_ps(scales, _mm256_set1_ps(vectors[v * panel.size() + b].scale));

#pragma GCC unroll 4
    for (std::size_t word = 0; word < kWords; ++word) {
      const auto* at = block.pairs.data() + 4 * (kPanelRows * word + first);
      __m256i weights = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
      if constexpr (kHalf == Half::upper) weights = _mm256_srli_epi16(weights, 4);
      weights = _mm256_and_si256(weights, lower_half);

      constexpr std::size_t kFirstWord = kHalf == Half::upper ? kWords : 0;
#pragma GCC unroll 8
      for (std::size_t v = 0; v < kVectors; ++v) {
        const __m256i numbers = _mm256_set1_epi32(word_of(vectors[v * panel.size() + b], kFirstWord + word));
        const __m256i dots = _mm256_madd_epi16(_mm256_maddubs_epi16(weights, numbers), ones);
        sums[v][word] = _mm256_fmadd_ps(scaled[v], _mm256_cvtepi32_ps(dots), sums[v][word]);
      }
    }
  }
  std::memcpy(result, sums, sizeof(sums));
}

template <std::size_t kVectors>
HERETIX_AVX2 void multiply_8_rows(std::span<const Q4PanelBlock> panel, std::size_t first, const Q8Block* vectors,
                                  float* product, std::size_t stride) {
  __m256 lower[kVectors][kWords];
  __m256 upper[kVectors][kWords];
  add_up_8_rows<Half::lower>(panel, first, vectors, lower);
  add_up_8_rows<Half::upper>(panel, first, vectors, upper);

  for (std::size_t v = 0; v < kVectors; ++v) {
    __m256 least = _mm256_setzero_ps();
    for (std::size_t b = 0; b < panel.size(); ++b) {
      const auto* halves = reinterpret_cast<const __m128i*>(panel[b].least.data() + first);
      const __m256 sum = _mm256_set1_ps(vectors[v * panel.size() + b].sum);
      least = _mm256_fmadd_ps(_mm256_cvtph_ps(_mm_loadu_si128(halves)), sum, least);
    }

    __m256 sums[kWords];
    for (std::size_t word = 0; word < kWords; ++word) sums[word] = _mm256_add_ps(lower[v][word], upper[v][word]);
    const __m256 all = _mm256_add_ps(_mm256_add_ps(sums[0], sums[2]), _mm256_add_ps(sums[1], sums[3]));
    _mm256_storeu_ps(product + v * stride + first, _mm256_add_ps(all, least));
  }
}

template <std::size_t kVectors>
HERETIX_AVX2 void multiply_avx2(std::span<const Q4PanelBlock> panel, const Q8Block* vectors, float* product,
                                std::size_t stride) {
  multiply_8_rows<kVectors>(panel, 0, vectors, product, stride);
  multiply_8_rows<kVectors>(panel, 8, vectors, product, stride);
}

// The same for all 16 rows at once.
template <Half kHalf, std::size_t kVectors>
HERETIX_AVX512 void add_up_16_rows(std::span<const Q4PanelBlock> panel, const Q8Block* vectors,
                                   __m512 (&result)[kVectors][kWords]) {
  __m512 sums[kVectors][kWords] = {};
  const __m512i lower_half = _mm512_set1_epi8(15);

  for (std::size_t b = 0; b < panel.size(); ++b) {
    const Q4PanelBlock& block = panel[b];
    const auto* halves = reinterpret_cast<const __m256i*>(block.scales.data());
    const __m512 scales = _mm512_cvtph_ps(_mm256_loadu_si256(halves));
    __m512 scaled[kVectors];
#pragma GCC unroll 8
    for (std::size_t v = 0; v < kVectors; ++v)
      scaled[v] = _mm512_mul_ps(scales, _mm512_set1_ps(vectors[v * panel.size() + b].scale));

#pragma GCC unroll 4
    for (std::size_t word = 0; word < kWords; ++word) {
      __m512i weights = _mm512_loadu_si512(block.pairs.data() + 4 * kPanelRows * word);
      if constexpr (kHalf == Half::upper) weights = _mm512_srli_epi16(weights, 4);
      weights = _mm512_and_si512(weights, lower_half);

      constexpr std::size_t kFirstWord = kHalf == Half::upper ? kWords : 0;
#pragma GCC unroll 8
      for (std::size_t v = 0; v < kVectors; ++v) {
        const __m512i numbers = _mm512_set1_epi32(word_of(vectors[v * panel.size() + b], kFirstWord + word));
        const __m512i dots = _mm512_dpbusd_epi32(_mm512_setzero_si512(), weights, numbers);
        sums[v][word] = _mm512_fmadd_ps(scaled[v], _mm512_cvtepi32_ps(dots), sums[v][word]);
      }
    }
  }
  std::memcpy(result, sums, sizeof(sums));
}

template <std::size_t kVectors>
HERETIX_AVX512 void multiply_avx512(std::span<const Q4PanelBlock> panel, const Q8Block* vectors, float* product,
                                    std::size_t stride) {
  __m512 lower[kVectors][kWords];
  __m512 upper[kVectors][kWords];
  add_up_16_rows<Half::lower>(panel, vectors, lower);
  add_up_16_rows<Half::upper>(panel, vectors, upper);

  for (std::size_t v = 0; v < kVectors; ++v) {
    __m512 least = _mm512_setzero_ps();
    for (std::size_t b = 0; b < panel.size(); ++b) {
      const auto* halves = reinterpret_cast<const __m256i*>(panel[b].least.data());
      const __m512 sum = _mm512_set1_ps(vectors[v * panel.size() + b].sum);
      least = _mm512_fmadd_ps(_mm512_cvtph_ps(_mm256_loadu_si256(halves)), sum, least);
    }

    __m512 sums[kWords];
    for (std::size_t word = 0; word < kWords; ++word) sums[word] = _mm512_add_ps(lower[v][word], upper[v][word]);
    const __m512 all = _mm512_add_ps(_mm512_add_ps(sums[0], sums[2]), _mm512_add_ps(sums[1], sums[3]));
    _mm512_storeu_ps(product + v * stride, _mm512_add_ps(all, least));
  }
}

using Multiply = void (*)(std::span<const Q4PanelBlock>, const Q8Block*, float*, std::size_t);

// As many vectors at once as registers hold their sums, then the rest by halves.
struct Multiplies {
  Multiply one, two, four;
};
constexpr Multiplies kAvx2 = {&multiply_avx2<1>, &multiply_avx2<2>, nullptr};
constexpr Multiplies kAvx512 = {&multiply_avx512<1>, &multiply_avx512<2>, &multiply_avx512<4>};

}  // namespace

PanelKernel best_panel_kernel() {
  // Every processor with AVX2 has F16C, which not every compiler can ask for.
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return PanelKernel::none;
  const bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
  return wide ? PanelKernel::avx512 : PanelKernel::avx2;
}

void round_to_blocks(const float* vector, std::span<Q8Block> out) {
  for (std::size_t b = 0; b < out.size(); ++b) round_block(vector + kBlockWeights * b, out[b]);
}

void multiply_panel(PanelKernel kernel, std::span<const Q4PanelBlock> panel, std::span<const Q8Block> vectors,
                    float* product, std::size_t stride) {
  const Multiplies& by = kernel == PanelKernel::avx512 ? kAvx512 : kAvx2;
  std::size_t left = vectors.size() / panel.size();
  const Q8Block* next = vectors.data();
  const auto multiply = [&](Multiply some, std::size_t count) {
    some(panel, next, product, stride);
    next += count * panel.size();
    product += count * stride;
    left -= count;
  };

  while (by.four != nullptr && left >= 4) multiply(by.four, 4);
  while (left >= 2) multiply(by.two, 2);
  if (left == 1) multiply(by.one, 1);
}

#else

PanelKernel best_panel_kernel() { return PanelKernel::none; }
void round_to_blocks(const float*, std::span<Q8Block>) {}
void multiply_panel(PanelKernel, std::span<const Q4PanelBlock>, std::span<const Q8Block>, float*, std::size_t) {}

#endif

}  // namespace heretix
