# Where tools/setup.sh keeps what the build does not make. Its folders are named by version; it prints them.
execute_process(COMMAND ${CMAKE_SOURCE_DIR}/tools/setup.sh where OUTPUT_VARIABLE setup_places COMMAND_ERROR_IS_FATAL ANY)

function(heretix_place variable name)
  string(REGEX MATCH "(^|\n)${name} ([^\n]+)" _ "${setup_places}")
  set(${variable} "${CMAKE_MATCH_2}" PARENT_SCOPE)
endfunction()
