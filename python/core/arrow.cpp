#include "arrow.hpp"

#include <algorithm>
#include <array>

// The three structures of the interface, as Arrow's documentation gives them.
extern "C" {
struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  std::int64_t flags;
  std::int64_t n_children;
  ArrowSchema** children;
  ArrowSchema* dictionary;
  void (*release)(ArrowSchema*);
  void* private_data;
};
struct ArrowArray {
  std::int64_t length;
  std::int64_t null_count;
  std::int64_t offset;
  std::int64_t n_buffers;
  std::int64_t n_children;
  const void** buffers;
  ArrowArray** children;
  ArrowArray* dictionary;
  void (*release)(ArrowArray*);
  void* private_data;
};
struct ArrowArrayStream {
  int (*get_schema)(ArrowArrayStream*, ArrowSchema*);
  int (*get_next)(ArrowArrayStream*, ArrowArray*);
  const char* (*get_last_error)(ArrowArrayStream*);
  void (*release)(ArrowArrayStream*);
  void* private_data;
};
}

namespace heretix::python {
namespace {

namespace py = pybind11;
using Shared = std::shared_ptr<const Table::Data>;

constexpr std::int64_t kNullable = 2;

const char* format_of(Type type) {
  switch (type) {
    case Type::float64: return "g";
    case Type::int64: return "l";
    case Type::boolean: return "b";
    case Type::text: return "U";
    case Type::seconds_utc: return "tss:UTC";
  }
  return "n";
}

// What a structure of ours needs until it is released: the table, and its own children.
template <class Struct>
struct Holder {
  Shared data;
  std::vector<Struct> children{};
  std::vector<Struct*> pointers{};
  std::vector<const void*> buffers{};
};

// A consumer may have moved a child away: then its release is null.
template <class Struct>
void release(Struct* released) {
  auto* holder = static_cast<Holder<Struct>*>(released->private_data);
  for (Struct& child : holder->children) {
    if (child.release != nullptr) child.release(&child);
  }
  delete holder;
  released->release = nullptr;
}

// A column, or without one the whole table as a struct of its columns.
void fill(ArrowSchema& out, const Shared& data, const Column* column);
void fill(ArrowArray& out, const Shared& data, const Column* column);

template <class Struct>
void add_children(Struct& out, Holder<Struct>& holder) {
  const std::vector<Column>& columns = holder.data->columns;
  holder.children.resize(columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    fill(holder.children[i], holder.data, &columns[i]);
    holder.pointers.push_back(&holder.children[i]);
  }
  out.n_children = static_cast<std::int64_t>(columns.size());
  out.children = holder.pointers.data();
}

void fill(ArrowSchema& out, const Shared& data, const Column* column) {
  auto* holder = new Holder<ArrowSchema>{.data = data};
  out = {column == nullptr ? "+s" : format_of(column->type),
         column == nullptr ? "" : column->name.c_str(),
         nullptr,
         column == nullptr ? 0 : kNullable,
         0,
         nullptr,
         nullptr,
         &release<ArrowSchema>,
         holder};
  if (column == nullptr) add_children(out, *holder);
}

std::vector<const void*> buffers_of(const Column& c) {
  const void* valid = c.nulls == 0 ? nullptr : c.valid.data();
  switch (c.type) {
    case Type::float64: return {valid, c.reals.data()};
    case Type::boolean: return {valid, c.bits.data()};
    case Type::text: return {valid, c.offsets.data(), c.bytes.data()};
    case Type::int64:
    case Type::seconds_utc: break;
  }
  return {valid, c.integers.data()};
}

void fill(ArrowArray& out, const Shared& data, const Column* column) {
  auto* holder = new Holder<ArrowArray>{.data = data};
  holder->buffers = column == nullptr ? std::vector<const void*>{nullptr} : buffers_of(*column);
  out = {static_cast<std::int64_t>(data->rows),
         column == nullptr ? 0 : column->nulls,
         0,
         static_cast<std::int64_t>(holder->buffers.size()),
         0,
         holder->buffers.data(),
         nullptr,
         nullptr,
         &release<ArrowArray>,
         holder};
  if (column == nullptr) add_children(out, *holder);
}

struct OneBatch {
  Shared data;
  bool is_read = false;
};

ArrowArrayStream* stream_of(const Shared& data) {
  const auto get_schema = [](ArrowArrayStream* stream, ArrowSchema* out) {
    fill(*out, static_cast<OneBatch*>(stream->private_data)->data, nullptr);
    return 0;
  };
  const auto get_next = [](ArrowArrayStream* stream, ArrowArray* out) {
    auto* batch = static_cast<OneBatch*>(stream->private_data);
    if (batch->is_read) *out = {};
    else fill(*out, batch->data, nullptr);
    batch->is_read = true;
    return 0;
  };
  const auto last_error = [](ArrowArrayStream*) -> const char* { return nullptr; };
  const auto released = [](ArrowArrayStream* stream) {
    delete static_cast<OneBatch*>(stream->private_data);
    stream->release = nullptr;
  };
  return new ArrowArrayStream{get_schema, get_next, last_error, released, new OneBatch{data}};
}

// The capsule owns the structure; whoever imports it takes over what is in it.
template <class Struct>
py::object capsule(Struct* owned, const char* name) {
  const auto destroy = [](PyObject* object) {
    auto* held = static_cast<Struct*>(PyCapsule_GetPointer(object, PyCapsule_GetName(object)));
    if (held->release != nullptr) held->release(held);
    delete held;
  };
  return py::reinterpret_steal<py::object>(PyCapsule_New(owned, name, destroy));
}

template <class Struct>
py::object filled(const Shared& data, const char* name) {
  auto* out = new Struct{};
  fill(*out, data, nullptr);
  return capsule(out, name);
}

void set_bit(std::vector<std::uint8_t>& bits, std::size_t at, bool value) {
  if (at / 8 == bits.size()) bits.push_back(0);
  if (value) bits[at / 8] = static_cast<std::uint8_t>(bits[at / 8] | 1U << at % 8);
}

}  // namespace

void Column::add_valid(bool is_valid) {
  set_bit(valid, rows++, is_valid);
  if (!is_valid) ++nulls;
}

void Column::add_null() {
  if (type == Type::float64) reals.push_back(0);
  if (type == Type::int64 || type == Type::seconds_utc) integers.push_back(0);
  if (type == Type::boolean) set_bit(bits, rows, false);
  if (type == Type::text) offsets.push_back(offsets.back());
  add_valid(false);
}
void Column::add(double value) {
  reals.push_back(value);
  add_valid(true);
}
void Column::add(std::int64_t value) {
  integers.push_back(value);
  add_valid(true);
}
void Column::add(bool value) {
  set_bit(bits, rows, value);
  add_valid(true);
}
void Column::add(std::string_view value) {
  bytes += value;
  offsets.push_back(static_cast<std::int64_t>(bytes.size()));
  add_valid(true);
}

Table::Table(std::vector<Column> columns) {
  const std::size_t rows = columns.empty() ? 0 : columns[0].rows;
  data_ = std::make_shared<const Data>(Data{std::move(columns), rows});
}

std::vector<std::string> Table::names() const {
  std::vector<std::string> names;
  for (const Column& c : data_->columns) names.push_back(c.name);
  return names;
}

const Column& Table::column(const std::string& name) const {
  const auto found = std::ranges::find(data_->columns, name, &Column::name);
  if (found == data_->columns.end()) throw py::key_error("the table has no column '" + name + "'");
  return *found;
}

py::object Table::schema() const { return filled<ArrowSchema>(data_, "arrow_schema"); }
py::tuple Table::array() const { return py::make_tuple(schema(), filled<ArrowArray>(data_, "arrow_array")); }
py::object Table::stream() const { return capsule(stream_of(data_), "arrow_array_stream"); }

}  // namespace heretix::python
