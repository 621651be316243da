# Files that the program carries with it, so that it needs none of them at run time while they stay readable SQL.

# heretix_embed(TARGET NAME FILE HEADER [NAMESPACE]): the file's text as `const std::string_view NAME`, declared in HEADER,
# in namespace heretix or the one named within it.
function(heretix_embed target name file header)
  set(inside "")
  set(behind "")
  if(ARGN)
    set(inside "namespace ${ARGN} {")
    set(behind "}")
  endif()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(READ ${file} text)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/embedded/${name}.cpp)
  file(CONFIGURE OUTPUT ${out} @ONLY CONTENT
"#include \"@header@\"\n#pragma GCC diagnostic ignored \"-Woverlength-strings\"\nnamespace heretix {\n@inside@\nconst std::string_view @name@ = R\"~~~(@text@)~~~\";\n@behind@}\n")
  target_sources(${target} PRIVATE ${out})
  set_source_files_properties(${out} PROPERTIES UNITY_GROUP embedded)  # with the other files of the target
endfunction()

# heretix_embed_migrations(TARGET FOLDER): every revision's files as embedded_migrations() (store/postgres/history.hpp).
function(heretix_embed_migrations target folder)
  file(GLOB files CONFIGURE_DEPENDS ${folder}/*/up.sql ${folder}/*/down.sql ${folder}/*/sqlite.sql
    ${folder}/*/catalogue.txt ${folder}/*/*.shape)
  foreach(shape IN LISTS files)
    if(shape MATCHES "\\.shape$")
      string(REGEX REPLACE "shape$" "sql" sql ${shape})
      list(APPEND files ${sql})
    endif()
  endforeach()
  set(entries "")
  foreach(file IN LISTS files)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(READ ${file} text)
    file(RELATIVE_PATH path ${folder} ${file})
    string(APPEND entries "      {\"${path}\", R\"~~~(${text})~~~\"},\n")
  endforeach()
  set(out ${CMAKE_CURRENT_BINARY_DIR}/embedded/migrations.cpp)
  file(CONFIGURE OUTPUT ${out} @ONLY CONTENT
"#include \"store/postgres/history.hpp\"\nnamespace heretix {\nstd::vector<EmbeddedFile> embedded_migrations() {\n  return {\n@entries@  };\n}\n}\n")
  target_sources(${target} PRIVATE ${out})
  set_source_files_properties(${out} PROPERTIES UNITY_GROUP embedded)  # with the other files of the target
endfunction()
