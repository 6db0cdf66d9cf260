#include "plugin/installation_records.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <iterator>
#include <optional>

#include "plugin/outgoing.hpp"
#include "plugin/records.hpp"

namespace agw {
namespace {

constexpr std::size_t maxName = 512;
constexpr std::size_t maxObject = 16U << 10;
constexpr std::size_t maxReply = 16U << 10;

Error malformed(std::string why) {
  return Error{.kind = ErrorKind::Malformed, .message = std::move(why), .code = "provider_error"};
}

bool isPlain(const std::string& text) {
  return text.size() <= maxName && !hasControlCharacter(text);
}

/// Nothing for what is no object; empty for an absent one.
std::optional<boost::json::object> objectOf(const Fields& fields, std::string_view name) {
  const auto text = textOf(fields, name);
  if (text.empty()) return boost::json::object();
  if (text.size() > maxObject) return std::nullopt;
  boost::system::error_code failed;
  auto value = boost::json::parse(text, failed);
  if (failed || !value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

Result<InstallationFacts> factsOf(const Fields& fields) {
  InstallationFacts facts{.orgId = textOf(fields, "org_id"),
                          .orgName = textOf(fields, "org_name"),
                          .installationId = textOf(fields, "installation_id"),
                          .scopes = splitScopes(textOf(fields, "scopes")),
                          .permissions = {},
                          .metadata = {},
                          .suspended = textOf(fields, "suspended") == "true",
                          .minted = textOf(fields, "minted") == "true"};
  if (facts.orgId.empty()) return malformed("The provider's answer names no organisation.");
  if (!isPlain(facts.orgId) || !isPlain(facts.orgName) || !isPlain(facts.installationId) ||
      facts.scopes.size() > maxName || !std::all_of(facts.scopes.begin(), facts.scopes.end(), isPlain)) {
    return malformed("The provider's organisation is not plain text.");
  }
  auto permissions = objectOf(fields, "permissions");
  auto metadata = objectOf(fields, "metadata");
  if (!permissions || !metadata)
    return malformed("The provider's organisation has permissions that are none.");
  facts.permissions = std::move(*permissions);
  facts.metadata = std::move(*metadata);
  return facts;
}

struct EventName {
  std::string_view name;
  ProviderEventKind kind;
};
constexpr EventName eventNames[] = {{"uninstalled", ProviderEventKind::Uninstalled},
                                    {"suspended", ProviderEventKind::Suspended},
                                    {"unsuspended", ProviderEventKind::Unsuspended},
                                    {"permissions_changed", ProviderEventKind::PermissionsChanged},
                                    {"tokens_revoked", ProviderEventKind::TokensRevoked},
                                    {"consent_ended", ProviderEventKind::ConsentEnded}};

/// Seconds since 1970, up to the year 5000.
std::optional<TimePoint> momentOf(std::string_view digits) {
  constexpr std::int64_t latest = 95'617'584'000;
  std::int64_t seconds = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  if (failed != std::errc() || end != digits.data() + digits.size() || seconds < 0 || seconds > latest)
    return std::nullopt;
  return TimePoint(std::chrono::seconds(seconds));
}

Result<ProviderEvent> eventOf(const Fields& fields) {
  const auto name = textOf(fields, "event");
  const auto* known = std::find_if(std::begin(eventNames), std::end(eventNames),
                                   [&](const auto& event) { return event.name == name; });
  if (known == std::end(eventNames)) return malformed("The plugin names an event that is none.");
  ProviderEvent event{.event = known->kind,
                      .orgId = textOf(fields, "org_id"),
                      .installationId = textOf(fields, "installation_id"),
                      .subject = textOf(fields, "subject"),
                      .kind = textOf(fields, "kind"),
                      .permissions = {},
                      .at = {},
                      .delivery = textOf(fields, "delivery")};
  for (const auto* text :
       {&event.orgId, &event.installationId, &event.subject, &event.kind, &event.delivery}) {
    if (!isPlain(*text)) return malformed("The provider's event is not plain text.");
  }
  const bool aboutNobody = event.orgId.empty() && event.installationId.empty() && event.subject.empty();
  if (aboutNobody || (event.event == ProviderEventKind::ConsentEnded && event.subject.empty()))
    return malformed("The provider's event does not say whom it is about.");
  if (const auto at = textOf(fields, "at"); !at.empty()) {
    event.at = momentOf(at);
    if (!event.at) return malformed("The provider's event has a time that is none.");
  }
  if (fields.find("permissions") != fields.end()) {
    event.permissions = objectOf(fields, "permissions");
    if (!event.permissions) return malformed("The provider's event has permissions that are none.");
  }
  return event;
}

Result<void> readReply(const Fields& fields, WebhookReading& reading) {
  if (const auto status = textOf(fields, "status"); !status.empty()) {
    const auto [end, failed] = std::from_chars(status.data(), status.data() + status.size(), reading.status);
    if (failed != std::errc() || end != status.data() + status.size() || reading.status < 200 ||
        reading.status > 599) {
      return malformed("The plugin replies with a status that is none.");
    }
  }
  reading.body = textOf(fields, "body");
  if (reading.body.size() > maxReply) return malformed("The plugin replies with more than 16 KB.");
  if (reading.body.empty()) return {};
  // The body may repeat what a stranger sent; as HTML it would run in the gateway's own site.
  const bool isJson = textOf(fields, "content_type").rfind("application/json", 0) == 0;
  reading.contentType = isJson ? "application/json" : "text/plain; charset=utf-8";
  return {};
}

}  // namespace

Result<std::vector<InstallationFacts>> installationsOf(const std::vector<Emitted>& records) {
  std::vector<InstallationFacts> all;
  for (const auto& record : records) {
    if (record.record != AGW_INSTALLATION) continue;
    auto facts = factsOf(record.fields);
    if (!facts) return facts.error();
    const auto same = std::find_if(all.begin(), all.end(), [&](const auto& other) {
      return other.orgId == facts->orgId && other.installationId == facts->installationId;
    });
    if (same == all.end()) {
      all.push_back(std::move(facts).value());
      continue;
    }
    for (auto& scope : facts->scopes) {
      if (std::find(same->scopes.begin(), same->scopes.end(), scope) == same->scopes.end())
        same->scopes.push_back(std::move(scope));
    }
  }
  return all;
}

Result<WebhookReading> webhookReadingOf(const std::vector<Emitted>& records) {
  WebhookReading reading;
  bool replied = false;
  for (const auto& record : records) {
    if (record.record == AGW_EVENT) {
      auto event = eventOf(record.fields);
      if (!event) return event.error();
      reading.events.push_back(std::move(event).value());
    } else if (record.record == AGW_REPLY) {
      if (replied) return malformed("The plugin replies twice.");
      replied = true;
      if (auto read = readReply(record.fields, reading); !read) return read.error();
    }
  }
  return reading;
}

Result<DeviceGrant> deviceGrantOf(const std::vector<Emitted>& records) {
  const Fields* only = nullptr;
  for (const auto& record : records) {
    if (record.record != AGW_DEVICE_GRANT) continue;
    if (only != nullptr) return malformed("The provider sent two device authorizations.");
    only = &record.fields;
  }
  if (only == nullptr) return malformed("The provider sent no device authorization.");
  DeviceGrant grant;
  const auto code = only->find("device_code");
  if (code != only->end()) grant.deviceCode = code->second;
  grant.userCode = textOf(*only, "user_code");
  grant.verificationUri = textOf(*only, "verification_uri");
  grant.verificationUriComplete = textOf(*only, "verification_uri_complete");
  const auto life = lifeOf(textOf(*only, "expires_in"));
  const bool whole = !grant.deviceCode.empty() && grant.deviceCode.size() <= 4096 &&
                     !hasControlCharacter(grant.deviceCode.reveal()) && !grant.userCode.empty() &&
                     grant.userCode.size() <= 64 && !hasControlCharacter(grant.userCode) &&
                     isWebAddress(grant.verificationUri) && life &&
                     (grant.verificationUriComplete.empty() || isWebAddress(grant.verificationUriComplete));
  if (!whole) return malformed("The provider sent a device authorization that is none.");
  grant.expiresIn = *life;
  if (const auto interval = lifeOf(textOf(*only, "interval"))) grant.interval = *interval;
  return grant;
}

bool isWebAddress(const std::string& url) {
  const bool web = url.rfind("https://", 0) == 0 || url.rfind("http://", 0) == 0;
  return web && !hasControlCharacter(url) && url.find_first_of(" #\"<>\\") == std::string::npos &&
         url.size() <= 8192;
}

}  // namespace agw
