// The page of an atlas: the matrix, with all its numbers, and what the document says.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "base/html_text.hpp"
#include "base/text.hpp"
#include "report/html_parts.hpp"
#include "report/mock_mark.hpp"
#include "studies/atlas/atlas_assets.hpp"
#include "studies/atlas/atlas_blocks.hpp"

namespace heretix {
namespace {

using html::escaped;
using nlohmann::json;

constexpr std::size_t kClaimsWithoutScript = 50;
constexpr double kSteps = 10'000;  // of a probability in the page, which shows two digits

// Names that many cells have in common, each numbered where it comes first.
class Numbered {
 public:
  std::size_t of(const std::string& name) {
    const auto [place, is_new] = numbers_.emplace(name, names_.size());
    if (is_new) names_.push_back(name);
    return place->second;
  }
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::map<std::string, std::size_t> numbers_;
  std::vector<std::string> names_;
};

json short_number(const std::optional<double>& p) { return p ? json(std::round(*p * kSteps) / kSteps) : json(nullptr); }

json cell_of(const AtlasRow& row, Numbered& gates) {
  json failed = json::array();
  for (const std::string& gate : row.gates_failed) failed.push_back(gates.of(gate));
  return {static_cast<int>(standing_of(row)),
          short_number(row.p),
          short_number(row.low),
          short_number(row.high),
          failed,
          row.billed.micros(),
          row.execution_id ? json(*row.execution_id) : json(nullptr),
          row.error.empty() ? json(nullptr) : json(row.error)};
}

// As data/atlas.js reads it.
json data_of(const Atlas& atlas) {
  Numbered tags, gates;
  json models = json::array(), claims = json::array();
  for (std::size_t m = 0; m < atlas.models.size(); ++m) models.push_back(atlas_label(atlas, m));
  for (const AtlasClaim& claim : atlas.claims) {
    json of_claim = json::array(), cells = json::array();
    for (const std::string& tag : claim.tags) of_claim.push_back(tags.of(tag));
    for (const auto& cell : claim.cells) cells.push_back(cell ? cell_of(atlas.rows[*cell], gates) : json(nullptr));
    const auto& d = claim.disagreement;
    claims.push_back({claim.claim, of_claim, claim.truth ? json(*claim.truth) : json(nullptr),
                      d ? short_number(d->difference()) : json(nullptr), cells,
                      d ? short_number(d->p_low) : json(nullptr), d ? short_number(d->p_high) : json(nullptr)});
  }
  return {{"models", models}, {"tags", tags.names()}, {"gates", gates.names()}, {"claims", claims}};
}

// JSON within a page: nothing in it may end the element that holds it.
std::string within_page(const json& data) {
  return replaced(data.dump(-1, ' ', false, json::error_handler_t::replace), {"<", "\\u003c"});
}

std::string option(const std::string& value, const std::string& text) {
  return fmt::format("<option value=\"{}\">{}</option>", escaped(value), escaped(text));
}

std::string controls(const json& data) {
  std::vector<std::string> tags = data["tags"];
  std::ranges::sort(tags);
  std::string of_tags = option("", "all");
  for (const std::string& tag : tags) of_tags += option(tag, tag);

  std::string of_gates = option("", "all claims") + option("unstable", "some model has no stable belief") +
                         option("any", "a gate failed") + option("none", "no gate failed");
  for (const std::string gate : data["gates"]) of_gates += option("=" + gate, "failed: " + gate);

  std::string of_models;
  for (std::size_t m = 0; m < data["models"].size(); ++m)
    of_models += fmt::format("<label><input type=\"checkbox\" value=\"{}\" checked> {}</label>", m,
                             escaped(data["models"][m].get<std::string>()));

  return fmt::format(
      "<div class=\"controls\" role=\"search\" aria-label=\"Claims that are shown\">"
      "<label><span>Claims with</span><input type=\"search\" id=\"atlas-text\"></label>"
      "<label><span>Tag</span><select id=\"atlas-tag\">{}</select></label>"
      "<label><span>Gates</span><select id=\"atlas-gate\">{}</select></label>"
      "<fieldset id=\"atlas-models\"><legend>Models</legend>{}</fieldset></div>\n",
      of_tags, of_gates, of_models);
}

std::string sort_head(const char* kind, const std::string& key, const std::string& text) {
  return fmt::format(
      "<th scope=\"col\" class=\"{}\" aria-sort=\"none\"><button type=\"button\" data-sort=\"{}\">{}</button></th>",
      kind, key, escaped(text));
}

std::string matrix(const json& data) {
  const json& models = data["models"];
  std::string heads = sort_head("claims", "claim", "Claim");
  const std::string apart = sort_head("apart", "apart", "Apart");
  heads += models.size() > 1 ? apart : replaced(apart, {"<th ", "<th hidden "});
  for (std::size_t m = 0; m < models.size(); ++m)
    heads += sort_head("beliefs", std::to_string(m), models[m].get<std::string>());

  return fmt::format(
      "<p class=\"legend\"><span><i class=\"true tint9\"></i>true, sure</span>"
      "<span><i class=\"true tint3\"></i>paler: nearer to one half, or a wider interval</span>"
      "<span><i class=\"false tint9\"></i>false, sure</span>"
      "<span><i class=\"unstable\"></i>no stable belief</span><span>bar: 95 % interval from 0 to 1, tick: p</span>"
      "<span>✕ a gate failed</span></p>\n"
      "<p id=\"atlas-status\" role=\"status\"></p>\n"
      "<div class=\"scroll\" id=\"atlas-scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Claims by models\">"
      "<table class=\"matrix\" id=\"atlas-matrix\"><caption>What each model believes about each claim: the probability "
      "that it is true. A heading sorts; a claim opens its checks.</caption><thead><tr aria-rowindex=\"1\">{}</tr>"
      "</thead><tbody></tbody></table></div>\n"
      "<dialog id=\"atlas-claim\" aria-labelledby=\"atlas-claim-text\"><h2 id=\"atlas-claim-text\"></h2><p></p>"
      "<div class=\"wrap\"><table><caption class=\"soft\">Its checks</caption><thead><tr><th scope=\"col\">model</th>"
      "<th scope=\"col\">belief</th><th scope=\"col\">billed</th><th scope=\"col\">its page</th></tr></thead>"
      "<tbody></tbody></table></div><form method=\"dialog\"><button>Close</button></form></dialog>\n",
      heads);
}

std::string_view notice_of(const Atlas& atlas) {
  if (!atlas.has_mock()) return "";
  return atlas.is_mock() ? kMockNotice : kSomeMockNotice;
}

}  // namespace

std::string atlas_html(const Atlas& atlas) {
  const json data = data_of(atlas);
  const std::string title = atlas_title(atlas);
  const std::string body = "<h1>" + escaped(title) + "</h1>\n" + html_of(overview_blocks(atlas)) +
                           "<div id=\"atlas-interactive\" hidden><h2>Claims by models</h2>\n" + controls(data) +
                           matrix(data) + "</div>\n" + "<noscript>" +
                           html_of(matrix_blocks(atlas, {.most = kClaimsWithoutScript})) +
                           "<p>The whole matrix needs a script, which this browser does not run.</p></noscript>\n" +
                           html_of(finding_blocks(atlas)) + "<script type=\"application/json\" id=\"atlas-data\">" +
                           within_page(data) + "</script>\n";
  return html::to_html(
      {.title = title, .body = body, .notice = notice_of(atlas), .style = kAtlasStyle, .script = kAtlasScript});
}

}  // namespace heretix
