// What numbers a model might write as its answer, and how probable each is: read off the probabilities of its tokens.
//
// The numbers form a tree over texts: below "0." lie "0.7" and "0.8", below them "0.75" and "0.85". Only tokens that
// keep to a number from 0 to 1 count, as under a grammar. What was not explored stays open, with its mass and the
// numbers that it could become. Pure.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace heretix {

inline constexpr double kRemainingReach = 0.003;  // explored until the mean can lie in a stretch no longer than this
inline constexpr double kRemainingMass = 0.01;    // or, over a server's answers, until this little is open

struct TokenChoice {
  std::string text;
  double probability = 0;  // given all that came before
};

// One place of a text with what might have stood there.
struct TokenStep {
  std::string chosen;
  std::vector<TokenChoice> choices;
  double hidden = 0;  // the mass of tokens that are not shown and may matter
};

// The steps in the JSON that Chat Completions calls logprobs.content; empty if the text is not such JSON. A step with
// "complete": true, which only our own reading of a local model writes, shows every token that matters.
std::vector<TokenStep> token_steps(const std::string& logprobs);

// Finds numbers that cannot be probabilities: a log-probability above 0, or a place whose tokens have a mass above 1,
// by more than rounding. The result names the token; it is empty if there is none.
std::string nonsense_in(const std::string& logprobs);

// Where the number lies that begins with a text: from `low` to `high`, within 0 to 1.
struct Reach {
  double low = 0, high = 1;
  double length() const { return high - low; }
};
Reach reach_of(std::string_view begun);

// Masses by number and, as far as they are open, by the beginning of a number; together they make 1.
struct NumberSpread {
  std::map<std::string, double> numbers;
  std::map<std::string, double> open;

  // Of a local model's tree: it was walked until the mean could lie in a stretch no longer than this. Empty for a
  // server's answers, and for a local model's of earlier builds, which were walked until kRemainingMass was open.
  std::optional<double> explored_to{};

  // The mean, with an open mass in the middle of what it could be; and what the mean can be at least and at most.
  double expected() const;
  double low() const;
  double high() const;
  double remaining() const;
  double deviation() const;  // of one written number, in probability: what a replicate adds in noise
};

// Rounds the masses to 1e-9 and drops what is smaller, so that what is stored is all that was used.
void round_masses(NumberSpread& spread);

nlohmann::json to_json(const NumberSpread& spread);
NumberSpread spread_from(const nlohmann::json& spread);  // throws nlohmann's exceptions

class NumberTree {
 public:
  // Adds what may follow `begun`. Nothing changes if that is known already.
  void add(const std::string& begun, const std::vector<TokenChoice>& next);

  // Adds a text that begins with a number, token by token, up to the end of the number.
  void add_path(std::string begun, const std::vector<TokenStep>& steps);

  NumberSpread spread() const;  // rounded

  // Beginnings that are worth looking into, those that can move the mean most first; none if little enough is open.
  std::vector<std::string> unexplored(std::size_t most) const;

 private:
  void walk(const std::string& begun, double mass, NumberSpread& spread, std::map<std::string, double>& unknown) const;

  std::map<std::string, std::vector<TokenChoice>> next_;
};

// How far a text has come in writing a number.
enum class NumberState { none, begun, ended };
struct ReadNumber {
  NumberState state = NumberState::none;
  std::string number;  // without what stands around it
};
ReadNumber read_number(std::string_view text);

}  // namespace heretix
