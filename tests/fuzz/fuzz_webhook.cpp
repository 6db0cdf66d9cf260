// Whatever is sent to a webhook's address: nothing breaks, nobody ends a grant without the provider's key,
// what comes out is bounded, and no error quotes a secret. Each plugin that takes events is in here.
#include <boost/json/parse.hpp>

#include "base/encoding.hpp"
#include "check.hpp"
#include "crypto/hash.hpp"
#include "plugin/plugin.hpp"

extern "C" const agw_provider* entry_of_github(void);
extern "C" const agw_provider* entry_of_google(void);
extern "C" const agw_provider* entry_of_jira(void);
extern "C" const agw_provider* entry_of_meta(void);
extern "C" const agw_provider* entry_of_slack(void);

namespace {

using namespace agw;

constexpr const char* kClientSecret = "client-secret-12345";
constexpr const char* kWebhookSecret = "webhook-secret-12345";
constexpr const char* kTime = "1700000000";

/// A host whose HMAC is real. What stands for a Security Event Token is its claims, if it is genuine.
class Services final : public HostServices {
 public:
  explicit Services(bool genuine) : genuine_(genuine) {}
  Result<HttpResponse> send(const HttpRequest&) override { std::abort(); }  // no webhook may
  Result<boost::json::object> verifyIdToken(const Secret& token, const IdTokenCheck&) override {
    boost::system::error_code failed;
    auto claims = boost::json::parse(token.reveal(), failed);
    if (!genuine_ || failed || !claims.is_object())
      return Error{.kind = ErrorKind::Malformed, .message = "The id_token does not verify."};
    return std::move(claims.get_object());
  }
  Result<Secret> signJwt(const Secret&, const boost::json::object&) override { std::abort(); }
  std::string hmacSha256(std::string_view key, std::string_view message) override {
    return hexEncode(agw::hmacSha256(key, message));
  }
  TimePoint now() override { return fromMillis(1'700'000'000'000); }

 private:
  bool genuine_;
};

/// Input: the plugin's letter, `+` where the harness signs it, `G` for a GET; a line break; header lines; an
/// empty line; the body.
struct Case {
  const agw_provider* plugin = nullptr;
  bool genuine = false;
  WebhookRequest request;
};

std::string_view takeLine(std::string_view& text) {
  const auto line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

void sign(Case& given, char letter) {
  auto& headers = given.request.headers;
  const auto& body = given.request.body;
  const auto add = [&](const char* name, std::string value) {
    headers.insert(headers.begin(), {name, std::move(value)});
  };
  const auto digest = [](const char* key, const std::string& message) {
    return hexEncode(hmacSha256(key, message));
  };
  switch (letter) {
    case 'h':
      return add("X-Hub-Signature-256", "sha256=" + digest(kWebhookSecret, body));
    case 'j':
      return add("X-Hub-Signature", "sha256=" + digest(kWebhookSecret, body));
    case 's':
      add("X-Slack-Signature", "v0=" + digest(kWebhookSecret, std::string("v0:") + kTime + ":" + body));
      return add("X-Slack-Request-Timestamp", kTime);
    case 'm': {
      // As a signed request, whose payload is the body.
      const auto payload = base64UrlEncode(body);
      given.request.body =
          "signed_request=" + base64UrlEncode(hmacSha256(kClientSecret, payload)) + "." + payload;
      return add("Content-Type", "application/x-www-form-urlencoded");
    }
    default:
      return;
  }
}

Case caseOf(std::string_view input) {
  Case given;
  const auto first = takeLine(input);
  if (first.empty()) return given;
  given.plugin = first[0] == 'h'   ? entry_of_github()
                 : first[0] == 'j' ? entry_of_jira()
                 : first[0] == 'm' ? entry_of_meta()
                 : first[0] == 's' ? entry_of_slack()
                                   : entry_of_google();
  given.genuine = first.find('+') != std::string_view::npos;
  given.request.method = first.find('G') != std::string_view::npos ? "GET" : "POST";
  given.request.publicUrl = "https://auth.example.com/oauth/webhooks/corp";
  while (!input.empty()) {
    const auto line = takeLine(input);
    if (line.empty()) break;
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) {
      given.request.query.emplace("id", line);
      continue;
    }
    given.request.headers.emplace_back(line.substr(0, colon), line.substr(colon + 1));
  }
  given.request.body = std::string(input);
  if (given.genuine) sign(given, first[0]);
  return given;
}

Result<WebhookReading> read(const Case& given) {
  ProviderConfig config;
  config.id = config.plugin = "corp";
  config.clientId = "gateway";
  config.clientSecret = Secret(kClientSecret);
  config.webhookSecret = Secret(kWebhookSecret);
  config.options = {{"app_slug", "corp"}};
  if (given.plugin != entry_of_github()) config.options.clear();
  Services services(given.genuine);
  const auto plugin = adoptPlugin(given.plugin);
  FUZZ_CHECK(plugin.ok());
  return makeProvider(*plugin, std::move(config), services)->readWebhook(given.request);
}

void checkEvent(const ProviderEvent& event) {
  for (const auto* text : {&event.orgId, &event.installationId, &event.subject, &event.kind, &event.delivery})
    FUZZ_CHECK(text->size() <= 512 && isUtf8(*text));
  FUZZ_CHECK(!event.orgId.empty() || !event.installationId.empty() || !event.subject.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto given = caseOf(asText(data, size));
  if (given.plugin == nullptr) return 0;
  const auto reading = read(given);
  if (!reading) {
    const auto told = reading.error().message + reading.error().detail;
    for (const auto* secret : {kClientSecret, kWebhookSecret}) FUZZ_CHECK(told.find(secret) == told.npos);
    FUZZ_CHECK(reading.error().kind != ErrorKind::Bug && reading.error().kind != ErrorKind::GrantDead);
    return 0;
  }
  FUZZ_CHECK(given.genuine || reading->events.empty());
  FUZZ_CHECK(reading->body.size() <= 16U << 10);
  FUZZ_CHECK(reading->contentType.find("html") == std::string::npos);
  for (const auto& event : reading->events) checkEvent(event);
  const auto again = read(given);
  FUZZ_CHECK(again.ok() && again->events.size() == reading->events.size());
  return 0;
}
