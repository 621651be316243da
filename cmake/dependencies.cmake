# Everything here comes from Debian 12; tools/setup.sh installs it.
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto SSL)
if(NOT HERETIX_FUZZ)
  find_package(SQLite3 REQUIRED)
  # Debian's SQLiteCppConfig.cmake names an include folder that does not exist.
  find_library(SQLITECPP_LIBRARY SQLiteCpp REQUIRED)
  add_library(SQLiteCpp UNKNOWN IMPORTED)
  set_target_properties(SQLiteCpp PROPERTIES IMPORTED_LOCATION ${SQLITECPP_LIBRARY}
    INTERFACE_COMPILE_DEFINITIONS SQLITE_ENABLE_COLUMN_METADATA INTERFACE_LINK_LIBRARIES SQLite::SQLite3)
  find_package(Threads REQUIRED)
endif()
# CMake's own FindPostgreSQL wants the server's headers too.
find_path(LIBPQ_INCLUDE libpq-fe.h PATH_SUFFIXES postgresql REQUIRED)
add_library(libpq INTERFACE IMPORTED)  # only headers: the library is loaded when first used (base/lazy_library.hpp)
set_target_properties(libpq PROPERTIES INTERFACE_INCLUDE_DIRECTORIES ${LIBPQ_INCLUDE})
find_path(LIBCURL_INCLUDE curl/curl.h REQUIRED)
add_library(libcurl INTERFACE IMPORTED)  # likewise
set_target_properties(libcurl PROPERTIES INTERFACE_INCLUDE_DIRECTORIES ${LIBCURL_INCLUDE})
if(NOT HERETIX_FUZZ)
  find_library(SODIUM_LIBRARY sodium REQUIRED)
  add_library(sodium UNKNOWN IMPORTED)
  set_target_properties(sodium PROPERTIES IMPORTED_LOCATION ${SODIUM_LIBRARY})
  find_path(BOOST_BEAST boost/beast/core.hpp REQUIRED)
  add_library(boost INTERFACE IMPORTED)  # headers only
  set_target_properties(boost PROPERTIES INTERFACE_INCLUDE_DIRECTORIES ${BOOST_BEAST})
  find_library(PROMETHEUS_LIBRARY prometheus-cpp-core REQUIRED)
  add_library(prometheus UNKNOWN IMPORTED)
  set_target_properties(prometheus PROPERTIES IMPORTED_LOCATION ${PROMETHEUS_LIBRARY})
  find_library(SPDLOG_LIBRARY spdlog REQUIRED)
  add_library(spdlog UNKNOWN IMPORTED)
  set_target_properties(spdlog PROPERTIES IMPORTED_LOCATION ${SPDLOG_LIBRARY}
    INTERFACE_COMPILE_DEFINITIONS "SPDLOG_COMPILED_LIB;SPDLOG_FMT_EXTERNAL" INTERFACE_LINK_LIBRARIES fmt::fmt)
endif()
if(HERETIX_TESTS)
  find_package(GTest REQUIRED)
endif()
find_package(Python3 REQUIRED COMPONENTS Interpreter)
# What is found can be a script that picks one of several versions with every start, as pyenv's is; a thousand tests start what it picks.
execute_process(COMMAND ${Python3_EXECUTABLE} -c "import sys; print(sys.executable)" OUTPUT_VARIABLE python
  OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
set_property(TARGET Python3::Interpreter PROPERTY IMPORTED_LOCATION ${python})
