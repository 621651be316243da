// An exchange that hands out every question of a plan once and keeps what comes back.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "models/provider.hpp"

namespace heretix {

class AskedOnce final : public Exchange {
 public:
  explicit AskedOnce(std::size_t questions) : questions_(questions) {}

  Taken turn(std::vector<Delivery> deliveries, std::size_t most) override {
    for (Delivery& d : deliveries) replies[d.question] = std::get<Reply>(d.outcome);

    Taken taken;
    for (; taken.requests.size() < most && next_ < questions_; ++next_)
      taken.requests.push_back({.question = next_, .attempt = 1, .answers_before = 0});
    if (taken.requests.empty() && replies.size() < questions_) taken.again_at = std::chrono::steady_clock::now();
    return taken;
  }
  void tell_wait(const std::string& /*why*/) override {}
  void tell_work(const WorkDone& work) override { told.push_back(work); }
  bool abandoned() const override { return false; }

  std::map<std::size_t, Reply> replies;  // by question
  std::vector<WorkDone> told;            // in the order in which it came

 private:
  std::size_t questions_, next_ = 0;
};

}  // namespace heretix
