// How many statements of a claim go into one request: the one place where a stored profile decides it (docs/probe.md).
#pragma once

#include "cli/session.hpp"

namespace heretix {

// The request as it is to be planned. Several statements go together only for the readout decision, where a profile of
// this very model, server and way of answering is in that store and allows it, and --alone does not forbid it.
CheckRequest as_profiled(const Resolved& resolved, const PromptBank& bank, const Provider& provider,
                         Database& database);

// "16 statements in one request, as the profile of MODEL of 2026-11-29 allows"; empty where each is asked alone.
std::string together_in_words(const Resolved& resolved, const PromptBank& bank, const Provider& provider,
                              Database& database);

}  // namespace heretix
