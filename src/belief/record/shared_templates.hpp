// Templates that several records asked and got an answer to: what every paired statistic is made of. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "belief/record/record.hpp"

namespace heretix {

// What one record's templates say, in plan order; those without a usable answer are left out.
struct AnsweredTemplate {
  std::string wording;
  double mean;       // M_k of belief_v2, in log-odds
  LogitRange range;  // where the mean can lie, as its numbers were rounded; the mean alone where that is not known
};
std::vector<AnsweredTemplate> answered_templates(const Record& record);

// In the order of the first record, or of the first list of answered templates. Two templates are the same where their
// wording is, whatever bank they stand in.
struct SharedTemplates {
  std::vector<std::string> wordings;
  std::vector<std::vector<double>> means;       // by record, then by template
  std::vector<std::vector<LogitRange>> ranges;  // likewise
};

SharedTemplates shared_templates(std::span<const Record* const> records);
SharedTemplates shared_templates(std::span<const std::vector<AnsweredTemplate>> answered);

}  // namespace heretix
