// Models of a hub on the command line: where they are kept, and how fetching one is shown.
#pragma once

#include "cli/settings.hpp"
#include "models/hub/model_cache.hpp"

namespace heretix {

// Whether a model that is not on this machine may be fetched, and whether that is told on stderr. The line that shows
// how far it is appears only on a terminal.
enum class Fetching { on_terminal, silently, never };

// HERETIX_MODEL_CACHE, or "heretix/models" below XDG_CACHE_HOME or ~/.cache.
ModelCache model_cache(const Environment& environment);

// The model as it was fetched earlier; the hub is not asked, so a model stays the same until somebody pulls it anew.
// What is not here is fetched if that is allowed, and is Error{not_found} otherwise. Throws what ModelCache::pull()
// throws.
PulledModel model_here_or_fetched(const HubName& name, Fetching fetching);

// Asks the hub for the state of today, and fetches what is missing.
PulledModel pull_model(const HubName& name, Fetching fetching);

}  // namespace heretix
