#include "service/routes/page_about.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/html_text.hpp"
#include "base/text.hpp"
#include "report/card.hpp"
#include "report/finding.hpp"

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

  return finding_of(check.model, *check.belief);
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
  if (!about.picture.empty()) {
    head += meta("property", "og:image", about.picture);
    head += meta("property", "og:image:width", std::to_string(kCardWidth));
    head += meta("property", "og:image:height", std::to_string(kCardHeight));
    head += meta("property", "og:image:alt", description);
  }
  head += meta("name", "twitter:card", about.picture.empty() ? "summary" : "summary_large_image");

  const std::size_t begin = place_of(html, kAboutBegin);
  const std::size_t end = place_of(html, kAboutEnd) + kAboutEnd.size();
  const std::size_t app = place_of(html, kEmptyApp);
  return fmt::format("{}{}{}<div id=\"app\">{}</div>{}", html.substr(0, begin), head, html.substr(end, app - end), body,
                     html.substr(app + kEmptyApp.size()));
}

}  // namespace heretix::http
