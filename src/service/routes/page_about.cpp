#include "service/routes/page_about.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/html_text.hpp"
#include "base/text.hpp"

namespace heretix::http {
namespace {

using html::escaped;

constexpr std::string_view kAboutBegin = "<!-- about -->";
constexpr std::string_view kAboutEnd = "<!-- /about -->";
constexpr std::string_view kEmptyApp = "<div id=\"app\"></div>";
constexpr std::size_t kMostTitleCharacters = 200;
constexpr std::size_t kMostDescriptionCharacters = 400;
constexpr std::string_view kWhatItIs =
    "What a language model says when it is asked in many neutral wordings, measured by Heretix. It is not a check of "
    "whether the claim is true.";

// "play gives it 70 %, between 60 % and 75 %"
std::string belief_sentence(const PreviewedCheck& check) {
  if (!check.belief) return fmt::format("{} {}.", check.model, check.is_done ? "was asked" : "has no result yet");

  const ShownBelief& belief = *check.belief;
  std::string range;
  if (belief.interval)
    range = fmt::format(", between {} and {}", percent_text(belief.interval->low.value()),
                        percent_text(belief.interval->high.value()));

  const std::string p = percent_text(belief.p.value());
  if (belief.is_stable == false) return fmt::format("{} has no stable belief: centre {}{}.", check.model, p, range);
  return fmt::format("{} gives it {}{}.", check.model, p, range);
}

std::string meta(std::string_view kind, std::string_view name, std::string_view content) {
  return fmt::format("<meta {}=\"{}\" content=\"{}\" />\n    ", kind, name, escaped(content));
}

// Of a text of several lines, as a window's title holds it.
std::string in_one_line(const std::string& text, std::size_t most) {
  return shortened(on_one_line(replaced(replaced(text, {"\n", " "}), {"\t", " "})), most);
}

// Where `part` begins, which the build has put in once.
std::size_t place_of(std::string_view html, std::string_view part) {
  const std::size_t found = html.find(part);
  if (found == std::string_view::npos)
    throw Error(ErrorKind::broken, fmt::format("the page has no place for what it is about: {}", part));
  return found;
}

}  // namespace

std::string percent_text(double p) {
  const double hundred = p * 100;
  if (hundred > 0 && hundred < 0.05) return "<0.1 %";
  if (hundred > 99.95 && hundred < 100) return ">99.9 %";
  const bool is_near_an_end = (p > 0 && p < 0.01) || (p > 0.99 && p < 1);
  return fmt::format("{:.{}f} %", hundred, is_near_an_end ? 1 : 0);
}

PageAbout about(std::span<const PreviewedCheck> checks) {
  PageAbout about{.title = checks.front().claim, .description = {}};
  for (const PreviewedCheck& check : checks) about.description += belief_sentence(check) + " ";
  about.description += kWhatItIs;
  return about;
}

std::string with_about(std::string_view html, const PageAbout& about, std::string_view body) {
  const std::string title = in_one_line(about.title, kMostTitleCharacters);
  const std::string description = in_one_line(about.description, kMostDescriptionCharacters);

  std::string head = fmt::format("<title>{} · Heretix</title>\n    ", escaped(title));
  head += meta("name", "description", description);
  head += meta("property", "og:site_name", "Heretix");
  head += meta("property", "og:type", "article");
  head += meta("property", "og:title", title);
  head += meta("property", "og:description", description);
  if (!about.address.empty()) head += meta("property", "og:url", about.address);
  head += meta("name", "twitter:card", "summary");

  const std::size_t begin = place_of(html, kAboutBegin);
  const std::size_t end = place_of(html, kAboutEnd) + kAboutEnd.size();
  const std::size_t app = place_of(html, kEmptyApp);
  return fmt::format("{}{}{}<div id=\"app\">{}</div>{}", html.substr(0, begin), head, html.substr(end, app - end), body,
                     html.substr(app + kEmptyApp.size()));
}

}  // namespace heretix::http
