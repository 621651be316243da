# Warnings, sanitizers and the floating-point rule, for our own targets only.
add_library(heretix_options INTERFACE)
target_compile_options(heretix_options INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Werror
  # These misfire in g++ 12 on std::string's own operator+ and on a std::variant that holds one (GCC bugs 105329,
  # 105651 and 80635); the sanitizers watch for the real thing.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict> $<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-overflow> $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>
  # A precompiled header of clang holds the times of what it was made from, so that ccache would find nothing in another tree.
  "$<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>"
  # In a unity build a class of one source has members of another source that are private to it (GCC).
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<BOOL:${CMAKE_UNITY_BUILD}>>:-Wno-subobject-linkage>
  # Published log-odds must be equal to the bit everywhere: no fused multiply-add (docs/estimator.md).
  -ffp-contract=off)
if(HERETIX_SANITIZE)
  target_compile_options(heretix_options INTERFACE -fsanitize=${HERETIX_SANITIZE} -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  target_link_options(heretix_options INTERFACE -fsanitize=${HERETIX_SANITIZE})
endif()
if(HERETIX_FUZZ)
  target_compile_options(heretix_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# Only where the build is optimised: sanitizers watch memory in their own way.
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT HERETIX_SANITIZE AND NOT HERETIX_FUZZ)
  include(hardening)
  target_compile_options(heretix_options INTERFACE -fPIE ${HERETIX_HARDENING})
  target_link_options(heretix_options INTERFACE -pie ${HERETIX_HARDENING_LINK})
endif()

find_program(CCACHE ccache)
if(CCACHE)
  # Paths are hashed relative to the tree, so that a second checkout finds what the first compiled; a precompiled header is
  # not looked up by its time.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
endif()

set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")  # CMake's default of -O3 builds longer
