# The Debian packages, made by `cpack` in the build folder (tools/packages.sh deb): the program, and the model by itself.
# What is installed says CMake's `install`; what dpkg is told besides stands in packaging/debian.
set(debian ${CMAKE_SOURCE_DIR}/packaging/debian)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME heretix)
set(CPACK_PACKAGE_VENDOR "Heretix")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL program model)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/packages)

set(HERETIX_MAINTAINER "Heretix maintainers <maintainers@heretix.invalid>" CACHE STRING "Who stands for the packages: NAME <ADDRESS>")
set(CPACK_DEBIAN_PACKAGE_MAINTAINER ${HERETIX_MAINTAINER})
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
# Zstandard is unpacked in a third of the time of xz.
set(CPACK_DEBIAN_COMPRESSION_TYPE zstd)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME heretix)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PROGRAM_DESCRIPTION "measures what a language model believes about a claim
Heretix asks a language model about a claim in many neutral wordings,
combines the answers into a probability with an interval, and keeps a
record that anybody can recompute.
.
This package has the program with its prompts and its demo. The small
model that it asks when no other is named is in the package
${HERETIX_MODEL_PACKAGE}.")
# What is linked is found by dpkg-shlibdeps. libcurl and libpq are loaded when they are first used (src/base/lazy_library.hpp),
# so nothing in the program names them.
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${arrow}/lib)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_DEPENDS "ca-certificates, libcurl4, libpq5")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS ${HERETIX_MODEL_PACKAGE})
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SUGGESTS "fonts-dejavu-core, librsvg2-bin")  # pictures of shared results
set(CPACK_DEBIAN_PROGRAM_PACKAGE_CONTROL_EXTRA ${debian}/postinst ${debian}/prerm ${debian}/postrm)

set(CPACK_DEBIAN_MODEL_PACKAGE_NAME ${HERETIX_MODEL_PACKAGE})
set(CPACK_DEBIAN_MODEL_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_MODEL_PACKAGE_SECTION science)
set(CPACK_DEBIAN_MODEL_DESCRIPTION "small language model that Heretix asks when no other is named
SmolLM2-135M-Instruct with 135 million parameters, as a GGUF file. It runs
on any machine and knows little: it shows what Heretix does, and is no
measure of what larger models believe.")
set(CPACK_DEBIAN_MODEL_PACKAGE_ENHANCES heretix)

# The Debian changelog says only which release this is; the changes themselves are in changelog.gz.
string(TIMESTAMP HERETIX_PACKAGE_DATE "%a, %d %b %Y %H:%M:%S +0000" UTC)
foreach(component program model)
  string(TOUPPER ${component} upper)
  set(HERETIX_PACKAGE ${CPACK_DEBIAN_${upper}_PACKAGE_NAME})
  set(papers ${CMAKE_BINARY_DIR}/packaging/${component})
  file(MAKE_DIRECTORY ${papers})
  configure_file(${debian}/changelog.in ${papers}/changelog.Debian @ONLY)
  execute_process(COMMAND gzip -9nf ${papers}/changelog.Debian COMMAND_ERROR_IS_FATAL ANY)
  set(place ${CMAKE_INSTALL_DATADIR}/doc/${HERETIX_PACKAGE})
  install(FILES ${papers}/changelog.Debian.gz ${debian}/${component}/copyright DESTINATION ${place} COMPONENT ${component})
endforeach()
include(CPack)
