// What a model's tokens cost, and what a call cost or can cost at most. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/money.hpp"
#include "plan/plan.hpp"

namespace heretix {

// As billed by the provider, never estimated. Empty: not said.
struct Usage {
  std::optional<long> input{};         // all of the prompt, cached parts included
  std::optional<long> cached_input{};  // of them, read from the provider's cache
  std::optional<long> cache_writes{};  // of them, written to it
  std::optional<long> output{};        // reasoning included
  std::optional<long> reasoning{};     // of them
};

// Of one token, unless said otherwise.
struct Price {
  Usd input{}, cached_input{}, cache_write{}, output{};
  Usd answer{};             // of one answer, whatever its length
  int batch_percent = 100;  // what the provider's batch API charges of it

  bool is_free() const { return input == Usd() && cache_write == Usd() && output == Usd() && answer == Usd(); }
};

// Empty where the usage is missing, negative or beyond belief (a billion tokens): unknown, never zero.
std::optional<Usd> cost_of(const Price& price, const Usage& usage);

// The same by the provider's batch API.
Price in_batch(const Price& price);

// What one question can cost at most: a token of input for every byte sent (byte-level tokenizers make no more), with
// the form and the provider's own words allowed for, and all the output tokens that were asked for.
Usd most_cost_of(const Price& price, const Plan& plan, const Question& question);

// Prices by model, from one dated file (data/prices.json; docs/models.md).
class PriceList {
 public:
  // `source` names the file in errors. Throws Error{bad_input} naming the model or field.
  static PriceList parse(std::string_view json, const std::string& source);

  // `other`'s models replace those of the same name.
  void override_by(const PriceList& other);

  // By name, else by the name without its date ("gpt-5-2025-08-07"); empty: unknown.
  std::optional<Price> find(const std::string& model) const;
  const std::string& date() const { return date_; }  // "2025-11-30"
  struct Entry {
    std::string model;
    Price price;
    std::string date;
  };
  const std::vector<Entry>& entries() const { return entries_; }
  std::string date_of(const std::string& model) const;

 private:
  const Entry* entry_of(const std::string& model) const;
  std::string date_;
  std::vector<Entry> entries_;
};

// The list that the program carries (cmake/embed.cmake).
extern const std::string_view kPricesJson;

}  // namespace heretix
