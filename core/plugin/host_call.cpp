#include "plugin/host_call.hpp"

#include <boost/json.hpp>
#include <cmath>

#include "base/encoding.hpp"
#include "plugin/outcome.hpp"
#include "plugin/retry_after.hpp"

namespace agw {
namespace {

// A plugin that needs more is broken; one that is broken must not take the process with it.
constexpr std::size_t maxPutOctets = 2U << 20;
constexpr std::size_t maxGets = 100'000;
constexpr std::size_t maxAnswers = 16;
constexpr std::chrono::milliseconds longestOperation{10'000};  // of all its requests together
constexpr std::size_t maxDocuments = 16;
constexpr std::size_t maxRecords = 64;
constexpr std::size_t shortestSecret = 8;  // shorter values occur in ordinary words

std::string_view viewOf(const agw_text& text) {
  return text.size == 0 || text.data == nullptr ? std::string_view() : std::string_view(text.data, text.size);
}

/// Nothing may leave a callback: the plugin may be C.
template <class Body>
std::int32_t contained(Body&& body) noexcept {
  try {
    return body();
  } catch (...) {
    return AGW_BUG;
  }
}

}  // namespace

HostCall::HostCall(Setting setting, Inputs inputs, Secret carry)
    : setting_(std::move(setting)), inputs_(std::move(inputs)), carry_(std::move(carry)) {
  if (setting_.webhook != nullptr) {
    documents_.emplace_back(HttpResponse{
        .status = 200, .headers = setting_.webhook->headers, .body = Secret(setting_.webhook->body)});
  }
}

std::int32_t HostCall::run(const agw_provider& plugin, std::uint32_t operation) {
  const agw_call call{sizeof(agw_call), operation, this, &getEntry, &putEntry, &sendEntry, &emitEntry};
  // The contract forbids exceptions; should one come nevertheless, it ends here.
  const auto status = contained([&] { return plugin.call(&call); });
  return fault_ != AGW_OK && status == AGW_OK ? fault_ : status;
}

const Error* HostCall::hostFailure(std::int32_t status) const {
  return hostFailure_ && status == hostStatus_ ? &*hostFailure_ : nullptr;
}

bool HostCall::holdsSecret(std::string_view text) const {
  const auto holds = [text](const Secret& secret) {
    return secret.size() >= shortestSecret && text.find(secret.reveal()) != std::string_view::npos;
  };
  const auto& config = setting_.config;
  if (holds(config.clientSecret) || holds(config.webhookSecret) || holds(config.privateKey) || holds(carry_))
    return true;
  for (const auto* name :
       {"code", "code_verifier", "refresh_token", "access_token", "id_token", "device_code"}) {
    const auto input = inputs_.find(name);
    if (input != inputs_.end() && holds(input->second)) return true;
  }
  return false;
}

std::int32_t HostCall::getEntry(void* host, std::uint32_t slot, agw_text name, agw_text* value) {
  return contained([&] { return static_cast<HostCall*>(host)->get(slot, viewOf(name), *value); });
}
std::int32_t HostCall::putEntry(void* host, std::uint32_t slot, agw_text name, agw_text value) {
  return contained([&] { return static_cast<HostCall*>(host)->put(slot, viewOf(name), viewOf(value)); });
}
std::int32_t HostCall::sendEntry(void* host) {
  return contained([&] { return static_cast<HostCall*>(host)->send(); });
}
std::int32_t HostCall::emitEntry(void* host, std::uint32_t record) {
  return contained([&] { return static_cast<HostCall*>(host)->emit(record); });
}

// ---- get
// ----------------------------------------------------------------------------------------------------

std::int32_t HostCall::get(std::uint32_t slot, std::string_view name, agw_text& value) {
  if (++gets_ > maxGets) return fault(AGW_BUG);
  switch (slot) {
    case AGW_INPUT: {
      const auto found = inputs_.find(name);
      return found == inputs_.end() ? AGW_ABSENT : give(found->second.reveal(), value);
    }
    case AGW_CLIENT:
      return getClient(name, value);
    case AGW_OPTION:
      return getJson(atPointer(setting_.options, name), value);
    case AGW_OPTION_KEYS:
      return getKeys(name, value);
    case AGW_CARRY:
      return giveIf(carry_, value);
    case AGW_NOW:
      return keep(std::to_string(toMillis(setting_.services.now()) / 1000), value);
    case AGW_ID_TOKEN:
      return getClaim(name, value);
    case AGW_HMAC_SHA256:
      return keep(setting_.services.hmacSha256(signingKey_.reveal(), name), value);
    case AGW_SIGNED_JWT:
      return getSignedJwt(name, value);
    case AGW_PARAMETER:
    case AGW_INBOUND_HEADER:
    case AGW_INBOUND_BODY:
    case AGW_INBOUND_FORM:
    case AGW_DOCUMENT:
      return getInbound(slot, name, value);
    default:
      return getAnswer(slot, name, value);
  }
}

std::int32_t HostCall::getClient(std::string_view name, agw_text& value) const {
  if (name == "id") return give(setting_.config.clientId, value);
  if (name == "secret") return giveIf(setting_.config.clientSecret, value);
  if (name == "webhook_secret") return giveIf(setting_.config.webhookSecret, value);
  return AGW_ABSENT;
}

std::int32_t HostCall::getAnswer(std::uint32_t slot, std::string_view name, agw_text& value) {
  auto* answer = answers_.empty() ? nullptr : &answers_.back();
  switch (slot) {
    case AGW_STATUS:
      return answer == nullptr ? AGW_ABSENT : give(answer->status(), value);
    case AGW_HEADER:
      return answer == nullptr ? AGW_ABSENT : giveIf(answer->header(name), value);
    case AGW_JSON:
      return getJson(answer == nullptr ? nullptr : answer->json(name), value);
    case AGW_FORM:
      return answer == nullptr ? AGW_ABSENT : giveIf(answer->form(name), value);
    case AGW_ANSWER_TIME: {
      const auto date = answer == nullptr ? std::nullopt : answer->header("Date");
      const auto time = date ? httpDate(*date) : std::nullopt;
      return time ? keep(std::to_string(toMillis(*time) / 1000), value) : AGW_ABSENT;
    }
    default:
      return AGW_UNSUPPORTED;
  }
}

std::int32_t HostCall::getInbound(std::uint32_t slot, std::string_view name, agw_text& value) {
  if (slot == AGW_DOCUMENT)
    return getJson(documents_.empty() ? nullptr : documents_.back().json(name), value);
  if (slot == AGW_PARAMETER) {
    const auto* parameters = setting_.webhook != nullptr ? &setting_.webhook->query : setting_.parameters;
    if (parameters == nullptr) return AGW_ABSENT;
    const auto found = parameters->find(name);
    return found == parameters->end() ? AGW_ABSENT : give(std::string_view(found->second), value);
  }
  if (setting_.webhook == nullptr) return AGW_ABSENT;
  auto& request = documents_.front();
  if (slot == AGW_INBOUND_HEADER) return giveIf(request.header(name), value);
  if (slot == AGW_INBOUND_FORM) return giveIf(request.form(name), value);
  return give(std::string_view(setting_.webhook->body), value);
}

std::int32_t HostCall::getSignedJwt(std::string_view claims, agw_text& value) {
  if (setting_.config.privateKey.empty()) return AGW_BAD_OPTION;
  boost::system::error_code refused;
  const auto parsed = boost::json::parse(claims, refused);
  if (refused || !parsed.is_object()) return fault(AGW_BUG);
  auto jwt = setting_.services.signJwt(setting_.config.privateKey, parsed.get_object());
  if (!jwt) return failed(std::move(jwt).error());
  kept_.push_back(std::move(jwt).value());
  return giveIf(kept_.back(), value);
}

std::int32_t HostCall::getJson(const boost::json::value* value, agw_text& text) {
  if (value == nullptr) return AGW_ABSENT;
  if (const auto* string = value->if_string()) return give(*string, text);
  if (const auto* number = value->if_double()) {
    constexpr double exactBelow = 9007199254740992.0;  // 2^53
    if (std::abs(*number) < exactBelow && std::trunc(*number) == *number) {
      return keep(std::to_string(static_cast<std::int64_t>(*number)), text);  // 3599.0 would become 3.599E3
    }
  }
  return keep(boost::json::serialize(*value), text);
}

std::int32_t HostCall::getKeys(std::string_view pointer, agw_text& text) {
  const auto* value = atPointer(setting_.options, pointer);
  if (value == nullptr || !value->is_object()) return AGW_ABSENT;
  std::string keys;
  for (const auto& member : value->get_object()) {
    if (!keys.empty()) keys += '\n';
    keys += member.key();
  }
  return keep(std::move(keys), text);
}

std::int32_t HostCall::getClaim(std::string_view pointer, agw_text& text) {
  if (!claims_) {
    if (const auto status = verify(); status != AGW_OK) return status;
  }
  return claims_ ? getJson(atPointer(*claims_, pointer), text) : AGW_BUG;
}

std::int32_t HostCall::verify() {
  const bool event = setting_.webhook != nullptr;
  const auto input = inputs_.find("id_token");
  if (!event && input == inputs_.end()) return AGW_ABSENT;
  if (!event && !setting_.maySend) return fault(AGW_BUG);
  HostServices::IdTokenCheck check{.issuers = {},
                                   .jwksUrl = "",
                                   .audience = setting_.config.clientId,
                                   .nonce = setting_.nonce,
                                   .allowPrivate = setting_.config.allowPrivate,
                                   .securityEvent = event};
  for (const auto& [name, value] : verification_) {
    if (name == "issuer") check.issuers.emplace_back(value.reveal());
    if (name == "jwks_url") check.jwksUrl = value.reveal();
  }
  if (check.issuers.empty() || check.jwksUrl.empty()) return fault(AGW_BUG);
  const Secret token = event ? Secret(setting_.webhook->body) : input->second;
  auto claims = setting_.services.verifyIdToken(token, check);
  if (!claims) return failed(std::move(claims).error());
  claims_.emplace(std::move(claims).value());
  return AGW_OK;
}

std::int32_t HostCall::give(std::string_view text, agw_text& out) const {
  out = agw_text{text.data(), text.size()};
  return AGW_OK;
}

std::int32_t HostCall::giveIf(std::optional<std::string_view> text, agw_text& out) const {
  return text ? give(*text, out) : AGW_ABSENT;
}

std::int32_t HostCall::giveIf(const Secret& secret, agw_text& out) const {
  return secret.empty() ? AGW_ABSENT : give(secret.reveal(), out);
}

std::int32_t HostCall::keep(std::string text, agw_text& out) {
  kept_.emplace_back(std::move(text));
  return give(kept_.back().reveal(), out);
}

// ---- put, send, emit
// ----------------------------------------------------------------------------------------

std::int32_t HostCall::put(std::uint32_t slot, std::string_view name, std::string_view value) {
  if (fault_ != AGW_OK) return fault_;
  putOctets_ += name.size() + value.size();
  if (putOctets_ > maxPutOctets || !isUtf8(name) || !isUtf8(value)) return fault(AGW_MALFORMED);
  switch (slot) {
    case AGW_RESULT:
      results_.emplace(name, Secret(std::string(value)));
      return AGW_OK;
    case AGW_ERROR:
      errors_.erase(std::string(name));  // the last word counts
      errors_.emplace(name, Secret(std::string(value)));
      return AGW_OK;
    case AGW_VERIFY:
      verification_.emplace(name, Secret(std::string(value)));
      return AGW_OK;
    case AGW_SIGN:
      signingKey_ = Secret(std::string(value));
      return AGW_OK;
    case AGW_PARSE:
      if (documents_.size() >= maxDocuments) return fault(AGW_BUG);
      documents_.emplace_back(HttpResponse{.status = 200, .headers = {}, .body = Secret(std::string(value))});
      return AGW_OK;
    default:
      return putRequest(slot, name, value);
  }
}

std::int32_t HostCall::putRequest(std::uint32_t slot, std::string_view name, std::string_view value) {
  bool taken = true;
  switch (slot) {
    case AGW_METHOD:
      taken = outgoing_.method(value);
      break;
    case AGW_URL:
      taken = outgoing_.url(value);
      break;
    case AGW_REQUEST_HEADER:
      taken = outgoing_.header(name, value);
      break;
    case AGW_QUERY:
      outgoing_.query(name, value);
      break;
    case AGW_FORM_FIELD:
      outgoing_.formField(name, value);
      break;
    case AGW_BODY:
      taken = outgoing_.body(name, value);
      break;
    case AGW_BASIC:
      outgoing_.basic(name, value);
      break;
    default:
      return AGW_UNSUPPORTED;
  }
  return taken ? AGW_OK : fault(AGW_BAD_OPTION);
}

std::int32_t HostCall::send() {
  if (fault_ != AGW_OK) return fault_;
  if (!setting_.maySend || !outgoing_.hasUrl() || answers_.size() >= maxAnswers) return fault(AGW_BUG);
  auto request = outgoing_.take(setting_.config.allowPrivate);
  // Addresses stand in logs of every proxy on the way.
  if (const auto url = percentDecode(request.url, true);
      !url || holdsSecret(request.url) || holdsSecret(*url)) {
    return fault(AGW_BUG);
  }
  request.atMost = longestOperation - std::chrono::duration_cast<std::chrono::milliseconds>(
                                          std::chrono::steady_clock::now() - begun_);
  if (request.atMost <= std::chrono::milliseconds(0)) {
    return failed(
        {.kind = ErrorKind::Transient, .message = "The provider took too long over several requests."});
  }
  auto answer = setting_.services.send(request);
  if (!answer) {
    const bool refused = answer.error().kind == ErrorKind::BadOption || answer.error().code == "not_sent";
    reachedProvider_ = reachedProvider_ || !refused;
    return failed(std::move(answer).error());
  }
  reachedProvider_ = true;
  answers_.emplace_back(std::move(answer).value());
  return AGW_OK;
}

std::int32_t HostCall::emit(std::uint32_t record) {
  if (fault_ != AGW_OK) return fault_;
  if (record < AGW_TOKEN || record > AGW_DEVICE_GRANT) return AGW_UNSUPPORTED;
  if (records_.size() >= maxRecords) return fault(AGW_MALFORMED);
  records_.push_back({record, std::exchange(results_, {})});
  return AGW_OK;
}

std::int32_t HostCall::fault(std::int32_t status) {
  if (fault_ == AGW_OK) fault_ = status;
  return fault_;
}

std::int32_t HostCall::failed(Error error) {
  hostStatus_ = statusOf(error.kind);
  hostFailure_ = std::move(error);
  return hostStatus_;
}

}  // namespace agw
