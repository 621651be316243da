// Functions of a shared library that is loaded when the first of them is called: libcurl and libpq bring thirty
// libraries between them, and most commands need neither (measured: 6 ms and 8 ms of every start).
#pragma once

#include <dlfcn.h>

#include <atomic>
#include <string>
#include <utility>

#include "base/error.hpp"

namespace heretix {

// `Function` is the pointer's type, e.g. decltype(&::PQclear). May be called from several threads. Throws
// Error{broken} naming the library and the function that is not there.
template <class Function>
class LazyFunction {
 public:
  constexpr LazyFunction(const char* library, const char* name) : library_(library), name_(name) {}

  template <class... Arguments>
  auto operator()(Arguments&&... arguments) {
    Function function = found_.load(std::memory_order_acquire);
    if (function == nullptr) found_.store(function = find(), std::memory_order_release);
    return function(std::forward<Arguments>(arguments)...);
  }

 private:
  Function find() const {
    void* library = ::dlopen(library_, RTLD_NOW | RTLD_LOCAL);  // a repeated call only counts a reference
    void* symbol = library == nullptr ? nullptr : ::dlsym(library, name_);
    if (symbol == nullptr) {
      throw Error(ErrorKind::broken, std::string("cannot load ") + name_ + ": " + ::dlerror(),
                  "install the library again: tools/setup.sh build");
    }
    return reinterpret_cast<Function>(symbol);
  }

  const char* library_;
  const char* name_;
  std::atomic<Function> found_{nullptr};
};

}  // namespace heretix

// Within namespace heretix the function's own name then means the lazy one.
// A declared name cannot stand in parentheses.
// NOLINTBEGIN(bugprone-macro-parentheses)
#define HERETIX_LAZY_FUNCTION(library, name) \
  inline constinit LazyFunction<decltype(&::name)> name { (library), #name }
// NOLINTEND(bugprone-macro-parentheses)
