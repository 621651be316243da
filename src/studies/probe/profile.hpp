// What a probe found out about a model that states a probability: how exact, how steady and how independent of their
// surroundings its numbers are. Formulas and limits: docs/probe.md. Pure.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/identity.hpp"
#include "base/money.hpp"
#include "report/document.hpp"
#include "studies/probe/probe_plan.hpp"

namespace heretix {

// The largest shift, in probability, up to which several wordings may go into one request.
inline constexpr double kLargestShiftAllowed = 0.02;

// If noise leaves open whether the shift is larger, everything is asked as often again, until it has been looked at
// this many times.
inline constexpr int kMostLooks = 3;

// ---- What was seen. ----

// One wording of one claim. Numbers are as they were stated, in [0, 1]; unusable answers are left out.
struct StatementSeen {
  std::size_t claim = 0, wording = 0;            // `wording` is its place in the bank
  std::map<Way, std::vector<double>> numbers{};  // by repeat
  std::optional<double> negation{};              // asked as Way::alone
  std::vector<std::optional<double>> under{};    // under other states, in the order of probe_states()
};

// What the answers of a service cost; what is unknown is empty.
struct CostSeen {
  std::size_t questions = 0;
  std::optional<Usd> billed{};
  std::optional<long> tokens_in{};
};

struct ProbeSeen {
  std::vector<StatementSeen> statements;
  std::vector<double> milliseconds;  // for the requests that were sent one after the other
  std::map<Way, CostSeen> costs;
  std::map<std::string, std::size_t> answered_by;  // the provider's names of the model
  std::size_t answers = 0, unusable = 0;
  std::string refused_together;  // the service's words if it took no request with several questions
};

// ---- What follows from it. ----

struct Bounded {
  double value = 0, low = 0, high = 0;  // with its 95 % interval
};

struct NoiseFound {  // of one number, as a standard deviation in probability
  Bounded deviation;
  std::size_t statements = 0;  // those that were asked more than once
  std::size_t differing = 0;   // of these, those with two different numbers
};

struct NumbersFound {
  std::size_t count = 0, different = 0;
  double step = 0;  // 0 if none was found
  double least = 0, greatest = 0;
  std::optional<double> low_bound{}, high_bound{};  // where the service seems to cut its numbers off
};

struct ShiftFound {
  Way way = Way::together;
  std::size_t in_one_request = 0;
  std::size_t statements = 0;
  Bounded largest;                     // |difference from being asked alone|, over the statements
  std::size_t claim = 0, wording = 0;  // where the largest was seen
};

struct IsolationFound {
  std::vector<ShiftFound> ways;  // empty if nothing was asked together
  Bounded largest;               // over all of them
  std::string why_not;           // for people to read; empty if wordings may go into one request
  bool is_open = false;          // undecided; more repeats would decide it
  bool allows() const { return why_not.empty(); }
};

struct ComplementFound {
  std::size_t pairs = 0, contradicting = 0;
  Bounded sum;       // p + p(negation); 1 where the two fit
  Bounded yes_bias;  // half of the sum of their log-odds; 0 where the two fit
};

struct StateFound {
  std::string state;
  Bounded shift;        // mean difference from the bank's own state, in log-odds
  double distance = 0;  // mean |difference|, in log-odds
};

struct LatencyFound {
  std::size_t requests = 0;
  Bounded median, ninth_decile;  // milliseconds
};

struct PriceFound {  // of one claim: all wordings of the bank and their negations
  std::size_t statements = 0;
  std::optional<Usd> alone{}, together{};
  std::optional<double> tokens_alone{}, tokens_together{};
};

struct Profile {
  std::string probe_id;
  ModelName model;
  std::string address, mode;
  long long started_at = 0, finished_at = 0;
  std::string program_version;
  std::string bank;  // its version
  std::size_t claims = 0, wordings = 0;
  int repeats = 0;
  std::size_t most_together = 1;  // the most that the service takes in one request
  std::map<std::string, std::size_t> answered_by{};
  std::size_t answers = 0, unusable = 0;

  std::optional<NoiseFound> noise{};
  NumbersFound numbers{};
  IsolationFound isolation{};
  std::optional<ComplementFound> complement{};
  std::vector<StateFound> states{};
  std::optional<LatencyFound> latency{};
  PriceFound price{};

  // How many statements may go into one request of a bank of that size; 1 means that each is asked alone.
  std::size_t together(std::size_t bank_size) const;
};

// Works out everything that follows from what was seen. Throws Error{bad_input} if no claim has a usable number.
Profile profile_of(const ProbeDesign& design, const ProbeSeen& seen);

Document to_document(const Profile& profile);
nlohmann::json to_json(const Profile& profile);  // format "heretix_probe", version 1

// Throws Error{broken} for a text that is not a profile.
Profile profile_from(const std::string& text);

}  // namespace heretix
