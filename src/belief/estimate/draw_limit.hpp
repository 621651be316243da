// How many draws a bootstrap may have.
#pragma once

namespace heretix {

inline constexpr int kMaxBootstrapDraws = 1'000'000;  // each is kept until the percentiles are read off

}  // namespace heretix
