// What the document of an atlas and its page have in common. Pure.
#pragma once

#include <string>
#include <vector>

#include "report/document.hpp"
#include "studies/atlas/atlas.hpp"

namespace heretix {

std::string atlas_label(const Atlas& atlas, std::size_t model);  // "X", or "X (mock)"
std::string atlas_title(const Atlas& atlas);

std::vector<Block> overview_blocks(const Atlas& atlas);  // totals, and those of every model
std::vector<Block> matrix_blocks(const Atlas& atlas, const AtlasView& view);
std::vector<Block> finding_blocks(const Atlas& atlas);  // truth, agreement, spread, wordings

}  // namespace heretix
