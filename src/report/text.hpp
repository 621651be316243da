// A record as a person reads it in a terminal. Colours are escape sequences only where the caller wants them.
#pragma once

#include <string>

#include "belief/record/record.hpp"

namespace heretix {

struct TextStyle {
  bool color = false;
  std::size_t columns = 100;  // of the terminal, at least kLeastColumns
  bool is_bounded = false;    // no line may be longer than that; a pipe has no width
  bool verbose = false;       // also what stands for comparison with earlier runs
  std::string about_model{};  // a line about how far the model can be trusted; empty: nothing is known
};

// The result on one screen: belief_v2 with its interval, the gates, and where it is kept. The frozen estimate and what
// is judged by it follow only if the style is verbose. `store_flag` is what its advice needs to
// find the run again, "--db FILE".
std::string result_text(const Record& record, const TextStyle& style, const std::string& store_flag = {});

std::string emphasised(const std::string& text, const TextStyle& style);

// The scale from 0 to 1 with the interval and the estimate on it, 51 columns.
std::string interval_bar(const Record& record);

// "K 8, R 2, T 16", or "up to 16 templates once each".
std::string plan_in_words(const Plan& plan);

// "8 templates, the wanted width of 0.2 is met; the next rung would cost about $0.000800". Of a ladder only.
std::string ladder_text(const Record& record);

// "$0.012000 + 1 unknown": what the execution was billed, and how many attempts may have been.
std::string cost_text(const ExecutionFacts& execution);

// "precision   FAIL  0.34 > 0.30  width of the frozen 95 % interval", with advice below where it failed. `run`: what
// its commands need to show the run, "RUN" or "--db FILE RUN".
std::string gate_text(const Gate& gate, const std::string& run, const TextStyle& style);

// One row for each template: its mean and its answers on the scale from 0 to 1, with the estimate below.
std::string forest_text(const Record& record, const TextStyle& style);

// What would be asked, without asking: `heretix describe`.
struct PlanFacts {
  std::string seed;  // decimal, or "after the answers" while it depends on them
  std::string seed_source;
  std::size_t sent = 0;    // questions of the plan, or what their answers are read off
  std::size_t stored = 0;  // of them, answers already there
  long expected_tokens_in = 0;
  long expected_tokens_out = 0;
  std::string expected_cost;
};
std::string plan_text(const Plan& plan, const PlanFacts& facts, const TextStyle& style);

}  // namespace heretix
