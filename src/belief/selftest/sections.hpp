// The sections that selftest knows, one function each; selftest.cpp holds the table of their names.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "belief/selftest/comparison.hpp"

namespace heretix::selftest {

void rng_cases(const nlohmann::json& cases, Comparison& comparison);
void estimator_cases(const nlohmann::json& cases, Comparison& comparison);
void estimator_logit(const nlohmann::json& cases, Comparison& comparison);
void estimator_sigmoid(const nlohmann::json& cases, Comparison& comparison);
void estimator_stability(const nlohmann::json& cases, Comparison& comparison);
void estimator_sums(const nlohmann::json& cases, Comparison& comparison);
void honest_cases(const nlohmann::json& cases, Comparison& comparison);
void honest_ladder(const nlohmann::json& cases, Comparison& comparison);
void belief_numbers(const nlohmann::json& cases, Comparison& comparison);
void belief_cases(const nlohmann::json& cases, Comparison& comparison);
void belief_rungs(const nlohmann::json& cases, Comparison& comparison);
void sampler_cases(const nlohmann::json& cases, Comparison& comparison);
void sampler_balanced(const nlohmann::json& cases, Comparison& comparison);
void keys_cases(const nlohmann::json& cases, Comparison& comparison);
void keys_seeds(const nlohmann::json& cases, Comparison& comparison);
void answers_cases(const nlohmann::json& cases, Comparison& comparison);
void readouts_trees(const nlohmann::json& cases, Comparison& comparison);
void readouts_words(const nlohmann::json& cases, Comparison& comparison);
void statistics_paired(const nlohmann::json& cases, Comparison& comparison);
void statistics_variance(const nlohmann::json& cases, Comparison& comparison);
void statistics_best_replicates(const nlohmann::json& cases, Comparison& comparison);
void statistics_drift(const nlohmann::json& cases, Comparison& comparison);
void statistics_calibration(const nlohmann::json& cases, Comparison& comparison);
void atlas_means(const nlohmann::json& cases, Comparison& comparison);
void atlas_components(const nlohmann::json& cases, Comparison& comparison);
void atlas_brier(const nlohmann::json& cases, Comparison& comparison);

}  // namespace heretix::selftest
