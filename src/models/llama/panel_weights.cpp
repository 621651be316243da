#include "models/llama/panel_weights.hpp"

#include <ggml-cpu.h>
#include <ggml-cpu/traits.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "models/matrix/q4_panels.hpp"

namespace heretix {
namespace {

std::size_t blocks_of_row(const ggml_tensor* matrix) { return static_cast<std::size_t>(matrix->ne[0]) / kBlockWeights; }

std::size_t panels_of(const ggml_tensor* matrix) { return static_cast<std::size_t>(matrix->ne[1]) / kPanelRows; }

std::size_t vectors_of(const ggml_tensor* operand) { return static_cast<std::size_t>(ggml_nrows(operand)); }

bool fits_panels(const ggml_tensor* matrix) {
  const auto columns = static_cast<std::size_t>(matrix->ne[0]);
  const auto rows = static_cast<std::size_t>(matrix->ne[1]);
  return matrix->type == GGML_TYPE_Q4_1 && ggml_n_dims(matrix) == 2 && columns % kBlockWeights == 0 &&
         rows % kPanelRows == 0;
}

// Vector `v` of a tensor whose rows may stand apart.
template <typename T>
T* row_of(const ggml_tensor* tensor, std::size_t v) {
  const auto i = static_cast<std::int64_t>(v);
  const std::int64_t i1 = i % tensor->ne[1];
  const std::int64_t i2 = i / tensor->ne[1] % tensor->ne[2];
  const std::int64_t i3 = i / tensor->ne[1] / tensor->ne[2];
  const auto offset = static_cast<std::size_t>(i1) * tensor->nb[1] + static_cast<std::size_t>(i2) * tensor->nb[2] +
                      static_cast<std::size_t>(i3) * tensor->nb[3];
  return reinterpret_cast<T*>(static_cast<char*>(tensor->data) + offset);
}

// The product of a matrix in panels and the vectors of another tensor.
class PanelProduct : public ggml::cpu::tensor_traits {
 public:
  explicit PanelProduct(PanelKernel kernel) : kernel_(kernel) {}

  bool work_size(int, const ggml_tensor* product, std::size_t& size) override {
    size = vectors_of(product->src[1]) * blocks_of_row(product->src[0]) * sizeof(Q8Block);
    return true;
  }

  // Called by each of the threads, which share the work by turns.
  bool compute_forward(ggml_compute_params* params, ggml_tensor* product) override {
    const ggml_tensor* matrix = product->src[0];
    const ggml_tensor* operand = product->src[1];
    const std::size_t blocks = blocks_of_row(matrix);
    const std::span rounded(static_cast<Q8Block*>(params->wdata), vectors_of(operand) * blocks);

    const auto thread = static_cast<std::size_t>(params->ith);
    const auto threads = static_cast<std::size_t>(params->nth);
    for (std::size_t v = thread; v < vectors_of(operand); v += threads)
      round_to_blocks(row_of<const float>(operand, v), rounded.subspan(v * blocks, blocks));
    ggml_barrier(params->threadpool);

    // The vectors of one row of the product's second dimension stand in equal distances.
    const std::span panels(static_cast<const Q4PanelBlock*>(matrix->data), panels_of(matrix) * blocks);
    const auto together = static_cast<std::size_t>(product->ne[1]);
    const std::size_t stride = product->nb[1] / sizeof(float);
    for (std::size_t panel = thread; panel < panels_of(matrix); panel += threads) {
      for (std::size_t v = 0; v < vectors_of(operand); v += together) {
        multiply_panel(kernel_, panels.subspan(panel * blocks, blocks), rounded.subspan(v * blocks, together * blocks),
                       row_of<float>(product, v) + panel * kPanelRows, stride);
      }
    }
    return true;
  }

 private:
  PanelKernel kernel_;
};

PanelProduct& panel_product() {
  static PanelProduct product(best_panel_kernel());
  return product;
}

ggml_backend_buffer_type_t panel_memory();

// What llama.cpp asks before it puts a matrix here, and before it multiplies.
class PanelMemory : public ggml::cpu::extra_buffer_type {
 public:
  bool supports_op(ggml_backend_dev_t, const ggml_tensor* op) override {
    if (!is_product(op) || !fits_panels(op->src[0])) return false;
    const ggml_tensor* operand = op->src[1];
    const bool in_memory = operand->buffer == nullptr || ggml_backend_buft_is_host(operand->buffer->buft);
    return in_memory && operand->type == GGML_TYPE_F32 && operand->nb[0] == sizeof(float);
  }

  ggml::cpu::tensor_traits* get_tensor_traits(const ggml_tensor* op) override {
    return is_product(op) ? &panel_product() : nullptr;
  }

 private:
  static bool is_product(const ggml_tensor* op) {
    return op->op == GGML_OP_MUL_MAT && op->src[0]->buffer != nullptr && op->src[0]->buffer->buft == panel_memory();
  }
};

void put_into_panels(ggml_backend_buffer_t, ggml_tensor* matrix, const void* data, std::size_t offset,
                     std::size_t size) {
  GGML_ASSERT(offset == 0 && size == ggml_nbytes(matrix));  // llama.cpp hands matrices over whole
  const std::size_t blocks = blocks_of_row(matrix);
  const std::span rows(static_cast<const Q4Block*>(data), panels_of(matrix) * kPanelRows * blocks);
  const std::span panels(static_cast<Q4PanelBlock*>(matrix->data), panels_of(matrix) * blocks);
  for (std::size_t panel = 0; panel < panels_of(matrix); ++panel) {
    pack_panel(rows.subspan(panel * kPanelRows * blocks, kPanelRows * blocks), panels.subspan(panel * blocks, blocks));
  }
}

ggml_backend_buffer_t memory_for_panels(ggml_backend_buffer_type_t type, std::size_t size) {
  ggml_backend_buffer_t buffer = ggml_backend_buft_alloc_buffer(ggml_backend_cpu_buffer_type(), size);
  if (buffer == nullptr) return nullptr;
  buffer->buft = type;
  buffer->iface.set_tensor = put_into_panels;
  buffer->iface.get_tensor = nullptr;
  buffer->iface.cpy_tensor = nullptr;
  return buffer;
}

ggml_backend_buffer_type_t panel_memory() {
  static PanelMemory memory;
  static ggml_backend_buffer_type type{
      .iface = {.get_name = [](ggml_backend_buffer_type_t) { return "panels"; },
                .alloc_buffer = memory_for_panels,
                .get_alignment = [](ggml_backend_buffer_type_t) -> std::size_t { return 64; },
                .get_max_size = nullptr,
                .get_alloc_size = nullptr,
                .is_host = nullptr},
      .device = ggml_backend_reg_dev_get(ggml_backend_cpu_reg(), 0),
      .context = static_cast<ggml::cpu::extra_buffer_type*>(&memory),
  };
  return &type;
}

}  // namespace

void keep_weights_in_panels() {
  static const bool done = [] {
    if (best_panel_kernel() != PanelKernel::none) ggml_backend_cpu_get_extra_buffer_types().push_back(panel_memory());
    return true;
  }();
  (void)done;
}

}  // namespace heretix
