// How long the questions that are still open will take, by the speed measured so far. Pure and not thread-safe: the
// time is passed in, as the time that has passed since the asking began.
//
// Two things can be known of a model. A model in this process tells how many tokens it has put through: then what is
// left is prompt tokens and output tokens, each at its own measured speed. Of any other model only questions and
// replies are seen: then what is left goes at the rate at which answers came lately, where a question counts for as
// much as the answers so far say that a prompt of its length takes.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "models/provider.hpp"

namespace heretix {

class TimeLeft {
 public:
  using Time = std::chrono::duration<double>;  // since the asking began

  // How many questions will be asked after those that are open now, such as those of later claims.
  void expect(std::size_t later) { later_ = later; }

  // A run, or a part of one, begins: these questions are open now and no others. By number, with the length of their
  // prompts in any unit.
  void open(Time now, const std::map<std::size_t, double>& sizes);

  // Likewise, while questions of other runs may be open: these are open too.
  void join(Time now, const std::map<std::size_t, double>& sizes);

  void sent(Time now, std::size_t question);
  // A reply or a failure came. A question that is not over will be sent again.
  void came(Time now, std::size_t question, bool is_over);
  void worked(Time now, const WorkDone& work);

  // Empty until there is a speed to go by. Never negative.
  std::optional<Time> left(Time now) const;

 private:
  void add_open(const std::map<std::size_t, double>& sizes);

  struct Open {
    double size = 0;
    std::optional<Time> sent;
  };
  struct Answered {
    double size = 0;
    Time latency{};
    Time came{};
  };

  // What a question takes, by its size.
  struct Cost {
    double each = 0, by_size = 0;
    double spread = 0;  // one standard deviation of what it takes, in seconds
    double of(double size) const { return each + by_size * size; }
  };

  // Of one kind of token: how long they take, the latest counting most.
  struct Speed {
    double seconds = 0, tokens = 0;
    void add(const Speed& more);
    std::optional<double> seconds_each() const;
  };

  // A stretch of time that ends now, and the answers that came in it.
  struct Lately {
    std::size_t first = 0;  // in answered_
    Time begins{};
    double longest_gap = 0;  // seconds between two answers
  };

  std::optional<Time> left_by_work() const;
  std::optional<Time> left_by_answers(Time now) const;
  Lately lately(Time now) const;
  Lately last_of(std::size_t count) const;
  std::vector<Answered> usual_of(const Lately& lately) const;
  Cost cost_of(const Lately& lately) const;
  double rate_of(const Lately& lately, const Cost& cost, Time until) const;
  double rate_of_answers(const Lately& lately, const Cost& cost) const;
  bool is_queued(Time now, const Cost& cost) const;
  double seconds_to_answer_all(Time now, const Cost& cost) const;
  bool is_long_enough(const Lately& lately) const;
  bool is_idle() const { return in_flight_ == 0; }
  Time counted_until(Time now, const Lately& lately) const;
  double mean_size() const;

  std::size_t later_ = 0;
  std::map<std::size_t, Open> open_;
  double sizes_ = 0;  // of all questions that were ever open
  std::size_t questions_ = 0;

  std::size_t in_flight_ = 0;
  double at_once_ = 0;  // the most in flight together lately

  std::deque<Answered> answered_;  // the last ones, in the order in which they came
  Time begins_{};                  // when the first of them could begin

  WorkDone work_;          // of this part
  double taken_size_ = 0;  // of the questions that it is about
  std::size_t taken_ = 0;
  std::optional<Time> worked_at_;
  bool has_worked_ = false;
  Speed prompt_, output_;
  double prompt_by_size_ = 0;  // prompt tokens for each unit of size, of the last part that had any
  double output_each_ = 0;     // output tokens of a question
};

}  // namespace heretix
