# heretix_embed(TARGET NAME FILE): a source with the file's text as `const std::string_view NAME`, declared in
# store/sqlite/schema.hpp. The file stays readable SQL and the program needs none of it at run time.
function(heretix_embed target name file)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(READ ${file} text)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/embedded/${name}.cpp)
  file(CONFIGURE OUTPUT ${out} @ONLY CONTENT
"#include \"store/sqlite/schema.hpp\"\nnamespace heretix {\nconst std::string_view @name@ = R\"~~~(@text@)~~~\";\n}\n")
  target_sources(${target} PRIVATE ${out})
endfunction()
