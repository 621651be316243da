// A provider that makes a span of every question that it is asked, by OpenTelemetry's conventions for generative AI.
//
// A span goes from when a question is taken to when its answer came, over all of its attempts; a failed attempt is an
// event in it. An answer that cannot be used and is asked for again makes a span of its own. What goes through a batch
// API has no such times: there a span is the handing over or the fetching.
#pragma once

#include <memory>

#include "models/provider.hpp"

namespace heretix::trace {

// Everything else is as `provider` does it. `provider` is borrowed. Spans are children of what is current where
// answer() is called.
std::unique_ptr<Provider> traced(Provider& provider);

}  // namespace heretix::trace
