#include "broker/webhooks.hpp"

#include <set>
#include <utility>

#include "broker/errors.hpp"
#include "crypto/hash.hpp"

namespace agw {
namespace {

/// Providers repeat a delivery for hours, people at their request for days. What is not remembered any more
/// would take effect again, so this is far longer.
constexpr std::chrono::hours kRemembered{90 * 24};
constexpr int kBatch = 1'000;
constexpr std::chrono::seconds kUntilOperatorsAct{300};

/// What the entry's plugin made of it, in our words.
Error refusal(Error error, const std::string& displayName) {
  error.facts.clear();  // about requests to the provider
  switch (error.kind) {
    case ErrorKind::Denied:
      error.code = "invalid_signature";
      break;
    case ErrorKind::Malformed:
      error.kind = ErrorKind::InvalidRequest;
      error.code = "invalid_request";
      break;
    case ErrorKind::Unsupported:
      return {.kind = ErrorKind::NotFound,
              .message = displayName +
                         " has no events that this gateway takes. Whoever administers the app there should "
                         "remove this address.",
              .code = "not_found"};
    case ErrorKind::BadOption:
      error.kind = ErrorKind::Transient;
      error.code = "provider_not_configured";
      error.message += " An administrator of this gateway must complete the provider entry.";
      error.retryAfter = kUntilOperatorsAct;
      break;
    default:
      break;
  }
  return error;
}

/// The name under which an event is remembered. A body may hold several.
std::string nameOf(const ProviderEvent& event, const WebhookRequest& request, std::size_t index) {
  if (!event.delivery.empty()) return event.delivery;
  return "body:" + sha256Hex(request.body) + ":" + std::to_string(index);
}

const char* wordOf(const Result<WebhookAnswer>& answer) {
  if (!answer) return answer.error().kind == ErrorKind::Denied ? "refused" : "failed";
  return toString(answer->outcome);
}

}  // namespace

const char* toString(WebhookAnswer::Outcome outcome) {
  switch (outcome) {
    case WebhookAnswer::Outcome::Applied:
      return "applied";
    case WebhookAnswer::Outcome::Replayed:
      return "replayed";
    case WebhookAnswer::Outcome::Nothing:
      break;
  }
  return "nothing";
}

WebhookService::WebhookService(Parts parts) : parts_(parts) {}

Result<WebhookAnswer> WebhookService::take(const std::string& provider, const WebhookRequest& request,
                                           const std::string& requestId) {
  const auto found = parts_.providers.find(provider);
  if (!found) return found.error();
  auto answer = handle(**found, request, requestId);
  count(provider, answer);
  return answer;
}

Result<WebhookAnswer> WebhookService::handle(Provider& provider, const WebhookRequest& request,
                                             const std::string& requestId) {
  const auto& id = provider.config().id;
  auto reading = provider.readWebhook(request);
  if (!reading) {
    auto refused = refusal(std::move(reading).error(), provider.displayName());
    parts_.log.write(LogLevel::Info, "webhook_refused",
                     {{"provider", id}, {"reason", refused.message}, {"request_id", requestId}});
    return refused;
  }
  auto outcome = carryOut(id, request, reading->events, requestId);
  if (!outcome) return std::move(outcome).error();
  return WebhookAnswer{.outcome = *outcome,
                       .status = reading->status,
                       .contentType = std::move(reading->contentType),
                       .body = std::move(reading->body)};
}

Result<WebhookAnswer::Outcome> WebhookService::carryOut(const std::string& provider,
                                                        const WebhookRequest& request,
                                                        const std::vector<ProviderEvent>& events,
                                                        const std::string& requestId) {
  std::set<std::string> fresh;
  for (std::size_t index = 0; index < events.size(); ++index) {
    auto name = nameOf(events[index], request, index);
    const auto known = parts_.storage.knowsDelivery(provider, name);
    if (!known) return storageFailure(known.error());
    if (*known) continue;
    if (auto applied = parts_.events.apply(provider, events[index], requestId); !applied)
      return std::move(applied).error();
    fresh.insert(std::move(name));
  }
  // Last, and together: events of one body may share a name, and one that failed must come again.
  for (const auto& name : fresh) {
    const auto remembered = parts_.storage.rememberDelivery(provider, name, parts_.clock.now());
    if (!remembered) return storageFailure(remembered.error());
  }
  if (!fresh.empty()) return WebhookAnswer::Outcome::Applied;
  return events.empty() ? WebhookAnswer::Outcome::Nothing : WebhookAnswer::Outcome::Replayed;
}

Result<void> WebhookService::expire() {
  const auto deleted = parts_.storage.deleteDeliveries(parts_.clock.now() - kRemembered, kBatch);
  if (!deleted) return storageFailure(deleted.error());
  return {};
}

void WebhookService::count(const std::string& provider, const Result<WebhookAnswer>& answer) {
  parts_.metrics
      .counter("auth_gateway_webhooks_total", "What providers sent by themselves, by what became of it.",
               {{"provider", provider}, {"outcome", wordOf(answer)}})
      .increment();
}

}  // namespace agw
