// Functions of a shared library that is loaded when the first of them is called: libcurl and libpq bring thirty
// libraries between them, and most commands need neither (measured: 6 ms and 8 ms of every start).
#pragma once

#include <dlfcn.h>

#include <atomic>
#include <string>
#include <utility>

#include "base/error.hpp"

namespace heretix {

// A function's name and the library that holds it, as dlopen(3) and dlsym(3) take them.
struct LibrarySymbol {
  const char* library;
  const char* name;
};

// `Function` is the pointer's type, e.g. decltype(&::PQclear). May be called from several threads. Throws
// Error{broken} naming the library and the function that is not there.
template <class Function>
class LazyFunction {
 public:
  constexpr explicit LazyFunction(LibrarySymbol symbol) : symbol_(symbol) {}

  template <class... Arguments>
  auto operator()(Arguments&&... arguments) {
    Function function = found_.load(std::memory_order_acquire);
    if (function == nullptr) found_.store(function = find(), std::memory_order_release);
    return function(std::forward<Arguments>(arguments)...);
  }

 private:
  Function find() const {
    void* library = ::dlopen(symbol_.library, RTLD_NOW | RTLD_LOCAL);  // a repeated call only counts a reference
    void* symbol = library == nullptr ? nullptr : ::dlsym(library, symbol_.name);
    if (symbol == nullptr) {
      throw Error(ErrorKind::broken, std::string("cannot load ") + symbol_.name + ": " + ::dlerror(),
                  "install the library again: tools/setup.sh build");
    }
    return reinterpret_cast<Function>(symbol);
  }

  LibrarySymbol symbol_;
  std::atomic<Function> found_{nullptr};
};

}  // namespace heretix

// Within namespace heretix the function's own name then means the lazy one.
// A declared name cannot stand in parentheses.
// NOLINTBEGIN(bugprone-macro-parentheses)
#define HERETIX_LAZY_FUNCTION(from, function)                     \
  inline constinit LazyFunction<decltype(&::function)> function { \
    LibrarySymbol { .library = (from), .name = #function }        \
  }
// NOLINTEND(bugprone-macro-parentheses)
