// The recordings of `heretix demo`: what models of several kinds answered, in which claims, and what the demo shows
// with them. They come with the program (data/demo.json; docs/demo.md says how to replace them).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace heretix {

extern const std::string_view kDemoJson;  // data/demo.json, embedded at build time (cmake/embed.cmake)

struct DemoModel {
  std::string name;    // "demo/large"
  std::string kind;    // in words
  std::string script;  // the file that plays it (docs/scripted.md)
};

struct DemoClaim {
  std::string finding;  // "agreed true", "refused"
  std::string model;    // its key in DemoRecordings::models
  std::string claim;
};

struct DemoRecordings {
  std::string recorded;  // how the answers came about, in words
  std::map<std::string, DemoModel> models;
  std::vector<DemoClaim> claims;
  std::string flips;                                 // the claim whose wordings are drawn
  std::string compared, compared_a, compared_b;      // a claim, and two models
  std::string related, negation, related_model;      // a claim with its negation, and a model
  std::string watched, watched_before, watched_now;  // a claim, and one model at two times
};

// Throws Error{bad_input} naming `source` for a text of any other form.
DemoRecordings demo_recordings(std::string_view text, const std::string& source);

}  // namespace heretix
