// Decides how many statements of a claim go into one request. This is the one place where a stored profile decides it
// (docs/probe.md).
#pragma once

#include "cli/session.hpp"

namespace heretix {

// Returns the request as it is to be planned. Several statements go together only for the readout decision, if the
// store holds a profile of exactly this model, server and way of answering that allows it, and --alone does not forbid
// it.
CheckRequest as_profiled(const Resolved& resolved, const Provider& provider, Database& database);

// "16 statements in one request, as the profile of MODEL of 2026-11-29 allows"; empty if each is asked alone.
std::string together_in_words(const Resolved& resolved, const Provider& provider, Database& database);

}  // namespace heretix
