# Run by `cmake --install` (install_papers.cmake), which sets heretix_program, unit, changelog, papers and docs.
# A variable named as a component, such as program, would end the installing of that component: these scripts run with old policies.
file(MAKE_DIRECTORY ${papers})

# What `heretix WORDS` prints, as the file NAME.
function(heretix_paper name)
  execute_process(COMMAND ${heretix_program} ${ARGN} OUTPUT_FILE ${papers}/${name} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# gzip -n leaves out the name and the time, so that the same text makes the same bytes.
function(heretix_compress name)
  execute_process(COMMAND gzip -9nf ${papers}/${name} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

heretix_paper(heretix.1 man)
heretix_compress(heretix.1)
file(WRITE ${papers}/heretix-export.1 ".so man1/heretix.1\n")
heretix_compress(heretix-export.1)
heretix_paper(heretix completion bash)
heretix_paper(_heretix completion zsh)
heretix_paper(heretix.fish completion fish)

file(READ ${unit} text)
string(REPLACE /usr/local/bin/heretix ${CMAKE_INSTALL_PREFIX}/bin/heretix text "${text}")
file(WRITE ${papers}/heretix.service "${text}")

file(COPY_FILE ${changelog} ${papers}/changelog)
heretix_compress(changelog)

# file(INSTALL) puts DESTDIR before its destinations by itself.
set(prefix ${CMAKE_INSTALL_PREFIX})
file(INSTALL ${papers}/heretix.1.gz ${papers}/heretix-export.1.gz DESTINATION ${prefix}/share/man/man1)
file(INSTALL ${papers}/heretix DESTINATION ${prefix}/share/bash-completion/completions)
file(INSTALL ${papers}/_heretix DESTINATION ${prefix}/share/zsh/vendor-completions)
file(INSTALL ${papers}/heretix.fish DESTINATION ${prefix}/share/fish/vendor_completions.d)
file(INSTALL ${papers}/heretix.service DESTINATION ${prefix}/lib/systemd/system)
file(INSTALL ${papers}/changelog.gz DESTINATION ${prefix}/${docs})
