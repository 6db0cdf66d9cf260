#pragma once
// Webhooks of Atlassian Cloud: who sent them. None tells that an app was removed or a consent withdrawn, so
// nothing follows from one that is genuine.
#include <auth_gateway/provider.hpp>
#include <charconv>
#include <string>
#include <string_view>

namespace jira {

using auth_gateway::Call;
using auth_gateway::Status;

/// The JWT of a webhook that an app registered: HS256 by the client's secret and nothing else. What its
/// claims are is documented nowhere; an end that it names counts.
inline bool isOurs(Call& call, std::string_view jwt) {
  constexpr std::int64_t leeway = 60;
  const auto first = jwt.find('.');
  const auto second = first == std::string_view::npos ? first : jwt.find('.', first + 1);
  if (second == std::string_view::npos || call.clientSecret().empty()) return false;
  const auto header = auth_gateway::base64UrlDecode(jwt.substr(0, first));
  const auto claims = auth_gateway::base64UrlDecode(jwt.substr(first + 1, second - first - 1));
  const auto signature = auth_gateway::base64UrlDecode(jwt.substr(second + 1));
  if (!header || !claims || !signature) return false;
  const auto expected = call.hmacSha256(call.clientSecret(), jwt.substr(0, second));
  if (!auth_gateway::equalInConstantTime(auth_gateway::hexEncode(*signature), expected)) return false;
  if (!call.parse(*header) || call.document("/alg") != "HS256" || !call.parse(*claims)) return false;
  const auto end = call.document("/exp");
  if (!end) return true;
  std::int64_t seconds = 0;
  std::from_chars(end->data(), end->data() + end->size(), seconds);
  return seconds > call.now() - leeway;
}

inline Status readDelivery(Call& call) {
  constexpr std::string_view scheme = "Bearer ";
  const auto authorization = call.inboundHeader("Authorization").value_or("");
  if (authorization.substr(0, scheme.size()) == scheme && isOurs(call, authorization.substr(scheme.size())))
    return Status::Ok;
  // A webhook that an administrator made has a secret of its own.
  const auto signature = call.inboundHeader("X-Hub-Signature").value_or("");
  if (!call.webhookSecret().empty()) {
    const auto expected = "sha256=" + std::string(call.hmacSha256(call.webhookSecret(), call.inboundBody()));
    if (auth_gateway::equalInConstantTime(signature, expected)) return Status::Ok;
  } else if (!signature.empty()) {
    return call.fail(Status::BadOption, "Set webhook_secret to the secret of the site's webhook.");
  }
  return call.fail(Status::Denied, "The signature is wrong.");
}

}  // namespace jira
