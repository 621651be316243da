# The page (web/), built by Vite and embedded into the program.
heretix_place(node node)
heretix_place(node_modules web)
if(NOT EXISTS ${node} OR NOT EXISTS ${node_modules})
  message(FATAL_ERROR "Node.js or the page's packages are not in the cache: run tools/setup.sh build")
endif()
file(GLOB_RECURSE web_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/web/src/*.ts ${CMAKE_SOURCE_DIR}/web/src/*.tsx ${CMAKE_SOURCE_DIR}/web/src/*.css)
list(FILTER web_sources EXCLUDE REGEX "schema\\.d\\.ts$")
list(APPEND web_sources ${CMAKE_SOURCE_DIR}/web/index.html ${CMAKE_SOURCE_DIR}/web/package.json ${CMAKE_SOURCE_DIR}/web/tsconfig.json
  ${CMAKE_SOURCE_DIR}/web/vite.config.js)
set(web_files ${CMAKE_BINARY_DIR}/web/web_files.cpp)
add_custom_command(OUTPUT ${web_files}
  COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/build_web.py ${node} ${node_modules} ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/web
  DEPENDS ${web_sources} ${CMAKE_SOURCE_DIR}/tools/build_web.py ${CMAKE_SOURCE_DIR}/api/openapi.yaml
  COMMENT "Building the page" VERBATIM)
add_library(heretix_web STATIC ${web_files})
target_include_directories(heretix_web PRIVATE ${CMAKE_SOURCE_DIR}/src)
target_compile_features(heretix_web PRIVATE cxx_std_20)
