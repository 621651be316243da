#include "models/hub/hub.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/text.hpp"
#include "models/http/caller.hpp"
#include "models/http/times.hpp"

namespace heretix {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kMostRedirects = 8;
constexpr int kMostPages = 200;
constexpr int kMostTries = 5;  // in a row without a byte
constexpr milliseconds kFirstWait{500};
constexpr milliseconds kLongestWaitOfOurs{20'000};
constexpr milliseconds kPoll{200};       // how soon a signal is seen
constexpr std::size_t kMostWords = 200;  // of the hub's own message
constexpr std::size_t kMostApiBytes = 64U << 20;

// A file of many gigabytes has no deadline as a whole, only for each next byte.
constexpr Deadlines kDeadlines{.connect = std::chrono::seconds(15),
                               .tls = std::chrono::seconds(15),
                               .first_byte = std::chrono::seconds(60),
                               .idle = std::chrono::seconds(60),
                               .total = std::chrono::hours(24 * 30)};

Url endpoint_from(const std::string& text) {
  auto url = parse_url(text);
  const bool is_web = url && (url->scheme == "https" || url->scheme == "http");
  if (!is_web || url->user || url->password || url->query || url->fragment)
    throw Error(ErrorKind::bad_input,
                fmt::format("HF_ENDPOINT is '{}', which is no address of a model hub", shown_url(text)),
                fmt::format("write it as {}, or unset it", kUsualHub));
  return *url;
}

std::string without_last_slash(std::string address) {
  while (address.ends_with('/')) address.pop_back();
  return address;
}

// A header must not hold what would begin another one.
void require_token_can_be_sent(const std::string& token, const Url& endpoint) {
  const bool is_printable = std::ranges::all_of(token, [](unsigned char c) { return c > ' ' && c < 0x7f; });
  if (!is_printable)
    throw Error(ErrorKind::bad_input, "HF_TOKEN holds a character that no token has",
                "set it to the token alone, without spaces and line breaks");
  if (!token.empty() && !endpoint.is_safe_for_secrets())
    throw Error(ErrorKind::not_allowed, fmt::format("HF_TOKEN would be sent unencrypted to {}", endpoint.authority()),
                "use https:// in HF_ENDPOINT, or unset HF_TOKEN");
}

bool is_commit(std::string_view text) {
  return (text.size() == 40 || text.size() == 64) &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// The path of a file, with its folders.
std::string encoded_path(const std::string& path) {
  std::string encoded;
  for (const std::string_view part : split(path, '/'))
    encoded += (encoded.empty() ? "" : "/") + percent_encoded(std::string(part));
  return encoded;
}

// A redirect, or the address of the next page.
void require_stays_encrypted(const Url& from, const Url& to) {
  if (!from.is_encrypted() || to.is_encrypted()) return;
  throw Error(
      ErrorKind::not_allowed,
      fmt::format("{} redirects to {} without encryption, which is not followed", from.authority(), to.authority()),
      "check HF_ENDPOINT");
}

std::unique_ptr<HttpEngine> make_engine(const HubSettings& settings) {
  return std::make_unique<HttpEngine>(EngineOptions{
      .deadlines = kDeadlines, .most_connections = 4, .most_bytes = kMostApiBytes, .ca_file = settings.ca_file});
}

HubFailure passing(ErrorKind kind, const std::string& what, std::optional<milliseconds> wait = {}) {
  return {Error(kind, what, "try again later; what has arrived is kept"), true, wait};
}

}  // namespace

void require_going_on(const PullObserver& observer) {
  if (!observer.stopped()) return;
  throw Error(ErrorKind::stopped, "stopped while fetching a model; what has arrived is kept",
              "the same command goes on where this one ended");
}

Hub::Hub(HubSettings settings)
    : settings_(std::move(settings)),
      endpoint_(endpoint_from(settings_.endpoint)),
      address_(without_last_slash(endpoint_.address())),
      engine_(make_engine(settings_)) {
  require_token_can_be_sent(settings_.token, endpoint_);
}

HttpResponse Hub::send(const Url& url, std::vector<std::string> headers, TakeBytes take, PullObserver& observer) {
  if (!settings_.token.empty() && is_own(url)) headers.push_back("Authorization: Bearer " + settings_.token);
  HttpRequest request{
      .url = url.address(), .headers = std::move(headers), .body = {}, .is_get = true, .take_bytes = std::move(take)};
  engine_->start(0, std::move(request));

  while (true) {
    std::vector<HttpResponse> responses = engine_->step(steady_clock::now() + kPoll);
    if (!responses.empty()) return std::move(responses.front());
    if (observer.stopped()) engine_ = make_engine(settings_);  // which drops what is in flight
    require_going_on(observer);
  }
}

Hub::Got Hub::get(const std::string& address, const std::vector<std::string>& headers, const TakeBytes& take,
                  PullObserver& observer) {
  auto url = parse_url(address);
  if (!url) throw Error(ErrorKind::broken, fmt::format("{} is no address", shown_url(address)));

  for (int redirects = 0; redirects <= kMostRedirects; ++redirects) {
    Got got{send(*url, headers, take, observer), is_own(*url)};
    const bool is_redirect = got.response.event == Event::replied && got.response.status >= 300 &&
                             got.response.status <= 399 && got.response.status != 304;
    if (!is_redirect) return got;

    auto next = resolve_url(*url, got.response.headers.value("location"));
    const bool is_web = next && (next->scheme == "https" || next->scheme == "http");
    if (!is_web)
      throw Error(ErrorKind::unavailable, fmt::format("{} redirects to nowhere", url->authority()), "try again later");
    require_stays_encrypted(*url, *next);
    url = std::move(next);
  }
  throw Error(ErrorKind::unavailable, fmt::format("{} redirects in a circle", endpoint_.authority()),
              "check HF_ENDPOINT, or try again later");
}

// What the hub says itself, in its header or its JSON.
std::string Hub::words_of(const HttpResponse& response) const {
  std::string words(response.headers.value("x-error-message"));
  if (words.empty()) {
    const json body = json::parse(response.body, nullptr, false);
    if (body.is_object() && body.contains("error") && body["error"].is_string()) words = body["error"];
  }
  if (words.empty() || first_invalid_utf8(words)) return {};
  if (!settings_.token.empty()) words = replaced(words, {settings_.token, "…"});
  return fmt::format(" ({})", on_one_line(shortened(words, kMostWords)));
}

// 4xx. The hub answers 401 for a repository that does not exist, too, as long as no token is sent.
HubFailure Hub::refusal_in(const Got& got, const HubName& name) const {
  const std::string repository = name.repository_id(), page = fmt::format("{}/{}", address_, repository);
  const std::string_view code = got.response.headers.value("x-error-code");
  const std::string words = words_of(got.response);
  const bool has_token = !settings_.token.empty();
  const std::string host = endpoint_.authority();

  if (code == "RevisionNotFound")
    return {Error(ErrorKind::not_found, fmt::format("{} has no revision '{}'", repository, name.asked_revision()),
                  fmt::format("name a branch, a tag or a commit that {} lists, or leave it out", page))};
  if (code == "EntryNotFound")
    return {Error(ErrorKind::unavailable, fmt::format("{} lists a file that it does not have{}", repository, words),
                  "try again")};

  const bool is_gated = code == "GatedRepo" || got.response.status == 403;
  if (is_gated && has_token)
    return {Error(
        ErrorKind::not_allowed, fmt::format("{} gives no access to {}{}", host, repository, words),
        fmt::format("ask for access at {} with the account of HF_TOKEN, and check that the token may read it", page))};
  if (is_gated)
    return {Error(ErrorKind::not_allowed,
                  fmt::format("{} gives {} only to those who asked for access{}", host, repository, words),
                  fmt::format("ask for access at {}, then set HF_TOKEN to a token of that account", page))};
  if (got.response.status == 401 && has_token)
    return {Error(ErrorKind::not_allowed, fmt::format("{} does not accept the token in HF_TOKEN{}", host, words),
                  "set HF_TOKEN to a token that is valid, or unset it for public models")};
  if (got.response.status == 401)
    return {Error(ErrorKind::not_allowed,
                  fmt::format("{} shows nobody a repository {} without a token: it does not exist, or it is private{}",
                              host, repository, words),
                  "check the name; for a private repository set HF_TOKEN")};
  if (got.response.status == 404)
    return {Error(ErrorKind::not_found, fmt::format("{} has no repository {}{}", host, repository, words),
                  has_token ? "check the name, and that the account of HF_TOKEN may see it" : "check the name")};
  return {Error(ErrorKind::unavailable,
                fmt::format("{} answers {} with status {}{}", host, repository, got.response.status, words),
                "check HF_ENDPOINT, or try again later")};
}

std::optional<HubFailure> Hub::failure_in(const Got& got, const HubName& name) const {
  const HttpResponse& response = got.response;
  const std::string host = got.is_from_hub ? endpoint_.authority() : "the host that the hub redirects to";
  switch (response.event) {
    case Event::untrusted_certificate:
      return HubFailure{Error(ErrorKind::not_allowed,
                              fmt::format("the certificate of {} is not trusted: {}", host, response.trouble),
                              "name the authority's certificates in SSL_CERT_FILE")};
    case Event::malformed_address:
      return HubFailure{
          Error(ErrorKind::bad_input, fmt::format("the address of {} is not valid", host), "correct HF_ENDPOINT")};
    case Event::no_reply:
    case Event::no_tunnel:
      return passing(ErrorKind::unavailable, fmt::format("{} does not answer: {}", host, response.trouble));
    case Event::replied: break;
  }

  if (response.status == 200 || response.status == 206) return std::nullopt;
  const auto wait = retry_after(response.headers, std::chrono::system_clock::now());
  if (response.status == 429)
    return passing(ErrorKind::too_many, fmt::format("{} has had too many requests{}", host, words_of(response)), wait);
  if (response.status == 408 || response.status >= 500)
    return passing(ErrorKind::unavailable,
                   fmt::format("{} fails with status {}{}", host, response.status, words_of(response)), wait);
  // An address that was signed for a while may be over. The hub signs a new one.
  if (!got.is_from_hub)
    return passing(ErrorKind::unavailable, fmt::format("{} answers with status {}", host, response.status), wait);
  return refusal_in(got, name);
}

void Hub::wait_after(const HubFailure& failure, int tries, PullObserver& observer) const {
  if (!failure.may_pass || tries >= kMostTries) throw failure.error;

  const milliseconds own = std::min(kFirstWait * (1 << (tries - 1)), kLongestWaitOfOurs);
  const milliseconds pause = std::max(own, failure.wait.value_or(milliseconds(0)));
  if (pause > kLongestWait) throw failure.error;
  observer.on_wait(
      fmt::format("{}; trying again in {:.1f} s", failure.error.what(), static_cast<double>(pause.count()) / 1000));

  const auto until = steady_clock::now() + pause;
  while (steady_clock::now() < until) {
    require_going_on(observer);
    std::this_thread::sleep_for(std::min<steady_clock::duration>(kPoll, until - steady_clock::now()));
  }
}

// For an answer that fits in memory; tried several times.
Hub::Got Hub::get_whole(const std::string& address, const HubName& name, PullObserver& observer) {
  for (int tries = 1;; ++tries) {
    Got got = get(address, {"Accept: application/json"}, {}, observer);
    const auto failure = failure_in(got, name);
    if (!failure) return got;
    wait_after(*failure, tries, observer);
  }
}

HubListing Hub::list(const HubName& name, PullObserver& observer) {
  const std::string api = fmt::format("{}/api/models/{}", address_, name.repository_id());

  // The commit first, so that the listing and every file are of one state of the repository.
  const std::string revision = percent_encoded(name.asked_revision());
  const Got about = get_whole(fmt::format("{}/revision/{}", api, revision), name, observer);
  const json facts = json::parse(about.response.body, nullptr, false);
  HubListing listing;
  if (facts.is_object() && facts.contains("sha") && facts["sha"].is_string())
    listing.commit = to_lower_ascii(facts["sha"].get<std::string>());
  if (!is_commit(listing.commit))
    throw Error(ErrorKind::unavailable,
                fmt::format("{} does not say which commit '{}' of {} is", address_, name.asked_revision(),
                            name.repository_id()),
                "check HF_ENDPOINT: it must be the address of a model hub");

  auto page = std::optional(fmt::format("{}/tree/{}?recursive=true", api, listing.commit));
  for (int pages = 0; page && pages < kMostPages; ++pages) {
    const Got got = get_whole(*page, name, observer);
    std::ranges::move(gguf_files_of(got.response.body), std::back_inserter(listing.files));
    const auto next = next_page(got.response.headers.value("link"));
    const auto url = next ? resolve_url(*parse_url(*page), *next) : std::nullopt;
    if (url) require_stays_encrypted(endpoint_, *url);
    page = url ? std::optional(url->address()) : std::nullopt;
  }
  return listing;
}

std::optional<HubFailure> Hub::fetch(const HubName& name, const std::string& commit, const HubFile& file,
                                     const std::vector<std::string>& headers, const TakeBytes& take,
                                     PullObserver& observer) {
  const std::string address =
      fmt::format("{}/{}/resolve/{}/{}", address_, name.repository_id(), commit, encoded_path(file.path));
  const Got got = get(address, headers, take, observer);
  auto failure = failure_in(got, name);
  if (failure && got.response.event == Event::replied) failure->status = got.response.status;
  return failure;
}

}  // namespace heretix
