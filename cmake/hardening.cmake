# What makes a fault in memory hard to use: for the program, heretix-export and the module for Python. Sets
# HERETIX_HARDENING (compiler) and HERETIX_HARDENING_LINK. tests/cli/test_hardening.py reads the binaries.
include(CheckCXXCompilerFlag)

# _FORTIFY_SOURCE needs an optimised build; some compilers set another level of their own first.
set(HERETIX_HARDENING -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
# Landing pads and shadow stacks (CET), and no jump over the stack's guard page: not every processor has them.
foreach(flag -fcf-protection=full -fstack-clash-protection)
  string(MAKE_C_IDENTIFIER "HERETIX_HAS${flag}" has)
  check_cxx_compiler_flag(${flag} ${has})
  if(${has})
    list(APPEND HERETIX_HARDENING ${flag})
  endif()
endforeach()

# Every symbol is found at start, so that its table can be read-only from then on.
set(HERETIX_HARDENING_LINK -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
