// Lists of prices: which model costs what, from which day on. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/price.hpp"

namespace heretix {

// One model's prices, oldest first. `from` empty: valid before all others, since a day that is not known.
class PriceHistory {
 public:
  struct Period {
    std::optional<std::chrono::sys_days> from{};
    std::optional<Price> price{};  // empty: not known for that time
  };

  PriceHistory() = default;
  explicit PriceHistory(std::vector<Period> periods) : periods_(std::move(periods)) {}

  // What is valid on that day, with what becomes valid on the next as `soon`. Empty: unknown.
  std::optional<Price> on(std::chrono::sys_days day) const;

  // The same at the batch API's price. Empty: what that charges is not known.
  PriceHistory in_batch() const;

  const std::vector<Period>& periods() const { return periods_; }

 private:
  std::vector<Period> periods_;
};

// Prices by model, from one dated file (data/prices.json; docs/models.md says what the file holds).
class PriceList {
 public:
  struct Entry {
    std::string model;                // always with its provider, "openai/gpt-5"; keys name some models without it
    std::vector<std::string> also{};  // other names of it
    PriceHistory history{};           // no period: the model is known, its price is not
    std::string retires{};            // the day on which it stops answering; empty: not known
    bool is_retired = false;          // it has stopped, on a day that is not known
    std::string date{};               // of the list
  };

  // `source` names the file in errors. Throws Error{bad_input} naming the model or field.
  static PriceList parse(std::string_view json, const std::string& source);

  // `other`'s models replace those of the same name.
  void override_by(const PriceList& other);

  // By name, else by the name without its date ("gpt-5-2025-08-07"); null: unknown.
  const Entry* find(const std::string& model) const;
  const std::string& date() const { return date_; }  // "2026-11-28"
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::string date_;
  std::vector<Entry> entries_;
};

// "1.25,10": dollars per million tokens of input and output, whichever day. Throws Error{bad_input}.
PriceHistory price_from_text(const std::string& text);

// "2026-11-28"; empty: it is not a date.
std::optional<std::chrono::sys_days> day_from(const std::string& text);

// The list that the program carries (cmake/embed.cmake).
extern const std::string_view kPricesJson;

}  // namespace heretix
