# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
#
# Options of the build, and INTERFACE targets that carry compiler settings:
#   guestlink::warnings    warnings, fatal; linked PRIVATE by our own targets, never by Verilator's
#   guestlink::sanitizers  what GUESTLINK_SANITIZE names; empty otherwise
include_guard(GLOBAL)

option(GUESTLINK_BUILD_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(GUESTLINK_BUILD_BENCH "Build the benchmarks" ${PROJECT_IS_TOP_LEVEL})
option(GUESTLINK_INSTALL "Define the install step" ${PROJECT_IS_TOP_LEVEL})
set(GUESTLINK_SANITIZE "" CACHE STRING "Sanitizers for the whole build, e.g. address,undefined")

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(GUESTLINK_CCACHE ccache)
if(PROJECT_IS_TOP_LEVEL AND GUESTLINK_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${GUESTLINK_CCACHE}")
  set(CMAKE_C_COMPILER_LAUNCHER "${GUESTLINK_CCACHE}")
endif()

add_library(guestlink_warnings INTERFACE)
add_library(guestlink::warnings ALIAS guestlink_warnings)
target_compile_options(guestlink_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Werror)

add_library(guestlink_sanitizers INTERFACE)
add_library(guestlink::sanitizers ALIAS guestlink_sanitizers)
if(GUESTLINK_SANITIZE)
  target_compile_options(guestlink_sanitizers INTERFACE
    -fsanitize=${GUESTLINK_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(guestlink_sanitizers INTERFACE -fsanitize=${GUESTLINK_SANITIZE})
  # GCC 12 takes instrumented code of the standard library for uses of uninitialized variables.
  target_compile_options(guestlink_warnings INTERFACE -Wno-maybe-uninitialized)
endif()
