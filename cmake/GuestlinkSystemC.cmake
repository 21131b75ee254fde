# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
#
#   guestlink::systemc_kernel  Accellera's SystemC with TLM-2.0
#
# Found by its own CMake package (a build of SystemC 2.3 or 3.0) or else by pkg-config (Debian).
include_guard(GLOBAL)

add_library(guestlink_systemc_kernel INTERFACE)
add_library(guestlink::systemc_kernel ALIAS guestlink_systemc_kernel)
find_package(SystemCLanguage CONFIG QUIET)
if(TARGET SystemC::systemc)
  set(systemc SystemC::systemc)
else()
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(SYSTEMC REQUIRED IMPORTED_TARGET systemc)
  set(systemc PkgConfig::SYSTEMC)
  # The library names the C++ standard it was built for in a symbol: Debian's is C++17, which C++20
  # links with if it says so.
  target_compile_definitions(guestlink_systemc_kernel INTERFACE SC_CPLUSPLUS=201703L)
endif()
target_link_libraries(guestlink_systemc_kernel INTERFACE ${systemc})
# sc_spawn with functions, which the convenience sockets of TLM use.
target_compile_definitions(guestlink_systemc_kernel INTERFACE SC_INCLUDE_DYNAMIC_PROCESSES)
