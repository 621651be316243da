// What the page of the web app is about, in its HTML: the title of the window and of a bookmark, and what other
// programs show of a link without running a script. Pure, thread-safe.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "belief/record/shown_belief.hpp"

namespace heretix::http {

struct PageAbout {
  std::string title;        // of any length; shortened where previews would cut it
  std::string description;  // likewise
  std::string address{};    // the absolute URL; empty: a preview names none
  std::string picture{};    // likewise, of a card (report/card.hpp) as PNG; empty: a preview has none
};

// What a preview says of one check.
struct PreviewedCheck {
  std::string claim;
  std::string model;
  bool is_done = false;
  std::optional<ShownBelief> belief{};  // empty until there is one
};

// Of checks that stand side by side; there must be one at least. The claim is that of the first.
PageAbout about(std::span<const PreviewedCheck> checks);

// `html` with its title and its meta elements replaced; everything is escaped. `body` is HTML that is shown until the
// script has drawn the page, and where there are no scripts. Throws Error{broken} if `html` is not the page that the
// build made.
std::string with_about(std::string_view html, const PageAbout& about, std::string_view body = {});

}  // namespace heretix::http
