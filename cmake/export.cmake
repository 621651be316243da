# heretix-export: a program of its own, because Arrow costs every start. Arrow comes from pyarrow's wheel, which brings no
# CMake package; DuckDB's program writes the views.
heretix_place(arrow arrow)
heretix_place(duckdb duckdb)
if(NOT EXISTS ${arrow} OR NOT EXISTS ${duckdb})
  message(FATAL_ERROR "Arrow or DuckDB is not in the cache: run tools/setup.sh build")
endif()
file(GLOB arrow_libraries ${arrow}/lib/*.so.*)
foreach(name arrow parquet)
  file(GLOB library ${arrow}/lib/lib${name}.so.*)
  add_library(${name} SHARED IMPORTED)
  set_target_properties(${name} PROPERTIES IMPORTED_LOCATION ${library} INTERFACE_INCLUDE_DIRECTORIES ${arrow}/include)
endforeach()
target_link_libraries(parquet INTERFACE arrow)

heretix_sources(export_sources archive/export/parquet)
add_library(heretix_export STATIC ${export_sources})
target_link_libraries(heretix_export PUBLIC heretix_core PRIVATE OpenSSL::SSL OpenSSL::Crypto parquet xxhash ${CMAKE_DL_LIBS})
target_precompile_headers(heretix_export REUSE_FROM heretix_belief)

add_executable(heretix-export ${CMAKE_SOURCE_DIR}/src/cli/export_main.cpp)
# libparquet brings an OpenSSL of its own and shows its names: Debian's must be found first, by us and by libpq.
target_link_libraries(heretix-export -Wl,--no-as-needed OpenSSL::SSL OpenSSL::Crypto heretix_export heretix_cli)
set_target_properties(heretix-export PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin
  INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}/heretix")

file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
file(CREATE_LINK ${duckdb} ${CMAKE_BINARY_DIR}/lib/heretix SYMBOLIC)
install(TARGETS heretix-export)
install(FILES ${arrow_libraries} DESTINATION ${CMAKE_INSTALL_LIBDIR}/heretix)
install(PROGRAMS ${duckdb}/duckdb DESTINATION lib/heretix)
install(FILES ${arrow}/LICENSE.txt DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME Arrow.txt)
install(FILES ${arrow}/NOTICE.txt DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME Arrow-NOTICE.txt)
