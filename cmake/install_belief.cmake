# heretix::belief for other programs: find_package(heretix), include/heretix and the library (examples/cpp). A component
# of its own: cmake --install build/release --component development
include(CMakePackageConfigHelpers)
set(heretix_package ${CMAKE_INSTALL_LIBDIR}/cmake/heretix)

install(TARGETS heretix_belief EXPORT heretix ARCHIVE COMPONENT development)
install(EXPORT heretix NAMESPACE heretix:: DESTINATION ${heretix_package} COMPONENT development)
foreach(room base belief)
  install(DIRECTORY ${CMAKE_SOURCE_DIR}/src/${room} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/heretix COMPONENT development
    FILES_MATCHING PATTERN "*.hpp" PATTERN "*_test.hpp" EXCLUDE)
endforeach()

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/heretix-config.cmake.in ${CMAKE_BINARY_DIR}/heretix-config.cmake
  INSTALL_DESTINATION ${heretix_package})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/heretix-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/heretix-config.cmake ${CMAKE_BINARY_DIR}/heretix-config-version.cmake
  DESTINATION ${heretix_package} COMPONENT development)
