#include "belief/judge/gates.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "base/word_table.hpp"

namespace heretix {
namespace {

constexpr double kMinCompliance = 0.98;
constexpr double kMinStability = 0.25;
constexpr double kMaxWidth = 0.30;
constexpr double kUselessWidth = 0.5;
constexpr double kMaxContradictingLabels = 0.10;
constexpr double kMinWordMass = 0.5;

constexpr WordTable<Bound, 2> kBoundWords({{Bound::at_least, "at_least"}, {Bound::at_most, "at_most"}});

}  // namespace

std::string_view to_word(Bound bound) { return kBoundWords.word(bound); }

std::vector<Gate> judge(const Estimate& estimate, double compliance, std::optional<double> honest_width,
                        bool some_were_cut_short) {
  std::vector<Gate> gates = {
      {.name = "compliance",
       .meaning = "share of answers in the agreed form",
       .advice = some_were_cut_short
                     ? "give answers that were cut off at their limit more room: --max-output-tokens (heretix answers)"
                     : "read the refused answers (heretix answers); the model may not follow this prompt bank",
       .bound = Bound::at_least,
       .limit = kMinCompliance,
       .observed = compliance},
      {.name = "stability",
       .meaning = "agreement between wordings",
       .advice = kUnstableAdvice,
       .bound = Bound::at_least,
       .limit = kMinStability,
       .observed = estimate.stability},
      {.name = "precision",
       .meaning = "width of the frozen 95 % interval",
       .advice = "ask more templates (-K, -T) before more replicates (-R)",
       .bound = Bound::at_most,
       .limit = kMaxWidth,
       .observed = estimate.ci95.width()},
  };
  Gate& precision = gates.back();
  if (honest_width && precision.passed() && *honest_width > kMaxWidth) precision.honest_observed = honest_width;
  return gates;
}

bool is_of_frozen_estimate(const Gate& gate) { return gate.name == "stability" || gate.name == "precision"; }

namespace {

// "2 of 20 answers contradict their own label, from the wordings 3, 7 (2 of 10)"
std::string told(const LabelAgreement& labels) {
  std::vector<LabelAgreement::Wording> wordings = labels.wordings;
  std::erase_if(wordings, [](const LabelAgreement::Wording& w) { return w.contradicting == 0; });
  std::ranges::sort(wordings, {}, &LabelAgreement::Wording::paraphrase_idx);

  std::string from;
  for (const LabelAgreement::Wording& w : wordings) {
    from += fmt::format("{}{}", from.empty() ? ", from the wordings " : ", ", shown_number(w.paraphrase_idx));
    if (w.judged > 1) from += fmt::format(" ({} of {})", w.contradicting, w.judged);
  }
  return fmt::format("{} of {} answers contradict their own label{}", labels.contradicting, labels.judged, from);
}

}  // namespace

std::optional<Gate> judge_labels(const LabelAgreement& labels) {
  if (labels.judged == 0) return std::nullopt;
  return Gate{.name = "labels",
              .meaning = "share of answers whose label contradicts their number",
              .advice =
                  "read these answers (heretix answers); the model may not understand the scale, "
                  "another one or another readout may",
              .bound = Bound::at_most,
              .limit = kMaxContradictingLabels,
              .observed = labels.share(),
              .detail = told(labels)};
}

Gate judge_word_mass(double mass) {
  return {.name = kWordMassGate,
          .meaning = "share of the probability that is on True and False",
          .advice =
              "what the model says besides these two words is not seen: read it in another way (--readout; heretix "
              "readouts shows them all), or ask a model that follows the question",
          .bound = Bound::at_least,
          .limit = kMinWordMass,
          .observed = mass};
}

int quality_score(double stability, double width, double compliance) {
  return static_cast<int>(
      100 * (0.4 * stability + 0.4 * (1 - std::min(width, kUselessWidth) / kUselessWidth) + 0.2 * compliance));
}

bool is_stable(double width) { return width <= kStableWidth; }

Word word_of(Probability p) {
  if (p.value() >= kLikelyTrue) return Word::likely_true;
  return p.value() <= kLikelyFalse ? Word::likely_false : Word::uncertain;
}

std::string_view to_text(Word word) {
  switch (word) {
    case Word::likely_false: return "likely false";
    case Word::uncertain: return "uncertain";
    case Word::likely_true: return "likely true";
  }
  throw std::logic_error("a Word without a text");
}

std::string verdict_text(Probability p, const std::optional<Interval>& interval) {
  const Word word = word_of(p);
  std::string text(to_text(word));
  if (!interval) return text + "; no interval from a single template";
  const Word low = word_of(interval->low);
  const Word high = word_of(interval->high);
  if (low == word && high == word) return text;
  text += "; the interval reaches into ";
  if (low != word) text += to_text(low);
  if (low != word && high != word) text += " and ";
  if (high != word) text += to_text(high);
  return text;
}

}  // namespace heretix
