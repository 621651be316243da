// The style and the script of an atlas's page: data/atlas.css and data/atlas.js, embedded by the build.
#pragma once

#include <string_view>

namespace heretix {

extern const std::string_view kAtlasStyle;
extern const std::string_view kAtlasScript;

}  // namespace heretix
