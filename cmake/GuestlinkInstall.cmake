# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
#
# What `cmake --install` puts down: the libraries and headers, `find_package(guestlink)` with the
# targets guestlink::memory, ::dpi and ::dpi_shared (svdpi.h is the simulator's), the SystemVerilog
# with its file lists under share/guestlink, guestlink-sim and guestlink.
include_guard(GLOBAL)
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(guestlink_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/guestlink")
set_target_properties(guestlink_memory PROPERTIES EXPORT_NAME memory)
set_target_properties(guestlink_dpi_shared PROPERTIES EXPORT_NAME dpi_shared)
set_target_properties(guestlink_dpi PROPERTIES EXPORT_NAME dpi)
install(TARGETS guestlink_memory guestlink_dpi guestlink_dpi_shared EXPORT guestlinkTargets)
install(EXPORT guestlinkTargets NAMESPACE guestlink:: DESTINATION "${guestlink_package_dir}")
install(DIRECTORY dpi/include/guestlink DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(FILES dpi/shim/guestlink_dpi.h dpi/shim/guestlink_endpoints.h dpi/shim/guestlink_handles.h
  DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
set(guestlink_sv_dir "${CMAKE_INSTALL_DATADIR}/guestlink")
install(DIRECTORY dpi/sv DESTINATION "${guestlink_sv_dir}/dpi"
  FILES_MATCHING PATTERN "*.sv" PATTERN "*.f")
install(DIRECTORY rtl DESTINATION "${guestlink_sv_dir}" FILES_MATCHING PATTERN "*.sv" PATTERN "*.f")
if(TARGET guestlink-sim)
  install(TARGETS guestlink-sim guestlink RUNTIME)
endif()

write_basic_package_version_file("${PROJECT_BINARY_DIR}/guestlinkConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
file(WRITE "${PROJECT_BINARY_DIR}/guestlinkConfig.cmake"
  "include(CMakeFindDependencyMacro)\nfind_dependency(Threads)\n"
  "include(\"\${CMAKE_CURRENT_LIST_DIR}/guestlinkTargets.cmake\")\n")
install(FILES "${PROJECT_BINARY_DIR}/guestlinkConfig.cmake"
  "${PROJECT_BINARY_DIR}/guestlinkConfigVersion.cmake" DESTINATION "${guestlink_package_dir}")
