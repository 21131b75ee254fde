# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
#
# guestlink_verilate(TARGET TOP module FILELISTS a.f b.f
#                    [SOURCES x.sv ...] [ARGS -GWidth=64 ...] [TRACE | TRACE_VCD] [SYSTEMC])
#
# Makes the static library TARGET with the Verilated model of `module` as class V<TARGET>, built
# from the file lists (the same that other simulators read with -F). TRACE adds FST, TRACE_VCD adds
# VCD. SYSTEMC makes it an sc_module with the ports of the top as pins. Warnings are fatal, as in
# lint. The library carries Verilator's runtime; our warnings do not apply to it, and no sanitizer
# looks into it, which would take most of a sanitizer build's time for no line of ours.
include_guard(GLOBAL)
find_package(verilator HINTS $ENV{VERILATOR_ROOT} REQUIRED)
find_package(Threads REQUIRED)

# All source files that a .f list names, nested -F lists included, absolute. A path in a list is
# relative to that list and `//` starts a comment; our lists have no +incdir+ and no other option.
function(guestlink_read_file_list list_file result)
  get_filename_component(here "${list_file}" DIRECTORY)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${list_file}")
  file(STRINGS "${list_file}" lines)
  set(sources "")
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "//.*$" "" line "${line}")
    string(STRIP "${line}" line)
    if(line MATCHES "^-F +(.+)$")
      get_filename_component(nested "${CMAKE_MATCH_1}" ABSOLUTE BASE_DIR "${here}")
      guestlink_read_file_list("${nested}" more)
      list(APPEND sources ${more})
    elseif(line AND NOT line MATCHES "^[+-]")
      get_filename_component(source "${line}" ABSOLUTE BASE_DIR "${here}")
      list(APPEND sources "${source}")
    endif()
  endforeach()
  list(REMOVE_DUPLICATES sources)
  set(${result} "${sources}" PARENT_SCOPE)
endfunction()

function(guestlink_verilate target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "TRACE;TRACE_VCD;SYSTEMC" "TOP" "FILELISTS;SOURCES;ARGS")
  set(sources "")
  foreach(list_file IN LISTS arg_FILELISTS)
    get_filename_component(list_file "${list_file}" ABSOLUTE)
    guestlink_read_file_list("${list_file}" more)
    list(APPEND sources ${more})
  endforeach()
  foreach(source IN LISTS arg_SOURCES)
    get_filename_component(source "${source}" ABSOLUTE)
    list(APPEND sources "${source}")
  endforeach()
  list(REMOVE_DUPLICATES sources)
  add_library(${target} STATIC)
  # verilate() runs Verilator here, at configure time, for a model that is not there yet: seconds.
  set(model_dir "${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles/${target}.dir/V${target}.dir")
  if(NOT EXISTS "${model_dir}/V${target}_copy.cmake")
    message(NOTICE "guestlink: Verilating ${target}")
  endif()
  set(trace "")
  if(arg_TRACE)
    set(trace TRACE_FST)
  elseif(arg_TRACE_VCD)
    set(trace TRACE)
  endif()
  set(systemc "")
  if(arg_SYSTEMC)
    set(systemc SYSTEMC)
    target_link_libraries(${target} PUBLIC guestlink::systemc_kernel)
    # verilated.h takes time from SystemC if told so, which must be the same wherever it is read.
    target_compile_definitions(${target} INTERFACE VM_SC=1)
  endif()
  verilate(${target} ${trace} ${systemc} PREFIX V${target} TOP_MODULE ${arg_TOP}
    SOURCES "${PROJECT_SOURCE_DIR}/cmake/verilator.vlt" ${sources}
    VERILATOR_ARGS --assert -Wall -O3 --x-assign fast --x-initial fast --output-split 20000
      ${arg_ARGS})
  target_link_libraries(${target} PUBLIC Threads::Threads INTERFACE guestlink::sanitizers)
  if(GUESTLINK_SANITIZE)
    # Such builds do not optimise our own code, which halves the time to compile it.
    target_compile_options(${target} PRIVATE -O1)
  endif()
  # A dozen small files a model, each with the same large headers: compiling them as one, as
  # Verilator's own makefile does, halves the time. Its runtime's files are not made for that.
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 0)
  get_target_property(model_sources ${target} SOURCES)
  foreach(source IN LISTS model_sources)
    get_filename_component(name "${source}" NAME)
    if(name MATCHES "^verilated")
      set_source_files_properties("${source}" PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    endif()
  endforeach()
  # Verilator's own headers do not pass our warnings: system headers for whoever uses the model.
  get_target_property(includes ${target} INTERFACE_INCLUDE_DIRECTORIES)
  set_property(TARGET ${target} PROPERTY INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${includes}")
endfunction()
