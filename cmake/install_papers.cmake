# What the program itself prints and what belongs beside an installed one: its man page, its completion scripts and the
# systemd unit with the path of the program. They are made while the program is installed, so that no build makes them.
set(papers "set(heretix_program \"${CMAKE_BINARY_DIR}/bin/heretix\")
set(unit \"${CMAKE_SOURCE_DIR}/tools/deploy/heretix.service\")
set(changelog \"${CMAKE_SOURCE_DIR}/CHANGELOG.md\")
set(papers \"${CMAKE_BINARY_DIR}/papers\")
set(docs \"${CMAKE_INSTALL_DOCDIR}\")
")
install(CODE "${papers}")
install(SCRIPT ${CMAKE_CURRENT_LIST_DIR}/write_papers.cmake)
